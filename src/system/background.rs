//! Runs a closure on its own thread and waits for it until a deadline.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

#[cfg(unix)]
use crate::system::hidden_input;

/// The first pause between two checks; each pause is twice as long as the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A closure that runs on its own thread. After a timeout the thread keeps running until the closure returns
/// or the process exits.
pub struct BackgroundTask<T> {
    outcome: Arc<Mutex<Option<T>>>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> BackgroundTask<T> {
    pub fn start(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let outcome = Arc::new(Mutex::new(None));
        let (slot, waiter) = (Arc::clone(&outcome), thread::current());
        let thread = thread::Builder::new().spawn(move || {
            #[cfg(unix)]
            hidden_input::leave_signals_to_others();
            let outcome = work();
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(outcome);
            }
            waiter.unpark();
        })?;
        Ok(Self { outcome, thread })
    }

    /// Returns the result once the thread has finished; `None` after the deadline.
    pub fn wait(self, deadline: Instant) -> Option<T> {
        let outcome = wait(deadline, || self.outcome.lock().ok()?.take())?;
        // A thread that has finished no longer holds secrets on its stack.
        let _ = self.thread.join();
        Some(outcome)
    }
}

/// Polls until there is a value or the deadline has passed. A task that finishes wakes the thread that started it,
/// before the pause is over.
pub fn wait<T>(deadline: Instant, mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(value) = poll() {
            return Some(value);
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return None;
        }
        thread::park_timeout(pause.min(remaining));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_waited_for_until_its_deadline_and_no_longer() {
        let now = Instant::now();
        let work = BackgroundTask::start(|| 7).expect("a thread");
        assert_eq!(work.wait(now + Duration::from_secs(60)), Some(7));
        let work = BackgroundTask::start(|| thread::sleep(Duration::from_secs(60))).expect("a thread");
        assert_eq!(work.wait(now), None);
        assert!(now.elapsed() < Duration::from_secs(30), "the deadline counts");
    }
}
