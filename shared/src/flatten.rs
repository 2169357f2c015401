//! Flattening an SVG in a process of its own: this very program, started again, which limits itself before it reads a byte.
//!
//! A limit of time around a thread stops nothing, and an allocation that fails ends the process: only another process can be lost safely.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// The command of the executable that does it.
pub const COMMAND: &str = "flatten-svg";
/// The exit code with which it refuses, with a sentence for the person who sent the file on its standard error.
pub const REFUSED: i32 = 3;
/// By the wall; its own limit of processor time is shorter.
const WITHIN: Duration = Duration::from_secs(20);
/// Longest picture taken from it.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// Longest sentence taken from it.
const SENTENCE_MAX: usize = 400;

/// Why there is no flattened picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlattenError {
    /// The file's fault, as a sentence for who sent it.
    #[error("{0}")]
    Refused(String),
    /// The process could not be run.
    #[error("{0}")]
    Failed(String),
}

/// Starts the flattening process.
#[derive(Clone, Debug)]
pub struct Flattener {
    program: PathBuf,
}

impl Flattener {
    /// By this executable.
    #[must_use]
    pub fn new(program: &Path) -> Flattener {
        Flattener { program: program.to_owned() }
    }

    /// The SVG as a PNG.
    ///
    /// # Errors
    /// [`FlattenError`]; a file beyond the process's limits is refused.
    pub async fn flatten(&self, svg: Bytes) -> Result<Bytes, FlattenError> {
        let failed = |e: std::io::Error| FlattenError::Failed(format!("the flattening process failed: {e}"));
        let mut command = Command::new(&self.program);
        command.arg(COMMAND).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let whole = async {
            let write = async {
                if let Some(mut stdin) = stdin {
                    // A process that refuses early reads no further; its sentence says why.
                    let _ = stdin.write_all(&svg).await;
                }
            };
            let ((), picture, sentence) = tokio::join!(write, read(stdout, ANSWER_MAX), read(stderr, 16 * 1024));
            (picture, sentence, child.wait().await)
        };
        let Ok((picture, sentence, status)) = tokio::time::timeout(WITHIN, whole).await else {
            return Err(FlattenError::Refused(beyond_limits()));
        };
        let status = status.map_err(failed)?;
        match status.code() {
            Some(0) if !picture.is_empty() => Ok(picture.into()),
            Some(REFUSED) => {
                let sentence = String::from_utf8_lossy(&sentence);
                Err(FlattenError::Refused(sentence.trim().chars().take(SENTENCE_MAX).collect()))
            }
            // Out of memory, out of time, or a panic: whatever it was, the file made it so.
            _ => Err(FlattenError::Refused(beyond_limits())),
        }
    }
}

fn beyond_limits() -> String {
    "The SVG takes more memory or time than a drawing may; simplify it, or send a picture of it.".to_owned()
}

async fn read(from: Option<impl AsyncReadExt + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let _ = from.take(most).read_to_end(&mut bytes).await;
    }
    bytes
}
