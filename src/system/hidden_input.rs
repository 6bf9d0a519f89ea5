//! A terminal that does not show what is typed, and shows it again before a signal ends or stops the program.
//!
//! While a question waits, all signals are blocked, and a thread takes them one by one: it makes the terminal show what
//! is typed and lets the signal do its work. No handler runs, so no code has to be safe inside of one. `SIGKILL` and
//! `SIGSTOP` cannot be blocked.

use std::fs::File;
use std::sync::{Mutex, OnceLock};
use std::{io, thread};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use rustix::termios;
use rustix::termios::{LocalModes, OptionalActions, Termios};

/// A terminal in use, and its settings.
struct Terminal {
    file: File,
    before: Termios,
    hidden: Termios,
}

/// The terminal that does not show what is typed, for the thread that takes the signals.
static TERMINAL: Mutex<Option<Terminal>> = Mutex::new(None);

/// Keeps a terminal from showing typed characters until the value is dropped. Ctrl-C arrives as a key.
pub(super) struct HiddenInput {
    /// The signals that this thread had blocked before.
    mask: SigSet,
}

impl HiddenInput {
    pub(super) fn start(file: &File) -> io::Result<Self> {
        static WATCHER: OnceLock<io::Result<()>> = OnceLock::new();
        // Dropped by an error, this restores the mask.
        let hidden_input = Self { mask: blocked().thread_swap_mask(SigmaskHow::SIG_BLOCK)? };
        // The thread begins with the mask of this one.
        let watcher = WATCHER.get_or_init(|| thread::Builder::new().spawn(watch).map(drop));
        watcher.as_ref().map_err(|error| io::Error::from(error.kind()))?;
        let before = termios::tcgetattr(file)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        let terminal = Terminal { file: file.try_clone()?, before, hidden };
        if let Ok(mut slot) = TERMINAL.lock() {
            termios::tcsetattr(&terminal.file, OptionalActions::Flush, &terminal.hidden)?;
            *slot = Some(terminal);
        }
        Ok(hidden_input)
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        if let Ok(mut slot) = TERMINAL.lock()
            && let Some(terminal) = slot.take()
        {
            let _ = termios::tcsetattr(&terminal.file, OptionalActions::Flush, &terminal.before);
        }
        // A signal that has arrived in the meantime does its work here.
        let _ = self.mask.thread_set_mask();
    }
}

/// Blocks all signals in a thread that does something else, so that none ends the program before the terminal shows
/// again what is typed.
pub(super) fn leave_signals_to_others() {
    let _ = blocked().thread_block();
}

/// Returns all signals except those that stop a program in the background that uses the terminal. Blocked, they would
/// let it hide what is typed into the program in the foreground.
fn blocked() -> SigSet {
    let mut signals = SigSet::all();
    signals.remove(Signal::SIGTTIN);
    signals.remove(Signal::SIGTTOU);
    signals
}

/// Takes each signal, shows what is typed, and lets the signal act.
fn watch() {
    // Real-time signals have no name here; they act after the question.
    let all = blocked();
    let signals: SigSet = Signal::iterator().filter(|signal| all.contains(*signal)).collect();
    while let Ok(signal) = signals.wait() {
        let Ok(slot) = TERMINAL.lock() else { return };
        if let Some(terminal) = &*slot {
            let _ = termios::tcsetattr(&terminal.file, OptionalActions::Flush, &terminal.before);
        }
        act(signal);
        // The signal was ignored, or the program was stopped and continues.
        if let Some(terminal) = &*slot {
            let _ = termios::tcsetattr(&terminal.file, OptionalActions::Now, &terminal.hidden);
        }
    }
}

/// Lets a signal do what it does by default: to end the program, to stop it, or nothing.
fn act(signal: Signal) {
    let mut one = SigSet::empty();
    one.add(signal);
    let _ = one.thread_unblock();
    let _ = raise(signal);
    // The handler with which Rust reports a stack overflow only restores the default.
    if matches!(signal, Signal::SIGSEGV | Signal::SIGBUS) {
        let _ = raise(signal);
    }
    let _ = one.thread_block();
}
