//! Limits that a process sets for itself before it reads a stranger's file.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Standard input, output and error: nothing else is ever opened, so there is no network and no file system.
const FILES: u64 = 3;

/// At most so many bytes of address space and seconds of processor time; no further file or socket, no file to write, no process to start.
pub(crate) fn limit_myself(memory: u64, seconds: u64) -> rustix::io::Result<()> {
    let limits = [
        (Resource::As, memory),
        (Resource::Cpu, seconds),
        (Resource::Nofile, FILES),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ];
    for (resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
