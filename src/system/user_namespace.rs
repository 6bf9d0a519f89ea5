//! The mapping of user ids in the namespace of this process:
//! <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>.

use std::fs::File;
use std::io;
use std::io::Read;

const UID_MAP: &str = "/proc/self/uid_map";

/// The largest mapping that is read, in bytes; the kernel permits 340 lines.
const MAX_UID_MAP_BYTES: u64 = 64 * 1024;

/// The number of user ids; the last number is not an id.
const ALL_IDS: u64 = 0xffff_ffff;

/// True when the user id of this process stands for the same user outside its user namespace. Root of rootless podman
/// is an ordinary user, and does not live in `/root`. Without `/proc`, no such mapping is assumed.
pub(super) fn is_id_unmapped() -> bool {
    match read() {
        Ok(map) => maps_to_itself(&map, rustix::process::getuid().as_raw()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// True when some users outside have no id in the user namespace of this process. The kernel shows their files as
/// those of one common id. Without `/proc`, no such mapping is assumed.
pub(super) fn has_unmapped_ids() -> bool {
    read().is_ok_and(|map| mapped_ids(&map) < ALL_IDS)
}

fn read() -> io::Result<String> {
    let mut map = Vec::new();
    File::open(UID_MAP)?.take(MAX_UID_MAP_BYTES).read_to_end(&mut map)?;
    Ok(String::from_utf8_lossy(&map).into_owned())
}

/// True when a line maps the id to itself.
fn maps_to_itself(map: &str, uid: u32) -> bool {
    ranges(map).any(|[inside, outside, count]| {
        inside == outside && uid.checked_sub(inside).is_some_and(|offset| offset < count)
    })
}

fn mapped_ids(map: &str) -> u64 {
    ranges(map).map(|[_, _, count]| u64::from(count)).sum()
}

/// Reads the lines `INSIDE OUTSIDE COUNT`.
fn ranges(map: &str) -> impl Iterator<Item = [u32; 3]> {
    map.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        match (numbers.next()?, numbers.next()?, numbers.next()?) {
            (Ok(inside), Ok(outside), Ok(count)) => Some([inside, outside, count]),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(maps_to_itself(map, uid), want, "{map:?} {uid}");
        }
    }

    #[test]
    fn the_mapped_ids_are_counted() {
        for (map, want) in [
            ("         0          0 4294967295\n", ALL_IDS),
            ("0 0 1000\n1000 1000 4294966295\n", ALL_IDS),
            ("0 1000 1\n1 100000 65536\n", 65537),
            ("0 1000 1\n", 1),
            ("", 0),
        ] {
            assert_eq!(mapped_ids(map), want, "{map:?}");
        }
    }
}
