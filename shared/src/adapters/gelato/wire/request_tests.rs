//! What leaves, word for word.

use super::*;

/// An order for two shirts with front and back, and a mug.
pub(in crate::adapters::gelato) fn order() -> OrderRequest {
    let item = |reference: &str, uid: &str, quantity, areas: &[&str]| RequestItem {
        reference: reference.into(),
        uid: uid.into(),
        quantity,
        files: areas.iter().map(|area| ((*area).to_owned(), format!("https://files.example/p/{area}.png"))).collect(),
    };
    let recipient = json!({
        "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
        "email": "lena@example.org",
    });
    OrderRequest {
        reference: "ord-7Q2M".into(),
        customer: "cus-118".into(),
        currency: "EUR".parse().expect("EUR"),
        items: vec![item("i-1", "shirt_gpr_4-4", 2, &["default", "back"]), item("i-2", "frame", 1, &[])],
        recipient: serde_json::from_value(recipient).expect("a recipient"),
        metadata: vec![("revision".into(), "b1946ac9".into())],
    }
}

#[test]
fn a_create_is_a_draft_with_a_concrete_method() {
    let expected = json!({
        "orderType": "draft", "orderReferenceId": "ord-7Q2M", "customerReferenceId": "cus-118", "currency": "EUR",
        "items": [
            {"itemReferenceId": "i-1", "productUid": "shirt_gpr_4-4", "quantity": 2, "files": [
                {"type": "default", "url": "https://files.example/p/default.png"}, {"type": "back", "url": "https://files.example/p/back.png"},
            ]},
            {"itemReferenceId": "i-2", "productUid": "frame", "quantity": 1},
        ],
        "shipmentMethodUid": "dhl_parcel",
        "shippingAddress": {
            "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
            "email": "lena@example.org",
        },
        "metadata": [{"key": "revision", "value": "b1946ac9"}],
    });
    assert_eq!(create_body(&order(), "dhl_parcel"), expected);
}

#[test]
fn a_quote_names_items_products_and_the_address_recipient() {
    let body = quote_body(&order());
    assert_eq!(
        (body["allowMultipleQuotes"].as_bool(), body["products"].as_array().map(Vec::len)),
        (Some(true), Some(2))
    );
    assert_eq!(body["recipient"], create_body(&order(), "x")["shippingAddress"]);
}

#[test]
fn address_and_links_are_private() {
    for body in [create_body(&order(), "x"), quote_body(&order())] {
        let texts = private(&body);
        for text in ["12 rue des Lilas", "lena@example.org", "69003", "https://files.example/p/back.png"] {
            assert!(texts.iter().any(|hidden| hidden == text), "{text}");
        }
        assert!(!texts.iter().any(|text| text == "i-1"), "references may be named");
    }
}

#[test]
fn limits_are_checked_before_anything_is_sent() {
    assert_eq!(check(&order()), Ok(()));
    let spoils: [fn(&mut OrderRequest); 7] = [
        |order| order.reference = "x".repeat(65),
        |order| order.customer.clear(),
        |order| order.items.clear(),
        |order| order.items[1].reference = "i-1".into(),
        |order| order.items[0].quantity = 0,
        |order| order.metadata = vec![("k".into(), "v".repeat(101))],
        |order| order.recipient.city = "x".repeat(31),
    ];
    for (i, spoil) in spoils.iter().enumerate() {
        let mut order = order();
        spoil(&mut order);
        assert!(check(&order).is_err(), "spoil {i}");
    }
}
