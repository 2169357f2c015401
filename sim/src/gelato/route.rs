//! Which call a method and path mean. The four APIs share one port: their paths do not collide.

use std::collections::BTreeMap;

use super::faults::Op;

/// A recognised call, with the id its path carries (or an empty one).
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) op: Op,
    pub(crate) id: String,
}

pub(crate) fn call(method: &str, path: &str) -> Option<Call> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (op, id) = match (method, parts.as_slice()) {
        ("POST", ["v4", "orders"]) => (Op::Create, ""),
        ("GET", ["v4", "orders"]) => (Op::List, ""),
        ("POST", ["v4", "orders:search"]) => (Op::Search, ""),
        ("POST", ["v4", "orders:quote"]) => (Op::Quote, ""),
        ("GET", ["v4", "orders", id]) => (Op::Get, *id),
        ("PATCH", ["v4", "orders", id]) => (Op::Release, *id),
        ("DELETE", ["v4", "orders", id]) => (Op::Delete, *id),
        ("POST", ["v4", "orders", action]) => (Op::Cancel, action.strip_suffix(":cancel")?),
        ("GET", ["v3", "catalogs"]) => (Op::Catalogs, ""),
        ("GET", ["v3", "catalogs", uid]) => (Op::Catalog, *uid),
        ("POST", ["v3", "catalogs", uid, "products:search"]) => (Op::Products, *uid),
        ("GET", ["v3", "products", uid]) => (Op::Product, *uid),
        ("GET", ["v3", "products", uid, "prices"]) => (Op::Prices, *uid),
        ("GET", ["v3", "products", uid, "cover-dimensions"]) => (Op::Cover, *uid),
        ("POST", ["v3", "stock", "region-availability"]) => (Op::Stock, ""),
        ("GET", ["v1", "shipment-methods"]) => (Op::ShipmentMethods, ""),
        ("GET", ["v1", "templates", id]) => (Op::Template, *id),
        _ => return None,
    };
    Some(Call { op, id: decode(id) })
}

/// A query string's values; the last of a repeated name wins.
pub(crate) fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

impl Op {
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Op::Create | Op::Search | Op::Quote | Op::Release | Op::Products | Op::Stock)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_the_four_apis() {
        let op = |method, path| call(method, path).map(|c| (c.op, c.id));
        assert_eq!(op("POST", "/v4/orders/ab:cancel"), Some((Op::Cancel, "ab".to_owned())));
        assert_eq!(op("POST", "/v4/orders/ab%3Acancel"), None);
        assert_eq!(op("GET", "/v3/products/a%5Fb/prices"), Some((Op::Prices, "a_b".to_owned())));
        assert_eq!(op("PUT", "/v4/orders/ab"), None);
    }
}
