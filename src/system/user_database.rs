//! Looks up the home of this process's user in the user database, for a service or a container without `HOME`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::system::disk;

/// The file of the user database: <https://man7.org/linux/man-pages/man5/passwd.5.html>.
const PASSWD: &str = "/etc/passwd";

/// The largest user database that is read, in bytes; 10,000 users take about 1 MB.
const MAX_PASSWD_BYTES: u64 = 4 * 1024 * 1024;

/// The mapping of user ids in the namespace of this process:
/// <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>.
const UID_MAP: &str = "/proc/self/uid_map";

/// The largest mapping that is read, in bytes; the kernel permits 340 lines.
const MAX_UID_MAP_BYTES: u64 = 64 * 1024;

/// Returns the home in `/etc/passwd` of the user with the id of this process. Reading the file takes a few lines, and
/// is all that the static build could do: musl has no other source of users.
pub(super) fn home() -> Option<PathBuf> {
    let (passwd, _) = disk::read(Path::new(PASSWD), MAX_PASSWD_BYTES).ok()??;
    home_in(&passwd, rustix::process::getuid().as_raw())
}

/// True when the user id of this process stands for the same user outside its user namespace. Root of rootless podman
/// is an ordinary user, and does not live in `/root`. Without `/proc`, no such mapping is assumed.
pub(super) fn is_id_unmapped() -> bool {
    match disk::read(Path::new(UID_MAP), MAX_UID_MAP_BYTES) {
        Ok(Some((map, _))) => maps_to_itself(&map, rustix::process::getuid().as_raw()),
        Ok(None) => true,
        Err(_) => false,
    }
}

fn home_in(passwd: &[u8], uid: u32) -> Option<PathBuf> {
    let uid = uid.to_string();
    passwd.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let (id, _group, _name, home) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (id == uid.as_bytes()).then(|| PathBuf::from(OsStr::from_bytes(home)))
    })
}

/// True when a line `INSIDE OUTSIDE COUNT` maps the id to itself.
fn maps_to_itself(map: &[u8], uid: u32) -> bool {
    String::from_utf8_lossy(map).lines().any(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let (Some(Ok(inside)), Some(Ok(outside)), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        inside == outside && uid.checked_sub(inside).is_some_and(|offset| offset < count)
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

    #[test]
    fn a_mapped_user_id_is_recognized() {
        for (map, uid, want) in [
            ("         0          0 4294967295\n", 0, true),
            ("         0          0 4294967295\n", 4_294_967_294, true),
            ("0 1000 1\n", 0, false),
            ("1000 1000 1\n", 1000, true),
            ("1000 1000 1\n", 1001, false),
            ("1000 1000 1\n", 999, false),
            ("0 1000 1\n1 100000 65536\n", 5, false),
            ("", 65534, false),
            ("0 0\n", 0, false),
            ("x y z\n", 0, false),
        ] {
            assert_eq!(maps_to_itself(map.as_bytes(), uid), want, "{map:?} {uid}");
        }
    }
}
