//! A good quote, and every way in which one says no with a good status.

use serde_json::{Value, json};

use super::super::request::tests::order;
use super::*;

fn read(answer: &Value) -> Result<Vec<Quote>, String> {
    quotes(serde_json::from_str(&answer.to_string()).expect("an answer"), &order())
}

fn good() -> Value {
    json!({"orderReferenceId": "ord-7Q2M", "quotes": [
        {
            "id": "q-1", "itemReferenceIds": ["i-1"], "fulfillmentCountry": "DE",
            "products": [{"itemReferenceId": "i-1", "productUid": "shirt_gpr_4-4", "quantity": 2, "price": 11.125742, "currency": "EUR"}],
            "shipmentMethods": [
                {"name": "DHL Express", "shipmentMethodUid": "dhl_express", "type": "express", "price": "14.9", "currency": "EUR"},
                {"name": "DHL Parcel", "shipmentMethodUid": "dhl_parcel", "type": "normal", "price": 4.6, "currency": "EUR", "incoTerms": null},
                {"name": "Fallback", "shipmentMethodUid": "api_fallback_delivery", "price": 0, "currency": "EUR"},
            ],
        },
        {
            "id": "q-2", "itemReferenceIds": ["i-2"], "fulfillmentCountry": "FR",
            "products": [{"itemReferenceId": "i-2", "productUid": "frame", "quantity": 1, "price": 9, "currency": null}],
            "shipmentMethods": [{"name": "Colissimo", "shipmentMethodUid": "colissimo", "price": 5, "currency": null}],
        },
    ]})
}

#[test]
fn one_quote_per_facility_cheapest_method_first() {
    let quotes = read(&good()).expect("quotes");
    assert_eq!(quotes.iter().map(|quote| quote.products.minor).collect::<Vec<_>>(), [1113, 900]);
    let methods: Vec<_> = quotes[0].methods.iter().map(|method| (method.uid.as_str(), method.price.minor)).collect();
    assert_eq!(methods, [("dhl_parcel", 460), ("dhl_express", 1490)], "made-up methods are not offered");
}

#[test]
fn every_disguised_refusal_is_one() {
    type Spoil = fn(&mut Value);
    let spoils: [(&str, Spoil); 12] = [
        ("cannot make", |answer| answer["refusalReasonCode"] = json!("not_deliverable")),
        ("cannot make", |answer| answer["quotes"][1]["refusalReason"] = json!("No.")),
        ("nothing", |answer| answer["quotes"] = json!([])),
        ("nothing", |answer| answer["quotes"] = json!(null)),
        ("leaves item 2 out", |answer| answer["quotes"][1]["products"] = json!([])),
        ("no price for item 1", |answer| answer["quotes"][0]["products"][0]["price"] = json!(0)),
        ("no price for item 1", |answer| answer["quotes"][0]["products"][0]["price"] = json!("0.00")),
        ("no price for item 1", |answer| answer["quotes"][0]["products"][0]["price"] = json!(null)),
        ("another quantity", |answer| answer["quotes"][0]["products"][0]["quantity"] = json!(1)),
        ("out of stock", |answer| {
            answer["quotes"][0]["shipmentMethods"][2]["shipmentMethodUid"] = json!("api_out_of_stock_for_part_order")
        }),
        ("no carrier", |answer| {
            answer["quotes"][1]["shipmentMethods"][0]["shipmentMethodUid"] = json!("api_fallback_delivery")
        }),
        ("another currency", |answer| answer["quotes"][0]["products"][0]["currency"] = json!("USD")),
    ];
    for (words, spoil) in spoils {
        let mut answer = good();
        spoil(&mut answer);
        let text = read(&answer).expect_err(words);
        assert!(text.contains(words), "{text}");
    }
}
