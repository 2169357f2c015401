//! An order and an item as rows: where a test begins, to be changed with `..`.

use std::collections::BTreeMap;

use crate::db::{At, Json};
use crate::domain::terms::{OrderTerms, RevenueTerms};
use crate::id::{ItemId, OrderId, SnapshotId, TenantId};
use crate::store::orders::{self, Item, Order};

/// 2025-06-15T15:06:40Z.
pub const NOW: At = At(1_750_000_000_000_000);

/// An order of one [`item`], 29.00 EUR with shipping and tax, taken in at [`NOW`] and not paid; its name is its number and external id.
///
/// # Panics
/// Never: EUR is a currency.
#[must_use]
pub fn order(tenant: TenantId, name: &str) -> Order {
    let item = item();
    Order {
        id: OrderId::new(),
        tenant,
        number: name.to_owned(),
        channel: "api".into(),
        external_id: name.to_owned(),
        state: "received".into(),
        payment_state: "unpaid".into(),
        fulfilment_state: "unfulfilled".into(),
        review_state: "none".into(),
        state_why: String::new(),
        revision: orders::revision([(item.spec_hash.as_str(), item.quantity)]),
        currency: "EUR".parse().expect("EUR is a currency"),
        items_minor: item.line_minor,
        shipping_minor: 500,
        packaging_minor: 0,
        tax_minor: 400,
        total_minor: item.line_minor + 500 + 400,
        terms: Json(OrderTerms { platform_fee_bps: 2000, ..OrderTerms::default() }),
        country: "FR".into(),
        recipient: "sealed".into(),
        test: false,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// One mug by ada at 20.00, with a print file for its left side.
#[must_use]
pub fn item() -> Item {
    Item {
        id: ItemId::new(),
        position: 0,
        product_id: "mug".into(),
        product_version: 1,
        snapshot: SnapshotId::new(),
        spec_hash: "ab".into(),
        title: "Mug".into(),
        provider: "gelato".into(),
        provider_uid: "mug_x".into(),
        placements: Json(BTreeMap::from([("left".to_owned(), "default".to_owned())])),
        quantity: 1,
        unit_minor: 2000,
        line_minor: 2000,
        revenue: Json(RevenueTerms { creator: "ada".into(), ..RevenueTerms::default() }),
    }
}
