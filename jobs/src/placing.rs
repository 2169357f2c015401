//! What follows once a printer holds an order: its parts are stored whatever they are, compared with what was sent, and followed. Shared
//! by the submission and by the look-up that ends an unknown outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::Money;
use platen_shared::domain::order::{OrderState, fulfilment};
use platen_shared::id::{ItemId, OrderId};
use platen_shared::ports::provider::Part;
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::orders::Order;
use platen_shared::store::{fulfilment as parcels, hooks, order_details, orders};
use serde::{Deserialize, Serialize};

use crate::follow;
use crate::job::Recording;
use crate::poll_tracking::PollTracking;
use crate::registry::enqueue;
use crate::workflow::into_db;

/// More polls than any order ever needs.
const POLLS_MAX: u32 = 1_000_000;

/// What the printer accepted: every part of the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// One per facility.
    pub parts: Vec<Part>,
    /// What it had quoted for them, unless an earlier attempt's draft was found without its quote.
    #[serde(default)]
    pub quoted: Option<Money>,
}

/// Whether an answer is about this order; one that names no order is believed.
pub(crate) fn is_of(part: &Part, order: OrderId) -> bool {
    part.reference.is_empty() || part.reference == order.to_string()
}

/// Tells an operator of an answer about somebody else's order, of which nothing else follows.
pub(crate) async fn foreign(tx: &mut Tx, done: &Recording, order: OrderId, part: &Part) -> db::Result<()> {
    tracing::warn!(%order, "the printer answered with somebody else's order");
    let detail = "The printer answered a question about this order with another order's data. Nothing of it was taken over; look at the \
                  order at the printer, and tell the printer if it comes again.";
    let about = (part.id.as_str(), Some(order));
    operator_items::open(tx, done.business_now, done.tenant, Kind::Foreign, about, detail).await.map(drop)
}

/// Stores what was placed, moves the order, and leaves a poll behind. Items that differ from what was sent stop the order for a person;
/// its parts are followed all the same.
pub(crate) async fn record(
    tx: &mut Tx,
    done: &Recording,
    provider: &str,
    order: OrderId,
    placed: &Placed,
) -> db::Result<()> {
    let (at, tenant, source) = (done.business_now, done.tenant, done.job.to_string());
    let Some(row) = orders::lock(tx, tenant, order).await? else { return Ok(()) };
    let mut stages = Vec::new();
    for part in &placed.parts {
        if is_of(part, order) {
            stages.push(parcels::merge(tx, at, tenant, provider, order, part).await?.0);
        } else {
            foreign(tx, done, order, part).await?;
        }
    }
    if let Some(quoted) = placed.quoted {
        orders::note_quote(tx, tenant, order, quoted.minor).await?;
    }
    let moved =
        orders::advance(tx, at, tenant, order, OrderState::InProduction, &source, "the printer accepted it").await?;
    if moved == orders::Moved::Yes {
        orders::announce(tx, at, &row, "placed", &source, "the printer accepted it").await?;
    }
    for kind in [Kind::NotPlaced, Kind::OutcomeUnknown, Kind::HalfReleased] {
        operator_items::settle(tx, at, tenant, kind, &order.to_string()).await?;
    }
    if let Some(to) = fulfilment(&stages) {
        orders::fulfil(tx, at, &row, to, &source).await?;
    }
    let items = orders::items(tx, tenant, order).await?;
    let differences =
        differences(items.iter().map(|i| (i.id, i.provider_uid.as_str(), i.quantity)), order, &placed.parts);
    if !differences.is_empty() {
        let why = format!("the printer holds other items than were sent: {}", differences.join("; "));
        let detail = format!("{why}. Compare the order there; cancel or order what is missing, then close this.");
        let about = (order.to_string(), Some(order));
        operator_items::open(tx, at, tenant, Kind::ItemsDiffer, (&about.0, about.1), &detail).await?;
        orders::advance(tx, at, tenant, order, OrderState::OnHold, &source, &why).await?;
    }
    follow_up(tx, done, provider, &row).await
}

/// Leaves the first poll of an order behind, which is the first whoever places it.
pub(crate) async fn follow_up(tx: &mut Tx, done: &Recording, provider: &str, order: &Order) -> db::Result<()> {
    // Each submission has a chain of polls of its own.
    let submissions = order_details::get(tx, done.tenant, order.id).await?.round;
    let round = u32::try_from(submissions).unwrap_or_default().saturating_mul(POLLS_MAX) + 1;
    let poll = PollTracking { order: order.id, round, provider: provider.to_owned() };
    // An event may have overtaken this commit: then there is something to read already.
    let heard = hooks::heard_since(tx, done.tenant, order.id, order.created_at).await?;
    let wait = if heard { Duration::ZERO } else { follow::FIRST_LOOK };
    enqueue(tx, &done.follow_after(wait), &poll).await.map(drop).map_err(into_db)
}

/// What the printer holds otherwise than it was sent (item, product, pieces), as sentences for an operator.
fn differences<'a>(sent: impl Iterator<Item = (ItemId, &'a str, i64)>, order: OrderId, parts: &[Part]) -> Vec<String> {
    let mut held: BTreeMap<&str, (i64, Vec<&str>)> = BTreeMap::new();
    for item in parts.iter().filter(|part| is_of(part, order)).flat_map(|part| &part.items) {
        let entry = held.entry(item.reference.as_str()).or_default();
        entry.0 += i64::from(item.quantity);
        entry.1.push(&item.uid);
    }
    let mut said = Vec::new();
    for (n, (id, uid, quantity)) in sent.enumerate() {
        let (made, uids) = held.remove(id.to_string().as_str()).unwrap_or_default();
        if made != quantity {
            said.push(format!("item {} was sent with quantity {quantity} and is there with {made}", n + 1));
        }
        if uids.iter().any(|other| !other.is_empty() && *other != uid) {
            said.push(format!("item {} is there as another product", n + 1));
        }
    }
    if !held.is_empty() {
        said.push(format!("{} more that were not sent", held.len()));
    }
    said
}

#[cfg(test)]
mod tests {
    use platen_shared::ports::provider::PartItem;
    use serde_json::Value;

    use super::*;

    fn part(reference: &str, items: &[(&str, &str, u32)]) -> Part {
        let items = items.iter().map(|(reference, uid, quantity)| PartItem {
            reference: (*reference).to_owned(),
            uid: (*uid).to_owned(),
            quantity: *quantity,
        });
        Part {
            id: "p".into(),
            reference: reference.into(),
            status: "created".into(),
            stage: None,
            released: true,
            connected: vec!["p".into()],
            items: items.collect(),
            shipment: None,
            cost: None,
            as_of: None,
            refusal: None,
            raw: Value::Null,
        }
    }

    #[test]
    fn fewer_more_and_other_items_are_all_seen() {
        let (order, mug, tee) = (OrderId::new(), ItemId::new(), ItemId::new());
        let (mine, m, t) = (order.to_string(), mug.to_string(), tee.to_string());
        let said = |parts: &[Part]| differences([(mug, "MUG", 2), (tee, "TEE", 1)].into_iter(), order, parts);
        let none: Vec<String> = Vec::new();
        assert_eq!(said(&[part(&mine, &[(&m, "MUG", 2), (&t, "TEE", 1)])]), none);
        let split = [part(&mine, &[(&m, "MUG", 1)]), part(&mine, &[(&m, "MUG", 1), (&t, "TEE", 1)])];
        assert_eq!(said(&split), none, "a line that is made in two places");
        assert_eq!(said(&[part(&mine, &[(&m, "MUG", 2)])]), ["item 2 was sent with quantity 1 and is there with 0"]);
        let more = said(&[part(&mine, &[(&m, "MUG", 3), (&t, "TEE", 1), ("x", "TEE", 1)])]);
        assert_eq!(more, ["item 1 was sent with quantity 2 and is there with 3", "1 more that were not sent"]);
        let other = said(&[part(&mine, &[(&m, "BOWL", 2), (&t, "TEE", 1)])]);
        assert_eq!(other, ["item 1 is there as another product"]);
        let strangers = part("ord_of_somebody_else", &[(&m, "MUG", 2), (&t, "TEE", 1)]);
        assert_eq!(said(&[strangers]).len(), 2, "what is somebody else's does not count");
    }
}
