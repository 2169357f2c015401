//! A temporary folder that goes away however this process ends, and takes the servers inside it along.
//!
//! A guard process waits on a pipe whose other end only we hold. When we finish, panic, are interrupted or are killed
//! outright, the kernel closes the pipe, and the guard stops the servers and removes the folder. No signal handling of
//! ours is involved, so nothing can skip it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Where the server inside the folder keeps its data; the guard finds its process id there.
pub(crate) const POSTGRES_DATA: &str = "postgres/data";

/// Where guarded programs leave their process ids.
const PIDS: &str = "pids";

// `read` returns when the pipe closes. Guarded programs hold nothing that outlives the run: they are killed. Postgres has
// shared memory to give back: it is asked to quit and removes its pid file (its process may stay as a zombie until its
// parent looks); ten seconds is ample for an immediate shutdown, after that it is killed.
const GUARD: &str = r#"
trap '' HUP INT TERM
read -r _
for file in "$1"/pids/*; do
    [ -e "$file" ] && kill -KILL "-$(cat "$file")" 2>/dev/null
done
pid=$(head -n 1 "$2/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    for _ in $(seq 100); do [ -e "$2/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    [ -e "$2/postmaster.pid" ] && kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
"#;

/// The folder of one run.
pub(crate) struct Folder {
    path: PathBuf,
    guard: Child,
}

impl Folder {
    /// Creates the folder and its guard.
    pub(crate) fn create() -> Result<Folder> {
        let made = tempfile::Builder::new()
            .prefix("platen-xtask-")
            .tempdir()
            .context("no temporary folder could be created")?;
        // The server may run as another user, who must be able to walk through, not to look around.
        fs::set_permissions(made.path(), Permissions::from_mode(0o711))?;
        fs::create_dir(made.path().join(PIDS))?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(made.path())
            .arg(made.path().join(POSTGRES_DATA))
            .current_dir("/")
            .stdin(Stdio::piped())
            // Not our process group: a Ctrl-C at the terminal must not reach it.
            .process_group(0)
            .spawn()
            .context("`sh` could not be started to guard the temporary folder")?;
        Ok(Folder { path: made.keep(), guard })
    }

    /// The same command so that the guard ends it: its process id is on disk before its program starts. It must lead a
    /// process group of its own, which ends with it.
    pub(crate) fn guarded(&self, name: &str, command: &Command) -> Command {
        let mut guarded = Command::new("sh");
        guarded.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(self.path.join(PIDS).join(name));
        guarded.arg(command.get_program()).args(command.get_args());
        guarded
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Waiting shows the caller a machine that is clean; a failure leaves the guard to finish by itself.
        let _ = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn what_is_guarded_ends_with_the_folder() {
        let folder = Folder::create().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo up; exec cat"]);
        let mut guarded = folder.guarded("cat", &command);
        let mut child = guarded.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        let path = folder.path().to_owned();
        drop(folder);
        // Its input stays open, so that nothing but the guard ends it.
        let input = child.stdin.take();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        drop(input);
        assert!(!path.exists());
    }
}
