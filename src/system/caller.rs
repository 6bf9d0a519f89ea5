//! The identity of the process that calls the program.

/// A process that calls the program. Its start distinguishes it from later processes with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub process: u32,
    /// The time from the start of the system to that of the process, in clock ticks.
    pub start: u64,
}
