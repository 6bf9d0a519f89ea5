//! Repeats requests after a pause.

use std::thread;
use std::time::{Duration, Instant};

use crate::http::{HttpError, Repeat, Response};
use crate::system::env;

/// The pause before the second try; the pause before the third is twice as long.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

const MAX_TRIES: u32 = 3;

/// The longest pause that a server can ask for, in seconds.
const MAX_WAIT: u64 = 60;

/// The pause after "too many requests" without a time, in seconds.
const DEFAULT_WAIT: u64 = 5;

/// Too many requests: <https://www.rfc-editor.org/rfc/rfc6585#section-4>.
const TOO_MANY: u16 = 429;

/// Calls `send_once` until it succeeds, or another try is not allowed, cannot help, or would
/// begin after the deadline.
pub(super) fn send(
    repeat: Repeat,
    pause: Duration,
    deadline: Option<Instant>,
    progress: &mut dyn FnMut(&str),
    send_once: impl Fn() -> Result<Response, HttpError>,
) -> Result<Response, HttpError> {
    let mut next_pause = pause;
    let has_time_for = |pause| deadline.is_none_or(|deadline| Instant::now() + pause < deadline);
    for _ in 1..MAX_TRIES {
        let outcome = send_once();
        match &outcome {
            // The server did not execute the request, so any request may be sent again.
            Ok(response) if response.status == TOO_MANY => {
                let (at, seconds) = (&response.at, retry_after(response, env::now().0));
                let pause = Duration::from_secs(seconds);
                if seconds > MAX_WAIT || !has_time_for(pause) {
                    return Err(HttpError::Busy { at: at.clone(), seconds });
                }
                progress(&format!("{at} has had too many requests; waiting {seconds} s as it asks"));
                thread::sleep(pause);
                continue;
            }
            _ if !has_time_for(next_pause) => return outcome,
            Ok(response) if repeat == Repeat::Harmless && response.status >= 500 => {
                progress(&format!("{} has a problem ({}); trying again", response.at, response.status));
            }
            Err(error @ (HttpError::Broken { .. } | HttpError::Unreachable { .. }))
                if repeat == Repeat::Harmless =>
            {
                progress(&format!("{error}; trying again"));
            }
            Ok(_) | Err(_) => return outcome,
        }
        thread::sleep(next_pause);
        next_pause *= 2;
    }
    match send_once()? {
        response if response.status == TOO_MANY => {
            Err(HttpError::Busy { seconds: retry_after(&response, env::now().0), at: response.at })
        }
        response => Ok(response),
    }
}

/// Returns the number of seconds to wait. Older documentation of Docker Hub describes a time instead, in seconds
/// since 1970: <https://docs.docker.com/reference/api/hub/latest/#section/Rate-Limiting>.
fn retry_after(response: &Response, now: i64) -> u64 {
    let number = |name| response.header(name)?.trim().parse::<i64>().ok();
    let value = number("retry-after").or_else(|| number("x-retry-after"));
    let seconds = value.map(|value| if value > now / 2 { value - now } else { value });
    seconds.map_or(DEFAULT_WAIT, |seconds| u64::try_from(seconds).unwrap_or_default())
}
