//! The folder of a run, which goes away however the run ends, and takes every process inside it along.
//!
//! A guard process waits on a pipe whose other end only we hold. When we finish, are interrupted or are killed outright, the kernel closes
//! the pipe, and the guard ends the processes and removes the folder. Should the guard have been killed too, the next run finds the mark
//! and cleans up.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rand::TryRngCore;

/// What folders of ours hold, and no other.
const MARK: &str = ".platen-chaos";
/// How those begin that nobody named.
const PREFIX: &str = "platen-chaos-";
/// Where processes leave their ids.
const PIDS: &str = "pids";
/// Where a scene's Postgres keeps its data.
pub(super) const POSTGRES: &str = "postgres";

// A process id on disk may belong to somebody else by now, so the command line must name its folder or its port: the sign in the second
// line. Postgres has shared memory to give back: it is asked to quit, and killed after ten seconds. Who was just being started has no id on
// disk yet, but names the folder; and who is being killed may still write into it, so all of it is repeated until the folder is gone.
const GUARD: &str = r#"
trap '' HUP INT TERM
[ "$2" = now ] || read -r _
is() { case "$(ps -o args= -p "$1" 2>/dev/null)" in *"$2"*) return 0;; esac; return 1; }
for try in $(seq 50); do
    for file in "$1"/*/pids/*; do
        [ -e "$file" ] || continue
        pid=$(sed -n 1p "$file"); sign=$(sed -n 2p "$file")
        [ -n "$pid" ] && [ -n "$sign" ] && is "$pid" "$sign" && kill -KILL "-$pid" 2>/dev/null
    done
    for data in "$1"/*/postgres/data; do
        pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
        [ -n "$pid" ] && is "$pid" "$data" || continue
        kill -QUIT "$pid" 2>/dev/null
        for _ in $(seq 100); do [ -e "$data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        [ -e "$data/postmaster.pid" ] && kill -KILL "$pid" 2>/dev/null
    done
    for pid in $(ps -eo pid=,args= | awk -v path="$1/" 'index($0, path) && !index($0, "awk -v path=") { print $1 }'); do
        [ "$pid" = $$ ] || [ "$pid" = $PPID ] || kill -KILL "$pid" 2>/dev/null
    done
    [ -e "$1/keep" ] && exit
    rm -rf -- "$1" 2>/dev/null
    [ -e "$1" ] || exit
    sleep 0.2
done
"#;

/// A run's folder.
pub(super) struct Home {
    path: PathBuf,
    guard: Child,
    /// Locked for as long as we live, so that nobody takes the folder for a left one.
    _mark: File,
}

impl Home {
    /// Makes it (in the machine's folder for such things, unless one is named) with its guard; with `keep`, it stays when all is over.
    pub(super) fn open(named: Option<&Path>, keep: bool) -> Result<Home> {
        let path = match named {
            Some(path) => {
                fs::create_dir_all(path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
                path.to_owned()
            }
            None => {
                clean_left_ones(&std::env::temp_dir());
                fresh(&std::env::temp_dir())?
            }
        };
        let path = path.canonicalize().with_context(|| format!("the folder {} cannot be used", path.display()))?;
        if path.to_str().is_none_or(|text| text.contains(['?', '#', '%', ' '])) {
            bail!("the path of the folder {} must be UTF-8 and without ?, #, % and spaces", path.display());
        }
        let mark = take(&path)?;
        if keep {
            fs::write(path.join("keep"), "")?;
        }
        // Postgres may run as another user, who must be able to walk through, not to look around.
        fs::set_permissions(&path, Permissions::from_mode(0o711))?;
        let mut guard = guard(&path, "later");
        let guard = guard.stdin(Stdio::piped()).spawn().context("`sh` could not be started to guard the folder")?;
        Ok(Home { path, guard, _mark: mark })
    }

    /// A folder inside for one scene, with room for its processes' ids and what they say.
    pub(super) fn scene(&self, name: &str) -> Result<Room> {
        let room = Room(self.path.join(name));
        for folder in [room.0.clone(), room.path(PIDS), room.path("log")] {
            fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(room)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Waiting shows the caller a machine that is clean; a failure leaves the guard to finish by itself.
        let _ = self.guard.wait();
    }
}

/// The folder of one scene.
#[derive(Clone, Debug)]
pub(super) struct Room(PathBuf);

impl Room {
    /// A path inside.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A command that the guard can end: its id is on disk before its program starts, with a `sign` that its command line will hold. It
    /// leads a process group of its own, and what it says goes to `log/NAME`.
    pub(super) fn command(&self, name: &str, sign: &str, program: &Path) -> Result<tokio::process::Command> {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", r#"printf '%s\n%s\n' $$ "$1" >"$0" && shift && exec "$@""#]);
        command.arg(self.path(PIDS).join(name)).arg(sign).arg(program);
        let log = self.path("log").join(name);
        let log = File::options().create(true).append(true).open(&log);
        let log = log.with_context(|| format!("the log of {name} cannot be written"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0).kill_on_drop(true);
        Ok(command)
    }
}

/// Locks the folder's mark, and empties the folder if an earlier run left it.
fn take(path: &Path) -> Result<File> {
    let (mark, old) = (path.join(MARK), path.join(MARK).is_file());
    if !old && fs::read_dir(path)?.next().is_some() {
        bail!("the folder {} holds other things: name an empty one with --data", path.display());
    }
    let mut file = File::options().create(true).write(true).truncate(false).open(&mark)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("another run of chaos uses the folder {}", path.display()),
        Err(TryLockError::Error(error)) => return Err(error).context("the folder's mark cannot be locked"),
    }
    if old {
        clean(path).with_context(|| format!("what an earlier run left in {} cannot be removed", path.display()))?;
        fs::create_dir_all(path)?;
        file = File::options().create(true).write(true).truncate(false).open(&mark)?;
        file.lock()?;
    }
    writeln!(file, "A run of platen chaos, process {}", std::process::id())?;
    Ok(file)
}

/// Ends what still runs in a left folder, and removes it.
fn clean(path: &Path) -> Result<()> {
    let _ = fs::remove_file(path.join("keep"));
    guard(path, "now").stdin(Stdio::null()).status().map(drop).context("`sh` could not be started to clean up")
}

/// Removes the folders of runs that were killed together with their guards.
fn clean_left_ones(root: &Path) {
    for path in fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let kept = path.join("keep").exists();
        // What its owner has not written yet is not left, but new.
        let mark = fs::metadata(path.join(MARK)).is_ok_and(|meta| meta.len() > 0);
        if ours && mark && !kept && File::open(path.join(MARK)).is_ok_and(|file| file.try_lock().is_ok()) {
            // A failure is the next run's to mend.
            let _ = clean(&path);
        }
    }
}

fn guard(path: &Path, when: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "guard"]).arg(path).arg(when).current_dir("/");
    // Not our process group: a Ctrl-C at the terminal must not reach it.
    command.stdout(Stdio::null()).process_group(0);
    command
}

fn fresh(root: &Path) -> Result<PathBuf> {
    let number = rand::rngs::OsRng.try_next_u64().context("the machine has no randomness to give")?;
    let path = root.join(format!("{PREFIX}{number:016x}"));
    fs::create_dir(&path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
    Ok(path)
}
