//! Receipts: what an order really cost. A purchase at release, a refund after a cancel.
//!
//! The sums hold: total = products + shipping + packaging, totalInclVat = total + totalVat,
//! totalInitial - discount = total. Product lines are the quoted prices, rounded to what can be charged.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::app::App;
use super::catalog::vat_bp;
use super::life::Standing;
use super::order::Order;
use super::render::{shipment_id, time};
use crate::dice;
use crate::money::Micros;

struct Line {
    reference: String,
    kind: &'static str,
    title: String,
    base: Micros,
    price: Micros,
    vat: Micros,
}

/// The order's receipts at this standing. A failed order was not charged.
pub(crate) fn receipts(app: &App, order: &Order, standing: Standing) -> Vec<Value> {
    let Some(released) = order.released_at.filter(|_| standing.status != "failed") else {
        return Vec::new();
    };
    let mut receipts = vec![receipt(app, order, "purchase", released)];
    if let Some(canceled) = order.canceled_at {
        receipts.push(receipt(app, order, "refund", canceled));
    }
    receipts
}

/// What the purchase receipt charges in all; nothing while the order is a draft.
pub(crate) fn total_incl_vat(order: &Order) -> Option<Micros> {
    order.released_at?;
    Some(lines(order, String::new()).iter().map(|line| line.price + line.vat).sum())
}

fn lines(order: &Order, shipment: String) -> Vec<Line> {
    let vat = |price: Micros| price.scale(vat_bp(&order.country), 10_000).chargeable(&order.currency);
    let line = |reference: &str, kind, title: &str, base: Micros| {
        let price = base.chargeable(&order.currency);
        Line { reference: reference.to_owned(), kind, title: title.to_owned(), base, price, vat: vat(price) }
    };
    let mut lines: Vec<Line> =
        order.items.iter().map(|item| line(&item.id, "product", &item.title, item.price)).collect();
    lines.push(line(&shipment, "shipment", &order.method.name, order.method.price));
    lines
}

fn receipt(app: &App, order: &Order, kind: &str, at: Timestamp) -> Value {
    let id = dice::id(app.config.seed, &format!("receipt/{kind}/{}", order.id));
    let lines = lines(order, shipment_id(app, order));
    let mut body = json!({
        "id": id, "orderId": order.id, "transactionType": kind, "currency": order.currency,
        "createdAt": time(at), "updatedAt": time(at),
    });
    let items: Vec<Value> = lines.iter().map(|l| line(order, &id, l, at)).collect();
    body["items"] = Value::from(items);
    if let Some(fields) = body.as_object_mut() {
        sums(fields, &lines);
    }
    body
}

fn line(order: &Order, receipt: &str, line: &Line, at: Timestamp) -> Value {
    json!({
        "id": dice::id(order.seq, &format!("{receipt}/{}", line.reference)),
        "receiptId": receipt, "referenceId": line.reference, "type": line.kind, "title": line.title,
        "currency": order.currency, "priceBase": line.base.text(), "amount": line.price.text(),
        "priceInitial": line.price.number(), "discount": 0, "price": line.price.number(),
        "vat": line.vat.number(), "priceInclVat": (line.price + line.vat).number(),
        "createdAt": time(at), "updatedAt": time(at),
    })
}

fn sums(fields: &mut Map<String, Value>, lines: &[Line]) {
    let of = |kind: &str| {
        let of_kind = || lines.iter().filter(|line| kind.is_empty() || line.kind == kind);
        (of_kind().map(|line| line.price).sum::<Micros>(), of_kind().map(|line| line.vat).sum::<Micros>())
    };
    let mut put = |name: String, value: Value| fields.insert(name, value);
    for (name, kind) in [("products", "product"), ("shipping", "shipment"), ("packaging", "packaging")] {
        let (price, vat) = of(kind);
        put(format!("{name}PriceInitial"), price.number());
        put(format!("{name}PriceDiscount"), Value::from(0));
        put(format!("{name}Price"), price.number());
        put(format!("{name}PriceVat"), vat.number());
        put(format!("{name}PriceInclVat"), (price + vat).number());
    }
    let (total, vat) = of("");
    for name in ["discount", "discountVat", "discountInclVat"] {
        put(name.to_owned(), Value::from(0));
    }
    put("totalInitial".to_owned(), total.number());
    put("total".to_owned(), total.number());
    put("totalVat".to_owned(), vat.number());
    put("totalInclVat".to_owned(), (total + vat).text());
}
