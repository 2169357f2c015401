//! The order in which processes write to one SQLite file: as they came. SQLite itself lets whoever asks at the right moment write next, and
//! one that writes without pause leaves the others almost none.
//!
//! Two locks on files beside it: who waits for the second holds the first, so that nobody passes twice while another one waits. They are
//! a courtesy, not the guard of the data: that is SQLite's own lock, which is taken after them. So nobody waits long here for a process
//! that was stopped, and a program that knows nothing of them does no harm.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::{Error, Result};

/// Nobody writes for longer in good order; whoever waited so long asks SQLite itself.
const PATIENCE: Duration = Duration::from_millis(250);

/// So long a transaction waits for others of its own process.
const ACQUIRE_MAX: Duration = Duration::from_secs(10);

/// The locks of one file.
#[derive(Clone, Debug)]
pub struct Courtesy {
    /// Among transactions of this process.
    here: Arc<Mutex<()>>,
    next: PathBuf,
    writer: PathBuf,
}

/// The turn to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _writer: Option<File>,
    _here: OwnedMutexGuard<()>,
}

impl Courtesy {
    /// Of a SQLite file.
    pub(super) fn beside(file: &Path) -> Courtesy {
        let with = |end: &str| {
            let mut name = file.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Courtesy { here: Arc::default(), next: with("-next"), writer: with("-writer") }
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// [`Error::PoolTimedOut`] when this process itself writes too long.
    pub(super) async fn wait(&self) -> Result<Turn> {
        let here = timeout(ACQUIRE_MAX, self.here.clone().lock_owned()).await;
        Ok(Turn { _here: here.map_err(|_| Error::PoolTimedOut)?, _writer: self.among_processes().await })
    }

    async fn among_processes(&self) -> Option<File> {
        if let Some(writer) = self.at_once() {
            return Some(writer);
        }
        let own = self.clone();
        let in_line = tokio::task::spawn_blocking(move || own.in_line());
        timeout(PATIENCE, in_line).await.ok()?.ok()?.ok()
    }

    fn at_once(&self) -> Option<File> {
        let _next = free(&self.next)?;
        free(&self.writer)
    }

    fn in_line(&self) -> io::Result<File> {
        let next = open(&self.next)?;
        next.lock()?;
        let writer = open(&self.writer)?;
        writer.lock()?;
        Ok(writer)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn free(path: &Path) -> Option<File> {
    open(path).ok().filter(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::until;

    #[tokio::test]
    async fn nobody_passes_twice_while_another_one_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (Courtesy::beside(&folder.path().join("db")), Courtesy::beside(&folder.path().join("db")));
        let first = ours.wait().await.unwrap();
        assert!(theirs.at_once().is_none());
        let waiting = tokio::task::spawn_blocking(move || theirs.in_line());
        // Until the other one stands in line.
        until("it waits", async || free(&ours.next).is_none()).await;
        drop(first);
        assert!(ours.at_once().is_none(), "the one who waits is next");
        drop(waiting.await.unwrap());
        assert!(ours.at_once().is_some());
    }

    #[tokio::test]
    async fn a_stopped_process_holds_nobody_up_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let stopped = Courtesy::beside(&folder.path().join("db")).wait().await.unwrap();
        let ours = Courtesy::beside(&folder.path().join("db"));
        drop(ours.wait().await.unwrap());
        drop(stopped);
        // Who could not be waited for any more holds nothing afterwards.
        until("the line is empty", async || ours.at_once().is_some()).await;
        let nowhere = Courtesy::beside(&folder.path().join("no").join("db"));
        nowhere.wait().await.unwrap();
    }
}
