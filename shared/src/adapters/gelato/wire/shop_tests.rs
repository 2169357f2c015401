//! Products, prices and stock as documented, and as seen.

use super::*;

#[test]
fn products_are_copied_and_odd_rows_left_out() {
    let answer: ProductsAnswer = serde_json::from_str(
        r#"{"products": [
            {"productUid": "mug_1", "productName": "Mug", "attributes": {"MugSize": "11-oz", "Pieces": 1, "Note": null}, "dimensions": {"Height": {"value": 95.5}}},
            {"productUid": "book_1", "attributes": null, "validPageCounts": [28, 30]},
            {"productName": "without an id"}, 7
        ], "hits": {"attributeHits": {}}}"#,
    )
    .expect("products");
    let rows = answer.rows("mugs");
    assert_eq!((answer.len(), rows.len()), (4, 2));
    let mug = &rows[0].item;
    assert_eq!(
        (mug.uid.as_str(), mug.title.as_str(), mug.catalogue.as_str(), mug.stock.as_str()),
        ("mug_1", "Mug", "mugs", "unknown")
    );
    let attributes: Vec<_> = mug.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(attributes, [("MugSize", "11-oz"), ("Pieces", "1")]);
    assert_eq!(mug.raw["dimensions"]["Height"]["value"], 95.5);
    assert_eq!((rows[1].item.title.as_str(), rows[0].pages, rows[1].pages), ("book_1", None, Some(28)));
}

#[test]
fn one_piece_has_the_price_of_one_piece_or_none() {
    let euro = "EUR".parse().expect("EUR");
    let price = |rows: &str| {
        let rows: Vec<PriceRow> = serde_json::from_str(rows).expect("rows");
        PriceRow::of_one(&PriceRow::tiers(&rows, "FR", euro)).map(|price| price.minor)
    };
    let tiers = r#"[{"quantity": 20, "price": 87.88, "currency": "EUR"}, {"quantity": "1", "price": "5.562871", "currency": "EUR", "pageCount": null}]"#;
    assert_eq!(price(tiers), Some(556));
    assert_eq!(price(r#"[{"quantity": 20, "price": 87.88, "currency": "EUR"}]"#), None);
    assert_eq!(price(r#"[{"quantity": 1, "price": 5, "currency": "USD"}]"#), None);
    assert_eq!(price(r#"[{"quantity": 1, "price": 0, "currency": "EUR"}]"#), None, "0 is not free");
    assert_eq!(price("[]"), None);
    let rows: Vec<PriceRow> = serde_json::from_str(tiers).expect("rows");
    let all = PriceRow::tiers(&rows, "FR", euro);
    assert_eq!(
        all.iter().map(|tier| (tier.quantity, tier.price.minor)).collect::<Vec<_>>(),
        [(1, 556), (20, 8788)],
        "sorted"
    );
    let pages = r#"[{"quantity": 1, "price": 9, "currency": "EUR", "pageCount": 28}]"#;
    assert_eq!(price(pages), None, "one piece of a book has no price without its pages");
}

#[test]
fn stock_is_read_region_by_region_and_unknown_words_are_unknown() {
    let answer: StockAnswer = serde_json::from_str(
        r#"{"productsAvailability": [
            {"productUid": "a", "availability": [{"stockRegionUid": "UK", "status": "out-of-stock"}, {"stockRegionUid": "EU", "status": "in-stock", "replenishmentDate": null}]},
            {"productUid": "b", "availability": [{"stockRegionUid": "EU", "status": "in-of-stock"}]},
            {"productUid": "c", "availability": null}
        ]}"#,
    )
    .expect("stock");
    let all = answer.by_product();
    let word = |product: &str, region: &str| all[product].get(region).map(|stock| stock.status.as_str());
    assert_eq!(
        (word("a", "EU"), word("a", "UK"), word("b", "EU")),
        (Some("in-stock"), Some("out-of-stock"), Some("unknown"))
    );
    assert!(all["c"].is_empty() && all["a"]["EU"].replenished.is_none());
}
