//! A line on the terminal that says what the program waits for, when that takes long.

use std::io;
use std::io::{IsTerminal, Write};
use std::sync::mpsc;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::model::hint::program;
use crate::system::sanitize::clean;

/// The time after which a person wants to know that the program is at work.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints its line if it is not dropped within two seconds and standard error is a terminal.
pub struct SlowNotice(Option<(Sender<()>, JoinHandle<()>)>);

impl SlowNotice {
    pub fn start(what: impl Into<String>) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let what = what.into();
        Self::start_with(PATIENCE, move || {
            let _ = writeln!(io::stderr(), "{}: {}", program(), clean(&what));
        })
    }

    fn start_with(patience: Duration, print: impl FnOnce() + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || {
            if receiver.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                print();
            }
        });
        // Without a thread there is no notice.
        Self(thread.ok().map(|thread| (sender, thread)))
    }
}

impl Drop for SlowNotice {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_printed_only_while_the_work_goes_on() {
        let (sender, printed) = mpsc::channel();
        let print = |line: &'static str| {
            let sender = sender.clone();
            move || {
                let _ = sender.send(line);
            }
        };
        drop(SlowNotice::start_with(Duration::from_secs(3600), print("quick")));
        let slow = SlowNotice::start_with(Duration::ZERO, print("slow"));
        assert_eq!(printed.recv_timeout(Duration::from_secs(30)), Ok("slow"));
        drop(slow);
        assert!(printed.try_recv().is_err(), "nothing else");
    }
}
