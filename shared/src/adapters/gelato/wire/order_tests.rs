//! Documented bodies and their oddities.

use serde_json::json;

use super::super::{SearchAnswer, born, has_made_up_method};
use super::*;
use crate::domain::order::Stage;

fn read(body: &Value) -> Part {
    let text = body.to_string();
    serde_json::from_str::<Order>(&text).expect("an order").part(serde_json::from_str(&text).expect("JSON"))
}

fn shipped() -> Value {
    json!({
        "id": "7a0f5e0c", "orderType": "order", "orderReferenceId": "ord-7Q2M", "customerReferenceId": "cus-118",
        "fulfillmentStatus": "shipped", "financialStatus": "paid", "currency": "EUR", "channel": "api", "storeId": null,
        "createdAt": "2026-02-03T09:00:00+00:00", "updatedAt": "2026-02-05T16:20:00+00:00",
        "items": [{
            "id": "2f4d0f0e", "itemReferenceId": "i-1", "productUid": "shirt_gpr_4-4", "quantity": 2, "fulfillmentStatus": "shipped",
            "processedFileUrl": null, "previews": [], "eventLog": [{"anything": true}],
        }],
        "shipment": {
            "id": "c3b8a3b4", "shipmentMethodUid": "dhl_parcel", "shipmentMethodName": "DHL Parcel", "packageCount": 1,
            "minDeliveryDate": "2026-02-06", "maxDeliveryDate": "2026-02-10", "totalWeight": 410,
            "packages": [{"id": "pk-1", "orderItemIds": ["2f4d0f0e"], "trackingCode": "0034", "trackingUrl": "https://carrier.example/t/0034"}],
        },
        "billingEntity": {"id": 4711},
        "receipts": [{
            "id": "r-1", "transactionType": "purchase", "currency": "EUR", "productsPrice": 18.4, "total": 23, "totalVat": 4.37, "totalInclVat": 27.37,
        }],
        "connectedOrderIds": [], "refusalReason": null, "refusalReasonCode": null,
    })
}

#[test]
fn a_shipped_order_reads_as_documented() {
    let part = read(&shipped());
    assert_eq!((part.id.as_str(), part.reference.as_str(), part.status.as_str()), ("7a0f5e0c", "ord-7Q2M", "shipped"));
    assert_eq!((part.stage, part.released, part.refusal.as_deref()), (Some(Stage::Shipped), true, None));
    assert_eq!(part.connected, ["7a0f5e0c"], "an order that was not split is its own group");
    assert_eq!(part.items, [PartItem { reference: "i-1".into(), uid: "shirt_gpr_4-4".into(), quantity: 2 }]);
    let shipment = part.shipment.as_ref().expect("a shipment");
    assert_eq!((shipment.method.as_str(), shipment.max_delivery.as_deref()), ("DHL Parcel", Some("2026-02-10")));
    assert_eq!(shipment.parcels, [Parcel { code: "0034".into(), url: "https://carrier.example/t/0034".into() }]);
    assert_eq!(part.cost.map(|cost| cost.to_string()), Some("27.37 EUR".into()));
    assert_eq!(part.raw["billingEntity"]["id"], 4711, "the body is kept as it came");
    assert_eq!(born(&part), 1_770_109_200);
}

#[test]
fn nulls_numbers_and_texts_are_read_alike() {
    let part = read(&json!({
        "id": 991, "orderType": null, "orderReferenceId": 12, "fulfillmentStatus": "created", "items": null, "shipment": null,
        "receipts": null, "connectedOrderIds": null, "refusalReason": null,
    }));
    assert_eq!((part.id.as_str(), part.reference.as_str(), part.released), ("991", "12", true));
    assert_eq!((part.items.len(), part.shipment, part.cost), (0, None, None));
    for name in ["packageCount", "packagesCount"] {
        let part = read(
            &json!({"id": "a", "fulfillmentStatus": "draft", "shipment": {name: 2, "packages": null, "shipmentMethodName": null}}),
        );
        assert_eq!((part.released, part.shipment.map(|shipment| shipment.parcels.len())), (false, Some(0)));
    }
}

#[test]
fn an_unknown_status_keeps_its_word_and_means_nothing() {
    let mut body = shipped();
    body["fulfillmentStatus"] = json!("teleporting");
    let part = read(&body);
    assert_eq!((part.status.as_str(), part.stage, part.released), ("teleporting", None, true));
}

#[test]
fn every_documented_status_has_a_stage() {
    for word in [
        "draft",
        "created",
        "uploading",
        "pending_approval",
        "pending_personalization",
        "not_connected",
        "on_hold",
        "digitizing",
        "passed",
        "in_production",
        "printed",
        "shipped",
        "in_transit",
        "delivered",
        "returned",
        "canceled",
        "failed",
    ] {
        assert!(stage(word).is_some(), "{word}");
    }
}

#[test]
fn parts_know_their_group_and_name_themselves() {
    let mut body = shipped();
    body["connectedOrderIds"] = json!(["other", "7a0f5e0c", "other", null]);
    assert_eq!(read(&body).connected, ["other", "7a0f5e0c"]);
    body["connectedOrderIds"] = json!(["other"]);
    assert_eq!(read(&body).connected, ["7a0f5e0c", "other"]);
}

#[test]
fn two_parcels_stay_two_and_a_repeated_code_is_one() {
    let mut body = shipped();
    body["shipment"]["packages"] = json!([{"trackingCode": "A"}, {"trackingCode": "B", "trackingUrl": null}, {"trackingCode": "A"}, {"trackingCode": null}]);
    let parcels = read(&body).shipment.expect("a shipment").parcels;
    assert_eq!(parcels.iter().map(|parcel| parcel.code.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn cost_is_purchases_less_refunds_rounded_once() {
    let cost = |receipts: Value| {
        let mut body = shipped();
        body["receipts"] = receipts;
        read(&body).cost.map(|cost| cost.minor)
    };
    let row = |kind: &str, total: Value| json!({"transactionType": kind, "currency": "EUR", "totalInclVat": total});
    assert_eq!(cost(json!([])), None);
    assert_eq!(cost(json!([row("purchase", json!("27.370000")), row("refund", json!(7.37))])), Some(2000));
    assert_eq!(
        cost(json!([row("purchase", json!(1.0025)), row("purchase", json!(1.0025))])),
        Some(200),
        "2.005, half to even"
    );
    assert_eq!(
        cost(json!([row("purchase", json!(5)), row("credit_note", json!(1))])),
        Some(500),
        "an unknown kind changes nothing"
    );
    assert_eq!(
        cost(json!([{"transactionType": "purchase", "currency": "EUR", "total": 10, "totalVat": "1.9"}])),
        Some(1190)
    );
    let dollars = json!({"transactionType": "refund", "currency": "USD", "totalInclVat": 1});
    assert_eq!(cost(json!([row("purchase", json!(5)), dollars])), None);
}

#[test]
fn a_refusal_and_a_made_up_method_are_seen() {
    let mut body = shipped();
    body["refusalReasonCode"] = json!("out_of_stock");
    assert_eq!(read(&body).refusal.as_deref(), Some("out_of_stock"));
    assert!(!has_made_up_method(&read(&body)));
    body["shipment"]["shipmentMethodUid"] = json!("api_fallback_delivery");
    assert!(has_made_up_method(&read(&body)));
}

#[test]
fn search_rows_of_others_and_dead_ones_are_told_apart() {
    let answer = json!({"orders": [
        {"id": "a", "orderReferenceId": "ord-1", "fulfillmentStatus": "failed", "unknown": 1}, {"id": 2, "orderReferenceId": "ord-2", "fulfillmentStatus": null},
    ]});
    let rows = serde_json::from_str::<SearchAnswer>(&answer.to_string()).expect("rows").orders;
    assert_eq!(
        (rows[0].is_dead(), rows[0].is_of("ord-1"), rows[1].is_dead(), rows[1].is_of("ord-1")),
        (true, true, false, false)
    );
    assert_eq!(serde_json::from_str::<SearchAnswer>(r#"{"orders": null}"#).expect("none").orders.len(), 0);
}
