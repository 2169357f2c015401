//! What a webhook tells, as far as anything follows from it: which order to look at, and whether it is the same event again. One id is
//! used for two events, so it is not enough to know one again.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hints::Hint;

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    id: Value,
    event: Value,
    /// The first event's name once stood here.
    object: Value,
    order_id: Value,
    order_reference_id: Value,
    item_reference_id: Value,
    store_product_id: Value,
    tracking_code: Value,
}

/// Reads an event. Nothing is refused: what cannot be read is a hint that tells nothing.
#[must_use]
pub(crate) fn read(body: &[u8]) -> Hint {
    // A list would pass for an event whose fields come in its order.
    let object = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    let Some(said) = object.and_then(|object| serde_json::from_value::<Body>(object).ok()) else {
        return Hint {
            event: "unreadable".into(),
            order: String::new(),
            reference: String::new(),
            dedup: digest(&[&String::from_utf8_lossy(body)]),
            test: false,
        };
    };
    let name = match text(&said.event) {
        name if name.is_empty() => match text(&said.object).as_str() {
            "orderStatus" => "order_status_updated".to_owned(),
            other => other.to_owned(),
        },
        name => name,
    };
    let (order, reference, item) =
        (text(&said.order_id), text(&said.order_reference_id), text(&said.item_reference_id));
    let id = text(&said.id);
    let test = [&order, &reference, &item].iter().any(|text| text.starts_with("{{") && text.ends_with("}}"));
    // Without an id of its own, an event is what it says.
    let whole = if id.is_empty() { String::from_utf8_lossy(body).into_owned() } else { String::new() };
    let further = [text(&said.tracking_code), text(&said.store_product_id)].concat();
    Hint {
        dedup: digest(&[&name, &id, &order, &item, &further, &whole]),
        event: cut(&name),
        order: cut(&order),
        reference: cut(&reference),
        test,
    }
}

/// Text or a number as it was written.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hint(body: &Value) -> Hint {
        read(body.to_string().as_bytes())
    }

    #[test]
    fn both_forms_of_the_first_event_are_one() {
        let body = json!({"id": "os_1", "event": "order_status_updated", "orderId": "a", "orderReferenceId": "ord-1"});
        let old = json!({"id": "os_1", "object": "orderStatus", "orderId": "a", "orderReferenceId": "ord-1"});
        assert_eq!(hint(&body), hint(&old));
        assert_eq!((hint(&body).order.as_str(), hint(&body).reference.as_str()), ("a", "ord-1"));
    }

    #[test]
    fn one_id_for_two_events_is_two_events() {
        let item = |id: &str, item: &str| json!({"id": id, "event": "order_item_status_updated", "orderId": "a", "itemReferenceId": item});
        assert_ne!(hint(&item("1", "x")).dedup, hint(&item("1", "y")).dedup);
        assert_ne!(hint(&item("1", "x")).dedup, hint(&item("2", "x")).dedup);
        assert_eq!(hint(&item("1", "x")), hint(&item("1", "x")));
        let order = json!({"id": "1", "event": "order_status_updated", "orderId": "a"});
        assert_ne!(hint(&order).dedup, hint(&item("1", "")).dedup);
        let unnamed = |word: &str| json!({"event": "order_status_updated", "orderId": "a", "fulfillmentStatus": word});
        assert_ne!(hint(&unnamed("passed")).dedup, hint(&unnamed("shipped")).dedup, "without an id, what it says");
    }

    #[test]
    fn odd_types_and_what_is_no_event_are_read() {
        let numbers = json!({"id": 7, "event": "order_status_updated", "orderId": 1029, "orderReferenceId": 5});
        assert_eq!((hint(&numbers).order.as_str(), hint(&numbers).reference.as_str()), ("1029", "5"));
        assert_eq!(hint(&json!({"event": "catalog_product_stock_availability_updated", "orderId": null})).order, "");
        for body in ["<html>", "", "[1]", "\"x\"", "{\"event\":"] {
            let hint = read(body.as_bytes());
            assert_eq!((hint.event.as_str(), hint.test), ("unreadable", false), "{body}");
        }
        assert_ne!(read(b"<html>").dedup, read(b"<HTML>").dedup);
    }

    #[test]
    fn the_dashboards_test_is_known_by_its_braces() {
        assert!(hint(&json!({"id": "x", "event": "order_status_updated", "orderId": "{{MyOrderId}}"})).test);
        assert!(
            hint(&json!({"id": "x", "event": "order_item_status_updated", "itemReferenceId": "{{MyItemId}}"})).test
        );
        assert!(!hint(&json!({"id": "x", "event": "order_status_updated", "orderId": "a"})).test);
    }
}
