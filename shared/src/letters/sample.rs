//! Made-up facts, with everything that a letter may name: what own words are tried on.

use serde_json::{Value, json};

/// What the letter of a name may be told: every turn that its words can take.
#[must_use]
pub fn sample(name: &str) -> Vec<Value> {
    let turns: &[(&str, &str)] = match name {
        "shipping_update" => {
            &[("status", "shipped"), ("status", "in_transit"), ("status", "delivered"), ("status", "returned")]
        }
        "order_status_changed" | "creator_order_status_changed" => {
            &[("to", "shipped"), ("to", "delivered"), ("to", "cancelled"), ("to", "failed")]
        }
        _ => &[("to", "on_hold")],
    };
    let with = |(field, word): &(&str, &str)| {
        let mut facts = facts();
        facts[*field] = (*word).into();
        facts
    };
    turns.iter().map(with).collect()
}

fn facts() -> Value {
    let order = "ord_01jd0000000000000000000000";
    json!({
        "shop": { "name": "Atelier Lune", "support": "help@atelier.example" },
        "recipient": { "name": "Zoë" },
        "order": {
            "number": "P-7Q2M", "total": "42.10 EUR",
            "items": [{ "title": "Mug <3", "quantity": 2 }, { "title": "Poster", "quantity": 1 }]
        },
        "orderId": order, "orderNumber": "P-7Q2M", "from": "in_production", "to": "on_hold", "status": "shipped",
        "why": "the printer has trouble with it: a file cannot be printed",
        "parcels": [
            { "carrier": "UPS", "trackingCode": "1Z5R89390357567127", "trackingUrl": "https://www.ups.com/track?tracknum=1Z5R89390357567127" },
            { "carrier": null, "trackingCode": "42", "trackingUrl": "" }
        ],
        "days": 6, "threshold": 5, "newEstimate": "2026-12-08", "count": 1,
        "orders": [{ "orderId": order, "orderNumber": "P-7Q2M", "days": 6 }],
        "specHash": "ab12", "profile": "preview", "provider": "the printer", "said": "no answer in 10 s",
        "since": "2026-11-29T03:00:00Z", "until": "2026-11-29T04:00:00Z",
        "endpointId": "whe_01jd0000000000000000000000", "host": "shop.example"
    })
}
