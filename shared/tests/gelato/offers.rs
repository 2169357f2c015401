//! What the catalogue says beside prices and stock: days to the door, and templates; in every odd form that was seen.

use serde_json::{Value, json};

use super::*;

/// The first page of shirts.
async fn shirts(shop: &Shop) -> Vec<(String, Vec<(String, u32, u32)>)> {
    let euro = "EUR".parse().expect("EUR");
    let page = shop.gelato.catalogue_page(Some("t-shirt|0"), euro).await.expect("a page");
    let days = |item: &platen_shared::ports::provider::CatalogueItem| {
        item.delivery.iter().map(|row| (row.country.clone(), row.min_days, row.max_days)).collect()
    };
    page.items.iter().map(|item| (item.uid.clone(), days(item))).collect()
}

async fn template_of(shop: &Shop, uid: &str) -> String {
    for id in shop.server.template_ids() {
        let read = shop.gelato.template(&id).await.expect("a template");
        if read.variants.iter().any(|variant| variant.uid == uid) {
            return id;
        }
    }
    panic!("{uid} is in no template");
}

#[tokio::test]
async fn a_product_says_how_long_it_takes_and_a_family_is_asked_about_once() {
    let shop = Shop::open().await;
    let all = shirts(&shop).await;
    let known = all.iter().filter(|(_, days)| !days.is_empty()).count();
    assert!(known > 90, "{known} of {}", all.len());
    for (uid, days) in all.iter().filter(|(_, days)| !days.is_empty()) {
        let [(country, min, max)] = days.as_slice() else { panic!("{uid}: {days:?}") };
        assert!(country == "FR" && *min > 0 && min <= max && *max < 60, "{uid}: {days:?}");
    }
    assert!(shop.server.counts().quotes <= 4, "families, not products: {}", shop.server.counts().quotes);
    assert_eq!(shop.server.counts().creates, 0);
}

#[tokio::test]
async fn what_a_quote_refuses_or_garbles_costs_its_estimate_and_nothing_else() {
    let shop = Shop::open().await;
    let odd = |merge: Value| FaultKind::Patch { merge };
    for fault in [
        FaultKind::RefuseQuote { form: QuoteRefusal::Empty },
        FaultKind::FallbackDelivery,
        FaultKind::Answer { status: 400, body: json!({ "message": "no" }), text: String::new(), before: true },
        FaultKind::Answer { status: 200, body: Value::Null, text: "<html>sorry</html>".into(), before: true },
        odd(json!({ "quotes": [{ "products": null, "shipmentMethods": [{ "minDeliveryDays": "soon" }] }] })),
    ] {
        shop.server.set_fault(Fault::new(fault.clone()).on(Op::Quote).times(50));
        let all = shirts(&shop).await;
        assert!(all.len() > 50 && all.iter().all(|(_, days)| days.is_empty()), "{fault:?}");
        shop.server.clear_faults();
    }
    shop.fault(Op::Quote, FaultKind::Status { status: 503, html: true, after: false });
    let euro = "EUR".parse().expect("EUR");
    let page = shop.gelato.catalogue_page(Some("t-shirt|0"), euro).await;
    assert!(matches!(page, Err(PortError::Transient(_))), "trouble that passes is tried again: {page:?}");
}

#[tokio::test]
async fn a_template_names_areas_in_micrometres() {
    let shop = Shop::open().await;
    let id = template_of(&shop, TEE).await;
    let read = shop.gelato.template(&id).await.expect("a template");
    let tee = read.variants.iter().find(|variant| variant.uid == TEE).expect("listed");
    let areas: Vec<_> = tee.placeholders.iter().map(|p| (p.area.as_str(), p.width_um, p.height_um)).collect();
    assert_eq!(areas, [("front", Some(304_800), Some(406_000)), ("back", Some(304_800), Some(406_000))]);
    assert!(read.raw["variants"][0]["variantOptions"].is_array(), "what came is kept");
    let gone = shop.gelato.template("none").await;
    assert!(matches!(gone, Err(PortError::NotFound(_))), "{gone:?}");
    shop.fault(Op::Template, FaultKind::Patch { merge: json!({ "id": "another" }) });
    let strange = shop.gelato.template(&id).await;
    assert!(matches!(strange, Err(PortError::Transient(_))), "an answer about another template: {strange:?}");
    shop.fault(Op::Template, FaultKind::Answer { status: 200, body: Value::Null, text: "<html>".into(), before: true });
    assert!(shop.gelato.template(&id).await.is_err(), "a page in the place of JSON");
}
