//! An order as the stand-in keeps it. Its status is never stored: `life.rs` computes it from these times.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::money::Micros;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Position in the order of creation.
    pub(crate) seq: u64,
    pub(crate) id: String,
    /// Which key's account owns it; other keys get 404.
    pub(crate) account: String,
    /// The create call it came from; all its connected orders share it.
    pub(crate) group: u64,
    /// Every id of the group, this one included; empty when the order was not split.
    pub(crate) connected: Vec<String>,
    pub(crate) reference: String,
    pub(crate) customer_reference: String,
    pub(crate) currency: String,
    pub(crate) country: String,
    pub(crate) address: Value,
    pub(crate) return_address: Value,
    pub(crate) metadata: Value,
    pub(crate) facility: String,
    pub(crate) items: Vec<Item>,
    pub(crate) method: Method,
    pub(crate) created_at: Timestamp,
    pub(crate) visible: Visible,
    pub(crate) released_at: Option<Timestamp>,
    pub(crate) canceled_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    /// The files of a released order were fetched and judged.
    pub(crate) preflighted: bool,
    pub(crate) failure: Option<Failure>,
    pub(crate) quirks: Quirks,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) reference: String,
    pub(crate) product_uid: String,
    pub(crate) quantity: i64,
    pub(crate) page_count: Option<u32>,
    pub(crate) files: Vec<FileRef>,
    pub(crate) price: Micros,
    pub(crate) grams: i64,
    pub(crate) title: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRef {
    pub(crate) kind: String,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) fetched: Vec<Fetched>,
}

/// One GET of a file link: what came back, or why nothing did.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fetched {
    pub(crate) at: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) sha256: Option<String>,
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) price: Micros,
    pub(crate) days: (i64, i64),
    pub(crate) tracked: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) comment: String,
}

/// From when search shows the order: creation may need seconds to show.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Visible {
    pub(crate) from: Timestamp,
    /// Real milliseconds of the server's clock; never survives a restart.
    #[serde(skip)]
    pub(crate) real_ms: u64,
}

/// Oddities a fault gave this order at its creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Quirks {
    #[serde(default)]
    pub(crate) hold_s: Option<u64>,
    /// Two parcels; the second leaves so much later.
    #[serde(default)]
    pub(crate) late_package_s: Option<u64>,
    #[serde(default)]
    pub(crate) stuck_at: Option<String>,
    #[serde(default)]
    pub(crate) returned: bool,
    #[serde(default)]
    pub(crate) untracked: bool,
    #[serde(default)]
    pub(crate) delay_days: Option<u32>,
}

impl Order {
    pub(crate) fn is_draft(&self) -> bool {
        self.released_at.is_none()
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub(crate) fn grams(&self) -> i64 {
        self.items.iter().map(|item| item.grams * item.quantity).sum()
    }
}
