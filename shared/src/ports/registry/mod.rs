//! Who holds the royalties of a collection: a list that somebody wrote, a file, a chain. Asked when the list is taken over, never at a
//! sale: a sale freezes the newest list that was taken over.

mod lists;

use async_trait::async_trait;

use super::PortResult;
use crate::domain::terms::Holding;

pub use lists::{CsvFile, StaticList};

/// What weights are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Basis points: together exactly 10,000.
    Bps,
    /// Balances of a token: together more than nothing.
    Tokens,
}

impl Unit {
    /// The word in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Unit::Bps => "bps",
            Unit::Tokens => "tokens",
        }
    }
}

/// Holders with their weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// What weights are counted in.
    pub unit: Unit,
    /// `static`, `csv`, or the name of a plug-in.
    pub source: &'static str,
    /// Each party once.
    pub holders: Vec<Holding>,
}

/// A registry of holders.
#[async_trait]
pub trait HolderRegistry: Send + Sync {
    /// The holders now. A list that cannot be right is [`PortError::Invalid`](super::PortError::Invalid) with a sentence.
    async fn holdings(&self) -> PortResult<Holdings>;
}
