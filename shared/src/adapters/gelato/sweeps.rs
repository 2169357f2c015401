//! Looks over the whole account: drafts, and where many orders stand.

use std::collections::HashSet;

use serde_json::json;

use super::Gelato;
use crate::adapters::http::Class;
use crate::ports::PortResult;
use crate::ports::provider::{Draft, Standing};

/// References that one look-up asks for. Their documentation names no bound; a page of answers has a hundred rows.
const REFERENCES_MAX: usize = 100;
/// Pages of one look-up: split orders have several rows under one reference.
const STANDING_PAGES_MAX: usize = 10;
/// Pages of drafts: the newest two thousand.
const DRAFT_PAGES_MAX: usize = 20;

impl Gelato {
    /// Drafts that were made over the API; what people park in the dashboard is theirs.
    pub(super) async fn list_drafts(&self) -> PortResult<Vec<Draft>> {
        let asked = json!({"orderTypes": ["draft"], "channels": ["api"]});
        let (rows, whole) = self.search(Class::Bulk, &asked, DRAFT_PAGES_MAX).await?;
        if !whole {
            tracing::warn!("an account at gelato holds more drafts than are looked at in one go: look at it there");
        }
        Ok(rows.into_iter().filter_map(|row| row.draft()).collect())
    }

    pub(super) async fn look_up(&self, references: &[String]) -> PortResult<Vec<Standing>> {
        let mut found = Vec::new();
        for some in references.chunks(REFERENCES_MAX) {
            let (rows, whole) =
                self.search(Class::Bulk, &json!({"orderReferenceIds": some}), STANDING_PAGES_MAX).await?;
            if !whole {
                tracing::warn!("gelato answers more orders than {} references can have", some.len());
            }
            let wanted: HashSet<&String> = some.iter().collect();
            // A server that ignores the filter must not make a stranger's order ours.
            found.extend(rows.into_iter().map(|row| row.standing()).filter(|row| wanted.contains(&row.reference)));
        }
        Ok(found)
    }
}
