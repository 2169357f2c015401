//! Money through HTTP: rules, holders, refunds, parties, payouts, statements.

use platen_shared::domain::money::Money;
use platen_shared::domain::order::Stage;
use platen_shared::id::{BatchId, OrderId, TenantId};
use platen_shared::ports::provider::Part;
use platen_shared::store::{fulfilment, orders, payouts, settle};
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::{Seeded, order, product};

fn eur(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "EUR" })
}

fn tenant(seed: &Seeded) -> TenantId {
    seed.tenant.id.parse().expect("a tenant")
}

/// Pays an order, and makes the printer's receipt of it.
async fn paid(kit: &Kit, seed: &Seeded, id: &str, total: i64, cost: i64) {
    let body = json!({ "reference": format!("p-{id}"), "method": "card", "amount": eur(total), "fee": eur(79) });
    kit.post(&seed.tenant.key, &format!("/v1/orders/{id}/payments"), &body).await.ok(201);
    let order: OrderId = id.parse().expect("an order");
    let part = Part {
        id: format!("g-{id}"),
        reference: id.to_owned(),
        status: "delivered".to_owned(),
        stage: Some(Stage::Delivered),
        released: true,
        connected: vec![],
        items: vec![],
        shipment: None,
        cost: Some(Money { minor: cost, currency: "EUR".parse().expect("EUR") }),
        refusal: None,
        as_of: None,
        raw: json!({}),
    };
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    fulfilment::merge(&mut tx, kit.ledger.now(), tenant(seed), "gelato", order, &part).await.expect("merged");
    tx.commit().await.expect("committed");
}

/// Shares an order's revenue out, as its job does.
async fn share_out(kit: &Kit, seed: &Seeded, id: &str) {
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    let order = orders::lock(&mut tx, tenant(seed), id.parse().expect("an order")).await.expect("read").expect("there");
    settle::distribute(&mut tx, kit.ledger.now(), &order).await.expect("asked").expect("shared out");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn rules_are_versions_and_a_sale_freezes_the_one_in_force() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Ruler").await;
        let key = seed.tenant.key.as_str();
        assert_eq!(kit.get(key, "/v1/money/settings").await.ok(200)["version"], 0);
        let rules = json!({
            "commission": "markup_in_base", "markupBps": 3000, "paymentFee": { "bps": 140, "fixedMinor": 25 }, "holdDays": 14,
            "packagingTiers": [{ "name": "gift", "priceMinor": 300, "costMinor": 120 }],
            "serviceTiers": [{ "name": "express", "priceMinor": 500, "priority": 50 }],
        });
        assert_eq!(kit.put(key, "/v1/money/settings", &rules).await.ok(201)["version"], 1);
        assert_eq!(kit.put(key, "/v1/money/settings", &rules).await.ok(200)["version"], 1, "the same is the same");
        let mut body = order(&seed.snapshot, "tiers");
        (body["packagingTier"], body["items"][0]["tier"]) = (json!("gift"), json!("express"));
        let made = kit.post(key, "/v1/orders", &body).await.ok(201);
        assert_eq!(made["totals"]["packaging"], eur(300));
        assert_eq!(made["items"][0]["unitPrice"], eur(1890 + 500));
        kit.put(key, "/v1/money/settings", &json!({ "holdDays": 1 })).await.ok(201);
        let money = kit.get(key, &format!("/v1/orders/{}/money", text(&made["id"]))).await.ok(200);
        let terms = &money["terms"];
        assert_eq!((terms["settingsVersion"].as_i64(), terms["holdDays"].as_i64()), (Some(1), Some(14)));
        assert_eq!((&terms["commission"], &terms["priority"]), (&json!("markup_in_base"), &json!(50)));
        assert_eq!(terms["packaging"]["costMinor"], 120);
        assert_eq!(money["items"][0]["terms"]["source"], "product");
        assert_eq!(money["items"][0]["terms"]["tier"]["name"], "express");
        body["externalId"] = json!("wrong");
        body["packagingTier"] = json!("chest");
        kit.post(key, "/v1/orders", &body).await.problem(422, "invalid");
        body["packagingTier"] = json!("gift");
        body["items"][0]["tier"] = json!("never");
        kit.post(key, "/v1/orders", &body).await.problem(422, "invalid");
        kit.put(key, "/v1/money/settings", &json!({ "markupBps": -1 })).await.problem(422, "invalid");
        kit.put(key, "/v1/money/settings", &json!({ "mood": 1 })).await.problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn a_price_is_made_of_cost_and_margin_where_a_product_has_none() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Pricer").await;
        let key = seed.tenant.key.as_str();
        let mut body = product();
        body.as_object_mut().expect("an object").remove("price");
        kit.put(key, "/v1/products/cup", &body).await.problem(422, "invalid");
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        let item = platen_shared::ports::provider::CatalogueItem {
            uid: crate::seed::UID.to_owned(),
            catalogue: "mugs".to_owned(),
            title: "Ceramic mug".to_owned(),
            attributes: Default::default(),
            cost: Some(Money { minor: 705, currency: "EUR".parse().expect("EUR") }),
            stock: "in-stock".to_owned(),
            raw: json!({}),
            ..Default::default()
        };
        let (now, id) = (kit.ledger.now(), tenant(&seed));
        platen_shared::store::catalogue::begin(&mut tx, now, id, "gelato", "g2").await.expect("begun");
        platen_shared::store::catalogue::page(&mut tx, now, id, "gelato", "g2", "EUR", &[item]).await.expect("a page");
        tx.commit().await.expect("committed");
        kit.put(key, "/v1/products/cup", &body).await.problem(422, "invalid");
        body["marginBps"] = json!(5000);
        let own = kit.put(key, "/v1/products/cup", &body).await.ok(201);
        // 7.05 × 1.5 = 10.575, to the even cent.
        assert_eq!((&own["price"], &own["revenue"]["pricing"]["rule"]), (&eur(1058), &json!("product")));
        body.as_object_mut().expect("an object").remove("marginBps");
        let rules = json!({ "marginBps": 1000, "marginsByCategory": [{ "kind": "mug", "marginBps": 2000 }] });
        kit.put(key, "/v1/money/settings", &rules).await.ok(201);
        let category = kit.put(key, "/v1/products/cup", &body).await.ok(200);
        assert_eq!((&category["price"], &category["revenue"]["pricing"]["rule"]), (&eur(846), &json!("category")));
        body["revenue"]["pricing"] = category["revenue"]["pricing"].clone();
        kit.put(key, "/v1/products/cup", &body).await.problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn a_registrys_holders_are_frozen_at_each_sale() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Guild").await;
        let key = seed.tenant.key.as_str();
        let mut body = product();
        body["revenue"] = json!({ "creator": "ada", "registry": { "name": "guild", "bps": 2000 } });
        kit.put(key, "/v1/products/mug", &body).await.ok(200);
        let early = kit.post(key, "/v1/orders", &order(&seed.snapshot, "early")).await.problem(409, "illegal-state");
        assert!(text(&early["detail"]).contains("registry"), "{early}");
        let csv = json!({ "unit": "tokens", "csv": "party,weight\nbo,3\ncy,1\n" });
        assert_eq!(kit.put(key, "/v1/registries/guild", &csv).await.ok(201)["source"], "csv");
        assert_eq!(kit.put(key, "/v1/registries/guild", &csv).await.ok(200)["version"], 1);
        let id = text(&kit.post(key, "/v1/orders", &order(&seed.snapshot, "first-token")).await.ok(201)["id"]);
        // A holder leaves in mid-flight: what was sold is shared as it was sold.
        let list = json!({ "unit": "bps", "holders": [{ "party": "cy", "weight": 10_000 }] });
        assert_eq!(kit.put(key, "/v1/registries/guild", &list).await.ok(201)["version"], 2);
        paid(&kit, &seed, &id, 4579, 1500).await;
        share_out(&kit, &seed, &id).await;
        let money = kit.get(key, &format!("/v1/orders/{id}/money")).await.ok(200);
        let (terms, breakdown) = (&money["items"][0]["terms"], &money["breakdown"]);
        assert_eq!((&terms["source"], terms["version"].as_i64()), (&json!("registry:guild"), Some(1)));
        // 45.79 − 3.00 − 15.00 − 0.79 = 27.00; 15 % is the platform's; 20 % of 22.95 are the holders'.
        assert_eq!((breakdown["margin"].as_i64(), breakdown["platformFee"].as_i64()), (Some(2700), Some(405)));
        assert_eq!((breakdown["royalty"].as_i64(), breakdown["creatorNet"].as_i64()), (Some(459), Some(1836)));
        let bo = kit.get(key, "/v1/parties/bo/balance").await.ok(200);
        assert_eq!(bo["total"], json!([eur(344)]));
        assert_eq!(kit.get(key, "/v1/parties/cy/balance").await.ok(200)["total"], json!([eur(115)]));
        assert_eq!(kit.get(key, "/v1/registries").await.ok(200)["items"][0]["version"], 2);
        assert_eq!(kit.get(key, "/v1/registries/guild").await.ok(200)["holders"][0]["party"], "cy");
        for wrong in [
            json!({ "unit": "bps", "holders": [{ "party": "cy", "weight": 9_999 }] }),
            json!({ "unit": "bps" }),
            json!({ "unit": "shares", "holders": [] }),
            json!({ "unit": "tokens", "csv": "a,b\n1,2\n" }),
        ] {
            kit.put(key, "/v1/registries/guild", &wrong).await.problem(422, "invalid");
        }
        kit.get(key, "/v1/registries/nobody").await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn a_refund_before_submission_cancels_and_after_sharing_out_takes_back() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Refunder").await;
        let key = seed.tenant.key.as_str();
        let at = format!("/v1/orders/{}", seed.order);
        let wish = |key: &str, minor: i64| json!({ "key": key, "amount": eur(minor), "reason": "it broke" });
        kit.post(key, &format!("{at}/refunds"), &wish("r-0", 1)).await.problem(409, "illegal-state");
        let body = json!({ "reference": "p-1", "method": "card", "amount": eur(4579) });
        kit.post(key, &format!("{at}/payments"), &body).await.ok(201);
        let rows = kit.rows().await;
        for wrong in [wish("r-0", 4580), wish("r-0", 0), wish("r-0", -1), wish("", 1)] {
            kit.post(key, &format!("{at}/refunds"), &wrong).await.problem(422, "invalid");
        }
        assert_eq!(kit.rows().await, rows);
        let part = kit.post(key, &format!("{at}/refunds"), &wish("r-1", 579)).await.ok(201);
        assert_eq!((&part["phase"], &part["cancels"]), (&json!("before_submission"), &json!(false)));
        assert_eq!(kit.post(key, &format!("{at}/refunds"), &wish("r-1", 579)).await.ok(200)["id"], part["id"]);
        kit.post(key, &format!("{at}/refunds"), &wish("r-1", 580)).await.problem(409, "conflict");
        let rest = kit.post(key, &format!("{at}/refunds"), &wish("r-2", 4000)).await.ok(201);
        assert_eq!(rest["cancels"], true);
        let shown = kit.get(key, &at).await.ok(200);
        assert_eq!((&shown["state"], &shown["paymentState"]), (&json!("cancelled"), &json!("refunded")));
        let job = kit.get(key, &format!("/v1/jobs/{}", text(&rest["jobId"]))).await.ok(200);
        assert_eq!(job["kind"], "distribute_revenue");
        let id = text(&part["id"]);
        let paid_by = json!({ "reference": "psp-1" });
        assert_eq!(kit.post(key, &format!("/v1/refunds/{id}/paid"), &paid_by).await.ok(200)["state"], "paid");
        kit.post(key, &format!("/v1/refunds/{id}/paid"), &paid_by).await.ok(200);
        kit.post(key, &format!("/v1/refunds/{id}/paid"), &json!({ "reference": "psp-2" }))
            .await
            .problem(409, "conflict");
        assert_eq!(kit.get(key, &format!("{at}/refunds")).await.ok(200)["items"].as_array().map(Vec::len), Some(2));
        let trial = kit.get(key, "/v1/money/trial-balance").await.ok(200);
        let all: Vec<_> = trial["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|b| (text(&b["account"]), b["minor"].as_i64()))
            .collect();
        assert_eq!(all, [("cash".to_owned(), Some(-4000)), ("refunds".to_owned(), Some(4000))]);
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_approved_by_another_key_and_settled_by_the_bank() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Payer").await;
        let key = seed.tenant.key.as_str();
        let second = kit.key(&seed.tenant, &["approve"]).await;
        paid(&kit, &seed, &seed.order, 4579, 1500).await;
        share_out(&kit, &seed, &seed.order).await;
        let nobody = kit.post(key, "/v1/payouts/batches", &json!({})).await.problem(409, "illegal-state");
        assert!(text(&nobody["detail"]).contains("ada: it has not said where to be paid"), "{nobody}");
        let party = json!({ "displayName": "Ada", "payoutTo": "FR7630006000011234567890189", "language": "fr" });
        let put = kit.put(key, "/v1/parties/ada", &party).await;
        assert_eq!(put.ok(200)["payable"], true, "the sale had introduced it");
        assert!(!put.text().contains("FR76"), "where it is paid is never shown");
        kit.put(key, "/v1/parties/ada", &json!({ "language": "de" })).await.problem(422, "invalid");
        kit.put(key, "/v1/parties/UPPER", &json!({})).await.problem(422, "invalid");
        let made = kit.post(key, "/v1/payouts/batches", &json!({ "reason": "november" })).await.ok(201);
        assert_eq!(made["total"], eur(2065));
        assert_eq!(made["leftOut"][0]["party"], "label");
        let id = text(&made["id"]);
        let at = format!("/v1/payouts/batches/{id}");
        kit.get(key, &format!("{at}/file")).await.problem(404, "not-ready");
        kit.post(key, &format!("{at}/approve"), &json!({})).await.problem(403, "forbidden");
        let approved = kit.post(&second, &format!("{at}/approve"), &json!({})).await.ok(200);
        assert_eq!(approved["state"], "approved");
        assert_eq!(kit.post(&second, &format!("{at}/approve"), &json!({})).await.ok(200)["jobId"], approved["jobId"]);
        kit.post(&second, &format!("{at}/reject"), &json!({ "reason": "no" })).await.problem(409, "illegal-state");
        assert_eq!(kit.get(key, "/v1/parties/ada/balance").await.ok(200)["total"], json!([]));
        let file = kit.blobs.put(tenant(&seed), b"a,b\n".to_vec().into()).await.expect("kept");
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        let batch: BatchId = id.parse().expect("a batch");
        payouts::exported(&mut tx, kit.ledger.now(), tenant(&seed), batch, Some(&file)).await.expect("exported");
        tx.commit().await.expect("committed");
        assert_eq!(kit.get(key, &format!("{at}/file")).await.bytes, b"a,b\n");
        let payout = text(&approved["payouts"][0]["id"]);
        let status = format!("/v1/payouts/{payout}/status");
        kit.post(key, &status, &json!({ "status": "lost" })).await.problem(422, "invalid");
        kit.post(key, &status, &json!({ "status": "paid" })).await.problem(422, "invalid");
        let news = json!({ "status": "paid", "reference": "bank-1" });
        assert_eq!(kit.post(key, &status, &news).await.ok(200)["state"], "paid");
        kit.post(key, &status, &news).await.ok(200);
        kit.post(key, &status, &json!({ "status": "failed", "reason": "no" })).await.problem(409, "illegal-state");
        assert_eq!(kit.get(key, &at).await.ok(200)["state"], "closed");
        assert_eq!(
            kit.get(key, "/v1/payouts/batches").await.ok(200)["items"][0]["approvedBy"].as_str().map(|a| &a[..4]),
            Some("key_")
        );
        assert_eq!(kit.get(key, "/v1/parties/ada/payouts").await.ok(200)["items"][0]["reference"], "bank-1");
    })
    .await;
}

#[tokio::test]
async fn a_month_is_read_as_json_csv_and_paper_and_the_platform_sees_its_margin() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Reader").await;
        let key = seed.tenant.key.as_str();
        paid(&kit, &seed, &seed.order, 4579, 1500).await;
        share_out(&kit, &seed, &seed.order).await;
        let month = kit.ledger.now().timestamp().strftime("%Y-%m").to_string();
        let at = format!("/v1/parties/ada/statements/{month}");
        let told = kit.get(key, &at).await.ok(200);
        assert_eq!(told["currencies"][0]["closingMinor"], 2065);
        let csv = kit.get(key, &format!("{at}?format=csv")).await;
        assert!(csv.text().ends_with(",closing,,,,20.65,EUR\n"), "{}", csv.text());
        assert!(csv.header("content-disposition").contains(&format!("statement-ada-{month}.csv")));
        for language in ["en", "fr"] {
            let pdf = kit.get(key, &format!("{at}?format=pdf&language={language}")).await;
            assert!(pdf.bytes.starts_with(b"%PDF-"), "{}", pdf.text());
        }
        for wrong in ["?format=xml", "?format=pdf&language=de", "?mood=1"] {
            kit.get(key, &format!("{at}{wrong}")).await.problem(422, "invalid");
        }
        kit.get(key, "/v1/parties/ada/statements/november").await.problem(422, "invalid");
        kit.get(key, &format!("/v1/parties/nobody/statements/{month}")).await.problem(404, "not-found");
        let margin = kit.get(key, &format!("/v1/money/margin?from={month}")).await.ok(200);
        let report = &margin["items"][0];
        assert_eq!((report["margin"].as_i64(), report["platformFee"].as_i64()), (Some(2700), Some(405)));
        assert_eq!((report["gross"].as_i64(), report["waiting"].as_i64()), (Some(4579), Some(0)));
        kit.get(key, "/v1/money/margin?from=2026-11&to=2026-10").await.problem(422, "invalid");
        let past = kit.get(key, "/v1/parties/ada/balance?at=2000-01-01T00:00:00Z").await.ok(200);
        assert_eq!(past["total"], json!([]));
        kit.get(key, "/v1/parties/ada/balance?at=yesterday").await.problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_converted_without_a_rate_and_a_source() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Changer").await;
        let key = seed.tenant.key.as_str();
        paid(&kit, &seed, &seed.order, 4579, 1500).await;
        share_out(&kit, &seed, &seed.order).await;
        let rate = json!({ "from": "USD", "to": "EUR", "rate": "0.9215", "source": "ecb 2026-11-27" });
        assert_eq!(kit.post(key, "/v1/rates", &rate).await.ok(201)["rate"], "0.9215");
        assert_eq!(kit.get(key, "/v1/rates").await.ok(200)["items"][0]["source"], "ecb 2026-11-27");
        for (pointer, value) in [("rate", "0"), ("rate", "a lot"), ("source", ""), ("to", "USD"), ("to", "EURO")] {
            let mut wrong = rate.clone();
            wrong[pointer] = json!(value);
            kit.post(key, "/v1/rates", &wrong).await.problem(422, "invalid");
        }
        let change =
            json!({ "account": "creator:ada", "from": eur(1000), "to": "USD", "rate": "1.1", "source": "bank 42" });
        assert_eq!(kit.post(key, "/v1/conversions", &change).await.ok(201)["to"]["minor"], 1100);
        let held = kit.get(key, "/v1/parties/ada/balance").await.ok(200)["total"].clone();
        assert_eq!(held, json!([eur(1065), { "minor": 1100, "currency": "USD" }]));
        for (pointer, value) in
            [("from", eur(1066)), ("from", eur(0)), ("account", json!("cash")), ("rate", json!("-1"))]
        {
            let mut wrong = change.clone();
            wrong[pointer] = value;
            kit.post(key, "/v1/conversions", &wrong).await.problem(422, "invalid");
        }
        let mut nobody = change.clone();
        nobody["account"] = json!("creator:nobody");
        kit.post(key, "/v1/conversions", &nobody).await.problem(404, "not-found");
        let trial = kit.get(key, "/v1/money/trial-balance").await.ok(200);
        let sum = |code: &str| -> i64 {
            let all = trial["items"].as_array().expect("a list").iter();
            all.filter(|b| b["currency"] == code).map(|b| b["minor"].as_i64().unwrap_or(0)).sum()
        };
        assert_eq!((sum("EUR"), sum("USD")), (0, 0));
    })
    .await;
}
