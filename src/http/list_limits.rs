//! The limits of a list that a server sends page by page.

use std::time::{Duration, Instant};

use crate::http::{HttpError, Response};

/// The time limit for all pages together.
const PATIENCE: Duration = Duration::from_secs(60);

/// The maximum number of entries on all pages.
const MAX_ENTRIES: usize = 10_000;

/// The largest size of all pages together, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The rest of the limits while the pages of a list are read.
pub struct ListLimits {
    deadline: Instant,
    entries: usize,
    bytes: usize,
}

impl ListLimits {
    pub fn start() -> Self {
        Self { deadline: Instant::now() + PATIENCE, entries: MAX_ENTRIES, bytes: MAX_BYTES }
    }

    /// Returns the time by which each request for a page has to be answered.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Counts a page with this number of entries.
    ///
    /// # Errors
    /// The list is longer than a limit.
    pub fn count(&mut self, page: &Response, entries: usize) -> Result<(), HttpError> {
        let endless = |limit| HttpError::Endless { at: page.at.clone(), limit };
        if Instant::now() >= self.deadline {
            return Err(endless("60 s"));
        }
        self.entries = self.entries.checked_sub(entries).ok_or_else(|| endless("10,000 entries"))?;
        self.bytes = self.bytes.checked_sub(page.body.len()).ok_or_else(|| endless("8 MiB"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderMap;
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_list_ends_at_each_limit() {
        let page = |bytes| Response {
            at: "HOST".to_owned(),
            status: 200,
            headers: HeaderMap::new(),
            body: Zeroizing::new(vec![b' '; bytes]),
        };
        let past = Instant::now();
        for (deadline, entries, bytes, pages, want) in [
            (None, 100, 1024, 100, None),
            (None, 100, 1024, 101, Some("the list of HOST does not end within 10,000 entries")),
            (None, 1, 1024 * 1024, 8, None),
            (None, 1, 1024 * 1024, 9, Some("the list of HOST does not end within 8 MiB")),
            (Some(past), 1, 1, 1, Some("the list of HOST does not end within 60 s")),
        ] {
            let mut limits = ListLimits::start();
            limits.deadline = deadline.unwrap_or(limits.deadline);
            let outcome = (0..pages).try_for_each(|_| limits.count(&page(bytes), entries));
            assert_eq!(outcome.err().map(|error| error.to_string()).as_deref(), want);
        }
    }
}
