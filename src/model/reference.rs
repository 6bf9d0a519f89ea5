//! The tag and the digest at the end of an image's name.

/// The longest tag, in bytes: <https://github.com/distribution/reference/blob/main/reference.go>
const MAX_TAG_BYTES: usize = 128;

/// The fewest hexadecimal digits of a digest.
const MIN_DIGEST_DIGITS: usize = 32;

/// Removes the tag and the digest, if there are any. Returns `None` for a text that ends in a malformed one.
pub fn without_tag_and_digest(text: &str) -> Option<&str> {
    without_tag(without_digest(text)?)
}

fn without_digest(text: &str) -> Option<&str> {
    let Some((name, digest)) = text.split_once('@') else { return Some(text) };
    let (algorithm, hash) = digest.split_once(':')?;
    let is_algorithm = algorithm.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && algorithm.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte));
    let is_hash = hash.len() >= MIN_DIGEST_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_algorithm && is_hash).then_some(name)
}

fn without_tag(text: &str) -> Option<&str> {
    let last_part = text.rfind('/').map_or(0, |slash| slash + 1);
    let Some(colon) = text[last_part..].find(':') else { return Some(text) };
    let (name, tag) = text.split_at(last_part + colon);
    let tag = &tag[1..];
    let is_tag = !tag.is_empty()
        && tag.len() <= MAX_TAG_BYTES
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    is_tag.then_some(name)
}
