//! Looking at a file in a process of its own: this very program, started again, which limits itself before it reads a byte.
//!
//! What a file makes the process do (take all its memory, all its time, its life) is an answer about the file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::ports::blobs::BlobError;

/// The command of the executable that does it; its argument is what the file is to become, as JSON.
pub const COMMAND: &str = "preflight-file";
/// By the wall; its own limit of processor time is shorter.
const WITHIN: Duration = Duration::from_secs(60);
/// Longest report taken from it.
const ANSWER_MAX: u64 = 8 * 1024 * 1024;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// The file took more than a file may: it is to be refused.
    #[error("The file takes more memory or time than a print file may; export it again, or simplify it.")]
    Beyond,
    /// The process could not be run, or the file could not be handed to it.
    #[error("{0}")]
    Failed(String),
}

/// Starts the looking process.
#[derive(Clone, Debug)]
pub struct Preflighter {
    program: PathBuf,
}

impl Preflighter {
    /// By this executable.
    #[must_use]
    pub fn new(program: &Path) -> Preflighter {
        Preflighter { program: program.to_owned() }
    }

    /// Looks at an open file; answers the report's JSON.
    ///
    /// # Errors
    /// [`PreflightError`].
    pub async fn file(&self, file: std::fs::File, request: &str) -> Result<Vec<u8>, PreflightError> {
        self.run(request, Stdio::from(file), futures::stream::empty()).await
    }

    /// Looks at a file that comes in pieces; answers the report's JSON.
    ///
    /// # Errors
    /// [`PreflightError`].
    pub async fn pieces(
        &self,
        pieces: impl Stream<Item = Result<bytes::Bytes, BlobError>> + Send,
        request: &str,
    ) -> Result<Vec<u8>, PreflightError> {
        self.run(request, Stdio::piped(), pieces).await
    }

    async fn run(
        &self,
        request: &str,
        stdin: Stdio,
        pieces: impl Stream<Item = Result<bytes::Bytes, BlobError>> + Send,
    ) -> Result<Vec<u8>, PreflightError> {
        let failed = |e: &dyn std::fmt::Display| PreflightError::Failed(format!("the preflight process failed: {e}"));
        let mut command = Command::new(&self.program);
        command.arg(COMMAND).arg(request).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|e| failed(&e))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let whole = async {
            let write = async {
                let mut pieces = std::pin::pin!(pieces);
                let Some(mut stdin) = stdin else { return Ok(()) };
                while let Some(piece) = pieces.next().await {
                    // A process that has died reads no further; how it died says why.
                    if stdin.write_all(&piece?).await.is_err() {
                        break;
                    }
                }
                Ok::<(), BlobError>(())
            };
            let read = async {
                let mut answer = Vec::new();
                if let Some(stdout) = stdout {
                    let _ = stdout.take(ANSWER_MAX).read_to_end(&mut answer).await;
                }
                answer
            };
            let (written, answer) = tokio::join!(write, read);
            (written, answer, child.wait().await)
        };
        let Ok((written, answer, status)) = tokio::time::timeout(WITHIN, whole).await else {
            return Err(PreflightError::Beyond);
        };
        written.map_err(|e| failed(&e))?;
        match status.map_err(|e| failed(&e))?.code() {
            Some(0) if !answer.is_empty() => Ok(answer),
            // It could not limit itself, or did not understand us: no fault of the file.
            Some(2) => Err(failed(&"it did not start")),
            _ => Err(PreflightError::Beyond),
        }
    }
}
