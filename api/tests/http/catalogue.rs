//! The catalogue as a shop reads it: filters, prices by margin, details in one call, answers that are remembered and never stale; what cannot
//! be sold is not sold.

use platen_shared::domain::money::Money;
use platen_shared::domain::offer::{DeliveryEstimate, Placeholder, PriceTier, RegionStock, Template, TemplateVariant};
use platen_shared::id::TenantId;
use platen_shared::ports::provider::CatalogueItem;
use platen_shared::store::{catalogue, catalogue_alarms, catalogue_templates};
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::{Tenant, UID, order, product};

fn eur(minor: i64) -> Money {
    Money { minor, currency: "EUR".parse().expect("EUR") }
}

/// A shirt in a size and a colour.
fn shirt(size: &str, colour: &str, cost: i64) -> CatalogueItem {
    let attributes = [("GarmentSize", size), ("GarmentColor", colour), ("GarmentPrint", "4-4")];
    let tier = |quantity, minor| PriceTier { country: "FR".into(), pages: None, quantity, price: eur(minor) };
    CatalogueItem {
        uid: format!("shirt_{size}_{colour}"),
        catalogue: "t-shirt".into(),
        title: format!("Shirt {size} {colour}"),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        cost: Some(eur(cost)),
        stock: if colour == "red" { "out-of-stock" } else { "in-stock" }.into(),
        prices: vec![tier(1, cost), tier(10, cost * 9)],
        regions: [("EU".to_owned(), RegionStock { status: "in-stock".into(), replenished: None })].into(),
        delivery: vec![DeliveryEstimate { country: "FR".into(), min_days: 3, max_days: 6 }],
        raw: json!({ "productUid": "as it came", "weight": { "value": 180 } }),
    }
}

fn shirts(cost: i64) -> Vec<CatalogueItem> {
    [("m", "black"), ("l", "black"), ("m", "red"), ("xl", "navy")]
        .map(|(size, colour)| shirt(size, colour, cost))
        .into()
}

/// One sync from beginning to end.
async fn sync(kit: &Kit, tenant: &Tenant, generation: &str, items: &[CatalogueItem]) {
    let id: TenantId = tenant.id.parse().expect("a tenant");
    let now = kit.ledger.now();
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    catalogue::begin(&mut tx, now, id, "gelato", generation).await.expect("begun");
    for page in items.chunks(3) {
        catalogue::page(&mut tx, now, id, "gelato", generation, "EUR", page).await.expect("a page");
    }
    let _braked = catalogue::end(&mut tx, now, id, "gelato", generation).await.expect("ended");
    catalogue_alarms::review(&mut tx, now, id, "gelato", 500).await.expect("reviewed");
    tx.commit().await.expect("committed");
}

fn uids(page: &Value) -> Vec<String> {
    page["items"].as_array().expect("a list").iter().map(|item| text(&item["uid"])).collect()
}

#[tokio::test]
async fn products_are_listed_by_category_size_and_colour_with_their_price() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Lister").await;
        let key = tenant.key.as_str();
        sync(&kit, &tenant, "g1", &shirts(1001)).await;
        let list = async |query: &str| kit.get(key, &format!("/v1/catalogue/items?{query}")).await.ok(200);
        assert_eq!(uids(&list("catalogue=t-shirt").await).len(), 4);
        assert_eq!(uids(&list("catalogue=mugs").await), [""; 0]);
        assert_eq!(uids(&list("size=m").await), ["shirt_m_black", "shirt_m_red"]);
        assert_eq!(uids(&list("size=m&available=true").await), ["shirt_m_black"]);
        assert_eq!(uids(&list("available=false").await), ["shirt_m_red"]);
        assert_eq!(uids(&list("colour=navy").await), ["shirt_xl_navy"]);
        let first = list("limit=3").await;
        sync(&kit, &tenant, "g2", &[shirts(1001), vec![shirt("a", "white", 900)]].concat()).await;
        let next = list(&format!("limit=3&cursor={}", text(&first["next"]))).await;
        assert_eq!(uids(&next), ["shirt_xl_navy"], "what came meanwhile moves no page");
        assert_eq!(first["items"][0]["price"], Value::Null, "no rule, no price");
        let rules = json!({ "marginBps": 5000, "marginsByProduct": [{ "uid": "shirt_xl_navy", "marginBps": 0 }],
            "marginsByCategory": [{ "kind": "t-shirt", "marginBps": 10_000 }] });
        kit.put(key, "/v1/money/settings", &rules).await.ok(201);
        let priced = list("").await;
        let price = |uid: &str| {
            let found =
                priced["items"].as_array().expect("a list").iter().find(|item| item["uid"] == uid).expect("listed");
            (found["price"]["minor"].as_i64(), found["marginRule"].as_str().map(str::to_owned))
        };
        assert_eq!(price("shirt_m_black"), (Some(2002), Some("category".into())));
        assert_eq!(price("shirt_xl_navy"), (Some(1001), Some("product".into())));
    })
    .await;
}

#[tokio::test]
async fn details_come_in_one_call_and_a_missing_product_is_a_problem() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Looker").await;
        let key = tenant.key.as_str();
        sync(&kit, &tenant, "g1", &shirts(1000)).await;
        let shown = kit.get(key, "/v1/catalogue/items/shirt_m_black").await.ok(200);
        assert_eq!((&shown["sizes"], &shown["colours"]), (&json!(["l", "m", "xl"]), &json!(["black", "navy", "red"])));
        assert_eq!(shown["variants"].as_array().map(Vec::len), Some(4));
        assert_eq!(shown["areas"], json!([{ "name": "front", "widthUm": null, "heightUm": null }, { "name": "back", "widthUm": null, "heightUm": null }]));
        assert_eq!(shown["prices"][1]["quantity"], 10);
        assert_eq!(shown["prices"][1]["cost"], json!({ "minor": 9000, "currency": "EUR" }));
        assert_eq!(shown["regions"]["EU"]["status"], "in-stock");
        assert_eq!(shown["raw"]["weight"]["value"], 180, "what we do not know is kept");
        assert_eq!(shown["delivery"], json!([{ "country": "FR", "minDays": 3, "maxDays": 6 }]));
        assert_eq!(shown["templates"], json!([]));
        kit.get(key, "/v1/catalogue/items/shirt_of_nobody").await.problem(404, "not-found");
    })
    .await;
}

/// What a sync finds of the templates: one, none, and one that is not on the list.
async fn found(kit: &Kit, id: TenantId) {
    let place = Placeholder {
        name: "front.jpg".into(),
        area: "front".into(),
        width_um: Some(300_000),
        height_um: Some(400_000),
    };
    let variant = TemplateVariant {
        id: "v".into(),
        title: "Black M".into(),
        uid: "shirt_m_black".into(),
        placeholders: vec![place],
        texts: vec!["Name".into()],
    };
    let read = Template {
        id: "t-1".into(),
        title: "Shirt".into(),
        variants: vec![variant],
        raw: json!({ "vendor": "Gelato" }),
    };
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    let found = [
        ("t-1".to_owned(), Ok(read.clone())),
        ("t-2".to_owned(), Err("no such template".to_owned())),
        ("t-9".to_owned(), Ok(read)),
    ];
    for _ in 0..2 {
        catalogue_templates::found(&mut tx, kit.ledger.now(), id, "gelato", &found).await.expect("written");
    }
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn templates_are_listed_read_by_a_sync_and_shown_with_their_products() {
    each(async |kit: Kit| {
        let (tenant, other) = (kit.tenant("Designer").await, kit.tenant("Other").await);
        let (key, id): (_, TenantId) = (tenant.key.as_str(), tenant.id.parse().expect("a tenant"));
        sync(&kit, &tenant, "g1", &shirts(1000)).await;
        let shown = async || kit.get(key, "/v1/catalogue/items/shirt_m_black").await.ok(200);
        shown().await;
        for (ids, pointer) in
            [(json!(["a/b"]), "/ids/0"), (json!(["ok", ""]), "/ids/1"), (json!(vec!["t"; 201]), "/ids")]
        {
            let problem = kit.put(key, "/v1/catalogue/templates", &json!({ "ids": ids })).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        let listed = kit.put(key, "/v1/catalogue/templates", &json!({ "ids": ["t-2", "t-1", "t-1"] })).await.ok(200);
        let states = |page: &Value| {
            let rows = page["items"].as_array().expect("a list");
            rows.iter().map(|row| (text(&row["id"]), text(&row["state"]))).collect::<Vec<_>>()
        };
        let pairs =
            |all: &[(&str, &str)]| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        assert_eq!(states(&listed), pairs(&[("t-1", "listed"), ("t-2", "listed")]));
        found(&kit, id).await;
        sync(&kit, &tenant, "g2", &shirts(1000)).await;
        let shirt = shown().await;
        assert_eq!(shirt["templates"].as_array().map(Vec::len), Some(1), "one that is not listed is not kept: {shirt}");
        assert_eq!(shirt["templates"][0]["placeholders"][0]["widthUm"], 300_000);
        assert_eq!(
            (&shirt["templates"][0]["texts"][0], &shirt["templates"][0]["variantTitle"]),
            (&json!("Name"), &json!("Black M"))
        );
        assert_eq!(
            shirt["areas"][0],
            json!({ "name": "front", "widthUm": 300_000, "heightUm": 400_000 }),
            "a size that the row lacks"
        );
        assert_eq!(shirt["areas"][1]["widthUm"], Value::Null);
        let page = kit.get(key, "/v1/catalogue/templates").await.ok(200);
        assert_eq!(states(&page), pairs(&[("t-1", "read"), ("t-2", "refused")]));
        assert_eq!(
            (&page["items"][0]["title"], &page["items"][1]["why"]),
            (&json!("Shirt"), &json!("no such template"))
        );
        assert_eq!(kit.get(&other.key, "/v1/catalogue/templates").await.ok(200)["items"], json!([]), "a tenant's own");
        kit.put(key, "/v1/catalogue/templates", &json!({ "ids": ["t-2"] })).await.ok(200);
        assert_eq!(shown().await["templates"], json!([]), "taken off the list, and nothing older is remembered");
    })
    .await;
}

#[tokio::test]
async fn answers_are_remembered_and_none_is_older_than_the_last_sync() {
    each(async |kit: Kit| {
        let (tenant, other) = (kit.tenant("Rememberer").await, kit.tenant("Other").await);
        let cost = async |tenant: &Tenant| {
            let shown = kit.get(&tenant.key, "/v1/catalogue/items/shirt_m_black").await.ok(200);
            let listed = kit.get(&tenant.key, "/v1/catalogue/items?size=m&catalogue=t-shirt").await.ok(200);
            assert_eq!(shown["cost"], listed["items"][0]["cost"]);
            shown["cost"]["minor"].as_i64()
        };
        sync(&kit, &tenant, "g1", &shirts(1000)).await;
        sync(&kit, &other, "g1", &shirts(7)).await;
        assert_eq!((cost(&tenant).await, cost(&other).await), (Some(1000), Some(7)), "a tenant's own");
        // Behind the sync's back: what was remembered is answered.
        let id: TenantId = tenant.id.parse().expect("a tenant");
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        catalogue::page(&mut tx, kit.ledger.now(), id, "gelato", "g1", "EUR", &shirts(1100)).await.expect("a page");
        tx.commit().await.expect("committed");
        assert_eq!(cost(&tenant).await, Some(1000), "remembered");
        sync(&kit, &tenant, "g2", &shirts(1200)).await;
        assert_eq!(cost(&tenant).await, Some(1200), "a sync ended, so nothing older is served");
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        catalogue::page(&mut tx, kit.ledger.now(), id, "gelato", "g2", "EUR", &shirts(1300)).await.expect("a page");
        tx.commit().await.expect("committed");
        kit.clock.advance(std::time::Duration::from_secs(3600));
        assert_eq!(cost(&tenant).await, Some(1300), "an hour is over");
        assert_eq!(cost(&other).await, Some(7));
    })
    .await;
}

#[tokio::test]
async fn what_is_sold_is_watched() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Watcher").await;
        let key = tenant.key.as_str();
        sync(&kit, &tenant, "g1", &shirts(1000)).await;
        let mut tee = product();
        tee["providerUid"] = json!("shirt_m_black");
        tee["price"] = Value::Null;
        tee["marginBps"] = json!(5000);
        kit.put(key, "/v1/products/tee", &tee).await.ok(201);
        let open = async || {
            let page = kit.get(key, "/v1/catalogue/alarms").await.ok(200);
            page["items"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|alarm| text(&alarm["kind"]))
                .collect::<std::collections::BTreeSet<_>>()
        };
        let kinds = |all: &[&str]| all.iter().map(|kind| (*kind).to_owned()).collect::<std::collections::BTreeSet<_>>();
        for (generation, cost, expected) in [
            ("g2", 1050, vec![]),
            ("g3", 1051, vec!["price"]),
            ("g4", 1600, vec!["price", "loss"]),
            ("g5", 1000, vec![]),
        ] {
            sync(&kit, &tenant, generation, &shirts(cost)).await;
            assert_eq!(open().await, kinds(&expected), "{cost}");
        }
        let mut sold_out = shirts(1000);
        sold_out[0].stock = "out-of-stock".into();
        sync(&kit, &tenant, "g6", &sold_out).await;
        sync(&kit, &tenant, "g7", &sold_out).await;
        assert_eq!(open().await, kinds(&["stock"]), "once, however often it is found");
        sync(&kit, &tenant, "g8", &shirts(1000)[2..]).await;
        let state = kit.get(key, "/v1/catalogue").await.ok(200);
        assert_eq!(state["items"][0]["vanished"], 2, "half of it at once: the brake holds");
        assert!(!open().await.contains("retired"));
        let gone = json!({ "provider": "gelato", "reason": "the account's manager said so" });
        assert_eq!(kit.post(key, "/v1/catalogue/retirements", &gone).await.ok(200)["retired"], 2);
        assert_eq!(kit.post(key, "/v1/catalogue/retirements", &gone).await.ok(200)["retired"], 0);
        assert_eq!(open().await, kinds(&["retired"]));
        let all = kit.get(key, "/v1/catalogue/alarms?all=true").await.ok(200);
        assert_eq!(all["items"].as_array().map(Vec::len), Some(4), "resolved ones are kept");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_made_or_has_no_price_is_not_sold() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Seller").await;
        let key = seed.tenant.key.as_str();
        let mut free = product();
        free["price"]["minor"] = json!(0);
        let problem = kit.put(key, "/v1/products/free", &free).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/price/minor");
        let mug = |stock: &str, raw: Value| CatalogueItem {
            uid: UID.into(),
            catalogue: "mugs".into(),
            title: "Ceramic mug".into(),
            stock: "in-stock".into(),
            regions: [("EU".to_owned(), RegionStock { status: stock.into(), replenished: None })].into(),
            raw,
            ..CatalogueItem::default()
        };
        for (n, (item, sold)) in [
            (mug("out-of-stock", json!({})), false),
            (mug("in-stock", json!({ "notSupportedCountries": ["BR", "FR"] })), false),
            (mug("a-new-word", json!({ "notSupportedCountries": ["BR"] })), true),
        ]
        .into_iter()
        .enumerate()
        {
            sync(&kit, &seed.tenant, &format!("s{n}"), &[item]).await;
            let answer = kit.post(key, "/v1/orders", &order(&seed.snapshot, &format!("s{n}"))).await;
            if sold {
                answer.ok(201);
            } else {
                assert_eq!(answer.problem(422, "invalid")["errors"][0]["code"], "unavailable");
            }
        }
    })
    .await;
}
