//! Quote, find, stage, cancel, discard: what the answers mean for us.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::{Gelato, wire};
use crate::domain::order::Stage;
use crate::ports::provider::{Cancelled, Found, OrderRequest, Part, Quote, Staged};
use crate::ports::{PortError, PortResult};

/// Orders read at the same time.
const READS_AT_ONCE: usize = 4;
/// Orders that one reference may lead to, connected ones included.
const ORDERS_MAX: usize = 200;

impl Gelato {
    pub(super) async fn quote_order(&self, order: &OrderRequest) -> PortResult<Vec<Quote>> {
        wire::check(order).map_err(PortError::Invalid)?;
        wire::quotes(self.ask_quote(order).await?, order).map_err(PortError::Invalid)
    }

    pub(super) async fn stage_order(&self, order: &OrderRequest, method: &str) -> PortResult<Staged> {
        wire::check(order).map_err(PortError::Invalid)?;
        // An alias or nothing lets Gelato choose, and what it chooses can be a fallback that never ships.
        if method.split(',').any(|uid| uid.trim().is_empty() || wire::is_made_up(uid.trim())) {
            return Err(PortError::Invalid("a concrete shipment method of a quote is needed".into()));
        }
        let draft = self.ask_create(order, method).await?;
        if !is_of(&draft, &order.reference) {
            return Err(PortError::Ambiguous("gelato answered create with somebody else's order".into()));
        }
        let ids =
            std::iter::once(&draft.id).chain(draft.connected.iter().filter(|id| **id != draft.id)).cloned().collect();
        let staged = Staged { ids };
        if wire::has_made_up_method(&draft) {
            // Best effort: a draft costs nothing, and the sweeper takes what is left.
            let _ = self.discard_order(&staged).await;
            return Err(PortError::Invalid("gelato found no carrier for this shipment method and address".into()));
        }
        Ok(staged)
    }

    /// See the module's words on half-promoted groups. Groups that lost a part as drafts (deleted, failed) are not answered: to
    /// adopt one would print a part of the order only.
    pub(super) async fn find_order(&self, reference: &str) -> PortResult<Found> {
        let rows = self.ask_search(reference).await?;
        let live: BTreeSet<String> = rows.iter().filter(|row| !row.is_dead()).map(|row| row.id.0.clone()).collect();
        let mut known: BTreeMap<String, Option<Part>> = BTreeMap::new();
        let mut wanted: Vec<String> = live.into_iter().collect();
        let mut strangers: BTreeSet<String> = BTreeSet::new();
        // Search may lag behind and show one part of a split order before the other: read what the parts name as well.
        while !wanted.is_empty() {
            if known.len() + wanted.len() > ORDERS_MAX {
                return Err(PortError::Conflict(format!(
                    "gelato holds more than {ORDERS_MAX} orders under one reference"
                )));
            }
            for (id, part) in self.read_some(&wanted).await? {
                if part.as_ref().is_some_and(|part| !is_of(part, reference)) {
                    strangers.insert(id);
                } else {
                    known.insert(id, part);
                }
            }
            // Whatever names it: somebody else's order is no part of ours.
            known.values_mut().flatten().for_each(|part| part.connected.retain(|id| !strangers.contains(id)));
            let named = known.values().flatten().flat_map(|part| &part.connected);
            wanted =
                named.filter(|id| !known.contains_key(*id)).cloned().collect::<BTreeSet<_>>().into_iter().collect();
        }
        Ok(sort_out(known))
    }

    /// Reads these orders; `None` for one that is not there (any more).
    pub(super) async fn read_some(&self, ids: &[String]) -> PortResult<Vec<(String, Option<Part>)>> {
        let mut parts = Vec::with_capacity(ids.len());
        for some in ids.chunks(READS_AT_ONCE) {
            let reads = some.iter().map(|id| async move {
                match self.read(id).await {
                    Ok(part) => Ok((id.clone(), Some(part))),
                    Err(PortError::NotFound(_)) => Ok((id.clone(), None)),
                    Err(error) => Err(error),
                }
            });
            parts.extend(try_join_all(reads).await?);
        }
        Ok(parts)
    }

    pub(super) async fn cancel_order(&self, id: &str) -> PortResult<Cancelled> {
        let error = match self.ask_cancel(id).await {
            Ok(()) => return Ok(Cancelled::Done),
            Err(error @ (PortError::Conflict(_) | PortError::Invalid(_) | PortError::Ambiguous(_))) => error,
            Err(error) => return Err(error),
        };
        // What it is now tells a repeat from a refusal, and a lost answer from a lost request.
        let part = match self.read(id).await {
            Ok(part) => part,
            Err(_) => return Err(error),
        };
        match (part.stage, error) {
            (Some(Stage::Canceled | Stage::Failed), _) => Ok(Cancelled::Done),
            (_, PortError::Conflict(_)) if part.released => Ok(Cancelled::TooLate),
            (_, PortError::Invalid(text) | PortError::Conflict(text)) => Err(PortError::Conflict(text)),
            (_, error) => Err(error),
        }
    }

    /// Deletes all parts or none: to delete the rest of a half-promoted group would make the order incomplete for good.
    pub(super) async fn discard_order(&self, staged: &Staged) -> PortResult<()> {
        if staged.ids.len() > 1 {
            let parts = self.read_some(&staged.ids).await?;
            if parts.iter().any(|(_, part)| part.as_ref().is_some_and(|part| part.released)) {
                return Err(PortError::Conflict("a part of this draft is in production; it is not discarded".into()));
            }
        }
        for id in &staged.ids {
            match self.ask_delete(id).await {
                Ok(()) | Err(PortError::NotFound(_)) => {}
                Err(error @ PortError::Ambiguous(_)) => match self.read(id).await {
                    Err(PortError::NotFound(_)) => {}
                    _ => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether an answer is about the order of this reference; one that names none is believed.
pub(super) fn is_of(part: &Part, reference: &str) -> bool {
    part.reference.is_empty() || part.reference == reference
}

fn is_dead(part: &Part) -> bool {
    matches!(part.stage, Some(Stage::Canceled | Stage::Failed))
}

/// From all orders that were read under one reference to what they mean. `None` = named by a part, but not there.
fn sort_out(mut known: BTreeMap<String, Option<Part>>) -> Found {
    let (mut drafts, mut half, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    // Never from one that is not there: it does not tell whose part it was.
    while let Some(start) = known.iter().find(|(_, part)| part.is_some()).map(|(id, _)| id.clone()) {
        let (group, lost) = take_group(&mut known, start);
        let live = || group.iter().filter(|part| !is_dead(part));
        let (released, parked) = (live().any(|part| part.released), live().any(|part| !part.released));
        let complete = !lost && group.iter().all(|part| !is_dead(part));
        match (released, parked) {
            (true, false) => whole.push(group),
            (true, true) => half.push(group),
            (false, true) if complete => drafts.push(group),
            (false, _) => {}
        }
    }
    for groups in [&mut whole, &mut half, &mut drafts] {
        groups.sort_by_key(|group| group.iter().map(wire::born).min());
    }
    if !whole.is_empty() {
        return Found::Released(whole.swap_remove(0));
    }
    let parked = half.into_iter().chain(drafts).map(|group| staged(&group)).collect::<Vec<_>>();
    if parked.is_empty() { Found::Nothing } else { Found::Drafts(parked) }
}

/// Takes out the order `start` and all that are connected with it, in either direction; `true` = one of them is not there.
fn take_group(known: &mut BTreeMap<String, Option<Part>>, start: String) -> (Vec<Part>, bool) {
    let (mut group, mut lost) = (Vec::<Part>::new(), false);
    let mut next = vec![start];
    while let Some(id) = next.pop() {
        match known.remove(&id) {
            Some(Some(part)) => {
                next.extend(part.connected.iter().cloned());
                next.extend(known.iter().filter(|(_, other)| names(other, &id)).map(|(other, _)| other.clone()));
                group.push(part);
            }
            Some(None) => lost = true,
            None => {}
        }
    }
    group.sort_by_key(|part| part.connected.iter().position(|id| *id == part.id));
    (group, lost)
}

fn names(part: &Option<Part>, id: &str) -> bool {
    part.as_ref().is_some_and(|part| part.connected.iter().any(|other| other == id))
}

/// The parts that `release` is to go through. Dead ones of a half-promoted group are over; they cannot be promoted.
fn staged(group: &[Part]) -> Staged {
    Staged { ids: group.iter().filter(|part| !is_dead(part)).map(|part| part.id.clone()).collect() }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
