//! What runs left behind that were killed before they could clean up.

use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::place::MARK;
use crate::stack::Folder;

/// Removes the temporary folders in `parent` that carry our mark and whose process is gone. What cannot be removed stays: it is somebody
/// else's, or the next run's to try.
pub(super) fn after_the_dead(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(process_of) else { continue };
        // A link is not a folder here: nothing is followed out of `parent`.
        let ours = entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.path().join(MARK).is_file();
        if ours && test_kill_process(pid) == Err(Errno::SRCH) {
            let emptied = Folder::open(&entry.path()).and_then(|folder| folder.afresh(MARK));
            let _ = emptied.map(|()| std::fs::remove_dir(entry.path()));
        }
    }
}

/// The process in a folder's name.
fn process_of(name: &str) -> Option<Pid> {
    let number = name.strip_prefix(MARK)?.strip_prefix('-')?;
    Pid::from_raw(number.parse().ok().filter(|number| *number > 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_folders_of_dead_processes_go() {
        let parent = tempfile::tempdir().expect("a folder");
        let mut ended = std::process::Command::new("true").spawn().expect("a process");
        let dead = ended.id();
        ended.wait().expect("it ended");
        let make = |name: String, file: &str| {
            std::fs::create_dir(parent.path().join(&name)).expect("a folder");
            std::fs::write(parent.path().join(&name).join(file), "x").expect("a file");
            name
        };
        let left = make(format!("{MARK}-{dead}"), MARK);
        std::fs::write(parent.path().join(&left).join("bench.db"), "rows").expect("a file");
        let stay = [
            make(format!("{MARK}-{}", std::process::id()), MARK),
            make(format!("{MARK}-0{dead}"), "letter"),
            make("letters".to_owned(), MARK),
        ];
        after_the_dead(parent.path());
        assert!(!parent.path().join(left).exists());
        for name in stay {
            assert!(parent.path().join(&name).exists(), "{name} is not ours to remove");
        }
    }
}
