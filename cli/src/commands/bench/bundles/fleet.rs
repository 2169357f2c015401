//! Workers, each a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use super::super::http::SECRET;
use super::super::place::Place;

/// Far above what it takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Workers that run; killed when dropped.
pub(super) struct Fleet {
    workers: Vec<Child>,
}

impl Fleet {
    /// Starts so many, for bundles alone.
    pub(super) fn start(place: &Place, blobs: &Path, n: usize) -> Result<Fleet> {
        let program = std::env::current_exe().context("this program's own file is gone")?;
        let worker = || {
            // Nothing comes from the environment: a benchmark must not meet an installation.
            let mut command = Command::new(&program);
            command.env_clear().args(["worker", "--queues", "bundles"]).env("DATABASE_URL", place.url());
            command.env("BLOB_URL", format!("file://{}", blobs.display())).env("PLATEN_SECRETS__KEY", SECRET);
            command.env("PLATEN_LOG__LEVEL", "error").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
            command.spawn().context("a worker could not be started")
        };
        Ok(Fleet { workers: std::iter::repeat_with(worker).take(n).collect::<Result<_>>()? })
    }

    /// Fails when one has ended.
    pub(super) fn alive(&mut self) -> Result<()> {
        for worker in &mut self.workers {
            if let Some(status) = worker.try_wait()? {
                bail!("a worker ended by itself ({status}); what it said stands above");
            }
        }
        Ok(())
    }

    /// What all of them have spent on the processors.
    pub(super) fn spent(&self) -> Result<Duration> {
        let pids = self.workers.iter().filter_map(Child::id);
        pids.map(|pid| super::super::figures::processor_time(&pid.to_string())).sum()
    }

    /// Asks all of them to stop, and waits for it.
    pub(super) async fn stop(mut self) -> Result<()> {
        for worker in &self.workers {
            let pid = worker.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
            }
        }
        for worker in &mut self.workers {
            tokio::time::timeout(DEADLINE, worker.wait()).await.context("a worker did not stop")??;
        }
        Ok(())
    }
}
