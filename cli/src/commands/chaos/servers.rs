//! The private servers of a scene, which chaos starts because it must be able to kill them. It touches no other.

pub(super) mod postgres;
pub(super) mod redis;

use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// A server that does not answer after so long does not run.
const START_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a server that is starting.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A port that was free a moment ago.
pub(super) fn free_port(host: IpAddr) -> Result<u16> {
    let listener = TcpListener::bind((host, 0)).with_context(|| format!("no port of {host} is free"))?;
    Ok(listener.local_addr().context("the port has no address")?.port())
}

/// The first of these folders that holds a program.
fn found(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().find(|folder| folder.join(name).is_file())
}

/// The folders of PATH.
fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
