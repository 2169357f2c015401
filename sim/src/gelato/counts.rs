//! The books: what really happened, counted here and never by the client under test.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::app::App;
use super::faults::Op;
use super::life;
use crate::lock;

/// Calls, which leave no trace in the orders and are forgotten at a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) quotes: u64,
    pub(crate) searches: u64,
    pub(crate) gets: u64,
    pub(crate) release_calls: u64,
    pub(crate) file_fetches: u64,
    pub(crate) replies_cut: u64,
}

impl Tally {
    pub(crate) fn call(&mut self, op: Op) {
        match op {
            Op::Quote => self.quotes += 1,
            Op::Search | Op::List => self.searches += 1,
            Op::Get => self.gets += 1,
            Op::Release => self.release_calls += 1,
            _ => {}
        }
    }
}

/// Everything the stand-in counts. Effects are read off the orders, so a restart keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Create calls that took effect; one that was split is still one.
    pub creates: u64,
    /// Drafts that exist now.
    pub drafts_live: u64,
    /// PATCH calls that arrived, refused ones included.
    pub release_calls: u64,
    /// Releases that took effect, one per group: the number to compare with "one order".
    pub releases_effective: u64,
    /// Orders released beyond the first of their group.
    pub promotions: u64,
    /// Groups of which at least one order was released.
    pub released_groups: u64,
    /// Orders that were released.
    pub released_orders: u64,
    /// Orders that were cancelled.
    pub cancels: u64,
    /// Drafts that were deleted.
    pub deletes: u64,
    /// Quote calls.
    pub quotes: u64,
    /// Search and list calls.
    pub searches: u64,
    /// Reads of one order.
    pub gets: u64,
    /// Calls of every kind, unauthorised ones included; admin routes are not counted.
    pub requests: u64,
    /// GETs of file links.
    pub file_fetches: u64,
    /// Calls that took effect, or not, and whose client saw a dead connection.
    #[serde(default)]
    pub replies_cut: u64,
    /// The effects again, by `orderReferenceId`.
    pub by_reference: BTreeMap<String, ReferenceCounts>,
}

/// What happened under one `orderReferenceId`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceCounts {
    /// Create calls that took effect.
    pub created: u64,
    /// Groups of which at least one order was released.
    pub released_groups: u64,
    /// Releases that took effect, one per group.
    pub releases_effective: u64,
    /// Parcels' orders that were handed to a carrier.
    pub shipments: u64,
    /// Orders that were delivered.
    pub delivered: u64,
}

/// Counts everything as of now.
pub(crate) fn counts(app: &App) -> Counts {
    let world = lock(&app.world);
    let tally = &world.tally;
    let mut counts = Counts {
        requests: tally.requests,
        quotes: tally.quotes,
        searches: tally.searches,
        gets: tally.gets,
        release_calls: tally.release_calls,
        file_fetches: tally.file_fetches,
        replies_cut: tally.replies_cut,
        ..Counts::default()
    };
    let (mut groups, mut released) = (BTreeSet::new(), BTreeSet::new());
    for order in &world.orders {
        let standing = app.standing(order);
        let per = counts.by_reference.entry(order.reference.clone()).or_default();
        if groups.insert(order.group) {
            counts.creates += 1;
            per.created += 1;
        }
        counts.cancels += u64::from(order.canceled_at.is_some());
        counts.deletes += u64::from(order.is_deleted());
        if order.is_draft() {
            counts.drafts_live += u64::from(!order.is_deleted());
            continue;
        }
        counts.released_orders += 1;
        if released.insert(order.group) {
            counts.released_groups += 1;
            per.released_groups += 1;
            counts.releases_effective += 1;
            per.releases_effective += 1;
        } else {
            counts.promotions += 1;
        }
        per.shipments += u64::from(life::reached(standing, "shipped"));
        per.delivered += u64::from(standing.status == "delivered");
    }
    counts
}
