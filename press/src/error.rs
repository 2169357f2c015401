//! Why the press stopped.

use crate::Problem;

/// Why nothing was printed. No variant repeats a customer's text or bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PressError {
    /// The spec asks for something that cannot be printed.
    #[error("the design cannot be printed: {}", list(.0))]
    Invalid(Vec<Problem>),
    /// The spec names an asset that was not handed over.
    #[error("the asset `{0}` is missing")]
    MissingAsset(String),
    /// Bytes that are no picture, or one the limits refuse.
    #[error("the picture cannot be used: {reason}")]
    BadImage {
        /// A sentence for the person who uploaded it.
        reason: String,
    },
    /// A bundle's manifest that no press wrote.
    #[error("the manifest cannot be used: {reason}")]
    BadManifest {
        /// A sentence for the person who checks the bundle.
        reason: String,
    },
    /// A size, count or name the caller chose is outside the limits.
    #[error("{0}")]
    OutOfLimits(String),
    /// A writer failed on input that passed every check: a defect of the press.
    #[error("the press failed: {0}")]
    Defect(&'static str),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
