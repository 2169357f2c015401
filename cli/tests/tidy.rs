//! The house rules that a compiler does not check, as tests that read the repository's files.
//!
//! A rule that fails names file and line, and says what to do instead. A new arrow between crates is a decision, not a
//! commit: it belongs in `docs/decisions/` before it belongs here.

#[path = "tidy/alerts.rs"]
mod alerts;
#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/codes.rs"]
mod codes;
#[path = "tidy/containers.rs"]
mod containers;
#[path = "tidy/repo.rs"]
mod repo;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/words.rs"]
mod words;
