//! Work beside whatever else is done, which is waited for no longer than there is time.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

/// How often it is looked at first whether something has come, and how often later.
const FIRST_LOOK: Duration = Duration::from_micros(100);
const LATER_LOOK: Duration = Duration::from_millis(20);

/// Work in a thread of its own. When it is given up the thread goes on, and ends with the work or the process.
pub struct BackgroundTask<T> {
    outcome: Arc<Mutex<Option<T>>>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> BackgroundTask<T> {
    /// Starts some work.
    pub fn start(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let outcome = Arc::new(Mutex::new(None));
        let (filled, waiting) = (Arc::clone(&outcome), thread::current());
        let thread = thread::Builder::new().spawn(move || {
            let outcome = work();
            if let Ok(mut filled) = filled.lock() {
                *filled = Some(outcome);
            }
            waiting.unpark();
        })?;
        Ok(Self { outcome, thread })
    }

    /// Returns what came of it, and has its thread end; `None` when it is not done in time.
    pub fn wait(self, end: Instant) -> Option<T> {
        let outcome = wait(end, || self.outcome.lock().ok()?.take())?;
        // Its stack is gone then, or free for others.
        let _ = self.thread.join();
        Some(outcome)
    }
}

/// Waits until there is something, in steps that grow; work beside that is done ends a step.
pub fn wait<T>(end: Instant, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let mut step = FIRST_LOOK;
    loop {
        if let Some(something) = ready() {
            return Some(something);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(step.min(left));
        step = (step * 2).min(LATER_LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_as_long_as_there_is_time() {
        let now = Instant::now();
        let work = BackgroundTask::start(|| 7).expect("a thread");
        assert_eq!(work.wait(now + Duration::from_secs(60)), Some(7));
        let work = BackgroundTask::start(|| thread::sleep(Duration::from_secs(60))).expect("a thread");
        assert_eq!(work.wait(now), None);
        assert!(now.elapsed() < Duration::from_secs(30), "nobody waited for it");
    }
}
