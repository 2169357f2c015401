//! A worker as a process of its own, so that it can be killed.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

/// Settings that the shell may hold and that must not reach this worker.
const FOREIGN: [&str; 5] = ["DATABASE_URL", "REDIS_URL", "BLOB_URL", "PUBLIC_URL", "PORT"];
const SIGKILL: i32 = 9;

/// Takes out of a command's environment what must not reach a process of our own.
pub(crate) fn without_foreign(command: &mut std::process::Command) {
    for (variable, _) in std::env::vars_os() {
        let ours = variable.to_str().is_some_and(|v| {
            FOREIGN.contains(&v.trim_end_matches("_FILE")) || (v.starts_with("PLATEN_") && v.contains("__"))
        });
        if ours {
            command.env_remove(variable);
        }
    }
    command.env_remove("PLATEN_CRASH_AT").env_remove("PLATEN_CRASH_ONCE");
}

/// A running worker process; killed when dropped.
pub(crate) struct WorkerProcess {
    name: &'static str,
    child: Child,
    /// Its process id.
    pub(crate) id: u32,
}

impl WorkerProcess {
    /// Starts one with a settings file; with `crash_at`, it is killed at that crash point.
    pub(crate) fn start(name: &'static str, config: &Path, crash_at: Option<&str>) -> Result<WorkerProcess> {
        let program = std::env::current_exe().context("this program's own path is unknown")?;
        let mut command = Command::new(program);
        command.arg("worker").arg("--config").arg(config);
        without_foreign(command.as_std_mut());
        if let Some(point) = crash_at {
            command.env("PLATEN_CRASH_AT", point);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the worker could not be started")?;
        let id = child.id().unwrap_or_default();
        Ok(WorkerProcess { name, child, id })
    }

    /// Waits until it was killed; any other end is a failure.
    pub(crate) async fn killed(mut self) -> Result<()> {
        let status = self.child.wait().await.context("the worker cannot be waited for")?;
        if status.signal() != Some(SIGKILL) {
            bail!("the {} worker should have been killed and ended otherwise ({status})", self.name);
        }
        Ok(())
    }

    /// Asks it to stop and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(pid) =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .context("the worker could not be asked to stop")?;
        }
        let status = self.child.wait().await.context("the worker cannot be waited for")?;
        if !status.success() {
            bail!("the {} worker did not stop in good order ({status})", self.name);
        }
        Ok(())
    }
}
