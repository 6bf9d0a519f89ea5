//! The program `docker-credential-pat`. Everything but its startup is in the library.

#[cfg(not(target_env = "musl"))]
use std::alloc::System as Allocator;
use std::process::ExitCode;

#[cfg(target_env = "musl")]
use dlmalloc::GlobalDlmalloc as Allocator;
use docker_credential_pat::cli;
use docker_credential_pat::system::scrub;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all freed memory: a second layer behind the types that wipe themselves.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Allocator> = ZeroAlloc(Allocator);

fn main() -> ExitCode {
    harden();
    let code = cli::run(std::env::args_os());
    scrub::scrub();
    // The program never calls `process::exit`, which would leave stack and heap unwiped.
    code
}

/// Keeps memory out of core dumps and away from other processes of the user.
fn harden() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::DumpableBehavior;
        // A process may always set these limits for itself, and the program also works without them.
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(Resource::Core, none);
    }
}
