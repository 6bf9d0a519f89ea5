//! What is asked again, and how long is waited before it.

use std::thread;
use std::time::Duration;

use crate::http::{HttpError, Repeat, Response};
use crate::system::env;

/// How long is waited before the second try, and twice as long before the third.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// How often a request is sent at most.
const MAX_TRIES: u32 = 3;

/// The longest that a server is waited for because it asks so, in seconds.
const MAX_WAIT: u64 = 60;

/// How long is waited where it does not say, in seconds.
const USUAL_WAIT: u64 = 5;

/// Too many requests: <https://www.rfc-editor.org/rfc/rfc6585#section-4>.
const TOO_MANY: u16 = 429;

/// Sends until there is an answer, or no use in going on.
pub(super) fn send(
    repeat: Repeat,
    pause: Duration,
    progress: &mut dyn FnMut(&str),
    once: impl Fn() -> Result<Response, HttpError>,
) -> Result<Response, HttpError> {
    let mut next = pause;
    for _ in 1..MAX_TRIES {
        let outcome = once();
        match &outcome {
            // It was not done, so it may be sent again whatever it is.
            Ok(answer) if answer.status == TOO_MANY => {
                let seconds = wait_of(answer, env::now().0);
                if seconds > MAX_WAIT {
                    return Err(HttpError::Busy { at: answer.at.clone(), seconds });
                }
                progress(&format!("{} has had too many requests; waiting {seconds} s as it asks", answer.at));
                thread::sleep(Duration::from_secs(seconds));
                continue;
            }
            Ok(answer) if repeat == Repeat::Harmless && answer.status >= 500 => {
                progress(&format!("{} has a problem ({}); trying again", answer.at, answer.status));
            }
            Err(error @ (HttpError::Broken { .. } | HttpError::Unreachable { .. }))
                if repeat == Repeat::Harmless =>
            {
                progress(&format!("{error}; trying again"));
            }
            Ok(_) | Err(_) => return outcome,
        }
        thread::sleep(next);
        next *= 2;
    }
    match once()? {
        answer if answer.status == TOO_MANY => {
            Err(HttpError::Busy { seconds: wait_of(&answer, env::now().0), at: answer.at })
        }
        answer => Ok(answer),
    }
}

/// Returns for how many seconds a server wants to be left alone. Docker Hub's older text has the moment
/// instead, in seconds since 1970: <https://docs.docker.com/reference/api/hub/latest/#section/Rate-Limiting>.
fn wait_of(answer: &Response, now: i64) -> u64 {
    let number = |name| answer.header(name)?.trim().parse::<i64>().ok();
    let told = number("retry-after").or_else(|| number("x-retry-after"));
    let seconds = told.map(|told| if told > now / 2 { told - now } else { told });
    seconds.map_or(USUAL_WAIT, |seconds| u64::try_from(seconds).unwrap_or_default())
}
