//! Looks up the home of this process's user in the user database, for a service or a container without `HOME`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::system::disk;

/// The file of the user database: <https://man7.org/linux/man-pages/man5/passwd.5.html>.
const PASSWD: &str = "/etc/passwd";

/// The largest user database that is read, in bytes; 10,000 users take about 1 MB.
const MAX_PASSWD_BYTES: u64 = 4 * 1024 * 1024;

/// Returns the home in `/etc/passwd` of the user with the id of this process. Reading the file takes a few lines, and
/// is all that the static build could do: musl has no other source of users.
pub(super) fn home() -> Option<PathBuf> {
    let (passwd, _) = disk::read(Path::new(PASSWD), MAX_PASSWD_BYTES).ok()??;
    home_in(&passwd, rustix::process::getuid().as_raw())
}

fn home_in(passwd: &[u8], uid: u32) -> Option<PathBuf> {
    let uid = uid.to_string();
    passwd.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let (id, _group, _name, home) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (id == uid.as_bytes()).then(|| PathBuf::from(OsStr::from_bytes(home)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_a_user_id_is_found() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\n\n# x\nbroken:x:7\nme:x:1000:1000:Me,,,:/home/m\xc3\xa9:/bin/sh\n\
            nobody:x:65534:65534::/nonexistent:\ntwin:x:1000:1:::\nlast:x:5:5::/srv";
        for (uid, want) in [
            (0, Some("/root")),
            (1000, Some("/home/mé")),
            (65534, Some("/nonexistent")),
            (5, Some("/srv")),
            (7, None),
            (1, None),
            (100, None),
        ] {
            assert_eq!(home_in(passwd, uid), want.map(PathBuf::from), "{uid}");
        }
        assert_eq!(home_in(b"", 0), None);
    }
}
