//! Products, prices, stock, shipment methods, quotes, and the limits of what is accepted.

use crate::support::{DAY, MUG, Sim, TEE, address, text};
use reqwest::Method;
use serde_json::{Value, json};

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

#[tokio::test]
async fn the_catalogue_pages_to_its_end_with_facets() {
    let sim = Sim::start().await;
    let (_, catalogs) = sim.get("/v3/catalogs").await;
    let mut uids = std::collections::BTreeSet::new();
    for catalog in catalogs.as_array().unwrap() {
        let path = format!("/v3/catalogs/{}", text(&catalog["catalogUid"]));
        assert!(!sim.get(&path).await.1["productAttributes"].as_array().unwrap().is_empty());
        for offset in (0..).step_by(40) {
            let (status, page) =
                sim.post(&format!("{path}/products:search"), json!({"limit": 40, "offset": offset})).await;
            assert_eq!(status, 200);
            let products = page["products"].as_array().unwrap();
            uids.extend(products.iter().map(|p| text(&p["productUid"])));
            if products.len() < 40 {
                break;
            }
        }
    }
    assert!(uids.len() >= 340, "{}", uids.len());
    let filter = json!({"attributeFilters": {"GarmentSize": ["m"], "GarmentColor": ["black", "white"]}});
    let (_, page) = sim.post("/v3/catalogs/t-shirt/products:search", filter).await;
    assert_eq!(page["hits"]["attributeHits"]["GarmentSize"].as_object().unwrap().len(), 1);
    assert!(page["products"].as_array().unwrap().iter().all(|p| p["attributes"]["GarmentSize"] == "m"));
    assert_eq!(sim.post("/v3/catalogs/none/products:search", json!({})).await.0, 404);
    assert_eq!(sim.get("/v3/products/none").await.0, 404);
}

#[tokio::test]
async fn quotes_agree_with_prices_and_receipts_with_quotes() {
    let sim = Sim::start().await;
    let (_, catalogs) = sim.get("/v3/catalogs").await;
    let (mut texts, mut fine) = (0, 0);
    for catalog in catalogs.as_array().unwrap() {
        let path = format!("/v3/catalogs/{}/products:search", text(&catalog["catalogUid"]));
        let (_, page) = sim.post(&path, json!({"limit": 12})).await;
        for product in page["products"].as_array().unwrap() {
            let uid = text(&product["productUid"]);
            let pages = product["validPageCounts"][0].as_u64();
            let count = pages.map_or(String::new(), |n| format!("&pageCount={n}"));
            let (_, rows) = sim.get(&format!("/v3/products/{uid}/prices?country=GB&currency=GBP{count}")).await;
            let rows = rows.as_array().unwrap();
            let quantities: Vec<u64> = rows.iter().map(|row| row["quantity"].as_u64().unwrap()).collect();
            let row = rows.iter().find(|row| row["quantity"] == 5).unwrap();
            texts += usize::from(row["price"].is_string());
            fine += usize::from((number(&row["price"]) * 100.0).fract().abs() > 1e-6);
            assert!(!quantities.is_sorted(), "tiers are unsorted");
            let mut recipient = address();
            recipient["country"] = json!("GB");
            let body = json!({"orderReferenceId": "q", "customerReferenceId": "c", "currency": "GBP", "recipient": recipient,
                "products": [{"itemReferenceId": "i", "productUid": uid, "quantity": 5, "pageCount": pages}]});
            let (status, quote) = sim.post("/v4/orders:quote", body).await;
            assert_eq!(status, 200, "{quote}");
            let quoted = &quote["quotes"][0]["products"][0]["price"];
            if *quoted != 0 {
                assert!((number(quoted) - number(&row["price"])).abs() < 1e-9, "{uid}: {quoted} and {row}");
            }
        }
    }
    assert!(texts > 0 && fine > 0, "both odd forms occur: {texts} {fine}");
}

#[tokio::test]
async fn a_receipt_adds_up_to_the_quote() {
    let sim = Sim::start().await;
    let mut body = sim.draft("sum", &[MUG, TEE]);
    let quote = json!({"orderReferenceId": "sum", "customerReferenceId": "c", "currency": "EUR", "allowMultipleQuotes": true,
                       "recipient": address(), "products": body["items"]});
    let (_, quoted) = sim.post("/v4/orders:quote", quote).await;
    assert_eq!(quoted["quotes"].as_array().unwrap().len(), 2, "one quote per facility");
    body["orderType"] = json!("order");
    body["shipmentMethodUid"] = json!("dhl_parcel");
    let id = sim.create(body).await;
    for (order_id, quote) in
        sim.order(&id).await["connectedOrderIds"].as_array().unwrap().iter().zip(quoted["quotes"].as_array().unwrap())
    {
        let order = sim.order(&text(order_id)).await;
        let receipt = &order["receipts"][0];
        let of = |name: &str| number(&receipt[name]);
        let method = quote["shipmentMethods"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["shipmentMethodUid"] == "dhl_parcel")
            .unwrap();
        assert!((of("productsPrice") - number(&quote["products"][0]["price"])).abs() < 0.0051);
        assert_eq!(receipt["shippingPrice"], method["price"]);
        assert!((of("total") - of("productsPrice") - of("shippingPrice") - of("packagingPrice")).abs() < 1e-9);
        assert!((of("totalInclVat") - of("total") - of("totalVat")).abs() < 1e-9);
        assert!(of("totalVat") > 0.0);
    }
}

#[tokio::test]
async fn one_quote_for_two_facilities_shows_part_as_out_of_stock() {
    let sim = Sim::start().await;
    let body = sim.draft("q", &[MUG, TEE]);
    let quote = json!({"orderReferenceId": "q", "currency": "EUR", "recipient": address(), "products": body["items"]});
    let (status, quoted) = sim.post("/v4/orders:quote", quote).await;
    assert_eq!((status, quoted["quotes"].as_array().unwrap().len()), (200, 1));
    let methods = quoted["quotes"][0]["shipmentMethods"].as_array().unwrap();
    assert!(methods.iter().any(|m| m["shipmentMethodUid"] == "api_out_of_stock_for_part_order"));
    assert_eq!(quoted["quotes"][0]["products"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn stock_and_shipment_methods_and_covers() {
    let sim = Sim::start().await;
    let (_, stock) = sim.post("/v3/stock/region-availability", json!({"products": [MUG, TEE, "nope"]})).await;
    let status = |n: usize| text(&stock["productsAvailability"][n]["availability"][1]["status"]);
    assert_eq!((status(0), status(1), status(2)), ("non-stockable".into(), "in-stock".into(), "not-supported".into()));
    let many = vec![MUG; 251];
    let (code, body) = sim.post("/v3/stock/region-availability", json!({"products": many})).await;
    assert_eq!((code, &body["code"]), (400, &json!("invalid_request_too_many_products")));
    assert_eq!(sim.post("/v3/stock/region-availability", json!({"products": []})).await.0, 400);
    let (_, methods) = sim.get("/v1/shipment-methods?country=DE").await;
    let methods = methods["shipmentMethods"].as_array().unwrap();
    assert!(
        methods.iter().any(|m| m["shipmentMethodUid"] == "dhl_parcel")
            && methods.iter().any(|m| m["hasTracking"] == false)
    );
    let (_, books) = sim.post("/v3/catalogs/photo-books/products:search", json!({"limit": 1})).await;
    let uid = text(&books["products"][0]["productUid"]);
    let (_, cover) = sim.get(&format!("/v3/products/{uid}/cover-dimensions?pageCount=30")).await;
    assert_eq!(cover["pagesCount"], 34);
    assert_eq!(sim.get(&format!("/v3/products/{uid}/prices?country=DE&currency=EUR")).await.0, 400);
}

#[tokio::test]
async fn limits_are_refused_field_by_field() {
    let sim = Sim::start().await;
    let long = "x".repeat(36);
    let cases = [
        ("/shippingAddress/firstName", json!("x".repeat(26)), "shippingAddress.firstName"),
        ("/shippingAddress/addressLine1", json!(long), "shippingAddress.addressLine1"),
        ("/shippingAddress/city", json!(""), "shippingAddress.city"),
        ("/shippingAddress/postCode", json!(""), "shippingAddress.postCode"),
        ("/shippingAddress/country", json!("us"), "shippingAddress.country"),
        ("/shippingAddress/country", json!("US"), "shippingAddress.state"),
        ("/shippingAddress/country", json!("BR"), "shippingAddress.federalTaxId"),
        ("/shippingAddress/country", json!("IM"), "shippingAddress.country"),
        ("/shippingAddress/email", json!("nobody"), "shippingAddress.email"),
        ("/orderReferenceId", json!(""), "orderReferenceId"),
        ("/customerReferenceId", Value::Null, "customerReferenceId"),
        ("/currency", json!("XXX"), "currency"),
        ("/orderType", json!("maybe"), "orderType"),
        ("/items", json!([]), "items"),
        ("/items/0/quantity", json!(0), "items[0].quantity"),
        ("/items/0/quantity", json!(i64::MAX), "items[0].quantity"),
        ("/items/0/files/0/type", json!("bottom"), "items[0].files[0].type"),
        ("/items/0/files/0/url", json!("ftp://x"), "items[0].files[0].url"),
        ("/items/0/productUid", json!("nope"), "productUid"),
        ("/items/0/files", json!([]), "files"),
        ("/items/1/itemReferenceId", json!("v-0"), "items[1].itemReferenceId"),
    ];
    for (pointer, value, field) in cases {
        let mut body = sim.draft("v", &[MUG, TEE]);
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let (status, answer) = sim.post("/v4/orders", body).await;
        assert_eq!(status, 400, "{pointer} = {value}");
        let fields: Vec<String> = answer["errors"].as_array().unwrap().iter().map(|e| text(&e["field"])).collect();
        assert!(fields.contains(&field.to_owned()), "{pointer} = {value}: {answer}");
    }
    for metadata in [
        json!({"a": "b"}),
        json!(vec![json!({"key": "k", "value": "v"}); 21]),
        json!([{"key": "k", "value": "v".repeat(101)}]),
    ] {
        let mut body = sim.draft("v", &[MUG]);
        body["metadata"] = metadata;
        assert_eq!(sim.post("/v4/orders", body).await.0, 400);
    }
    assert_eq!(sim.server.counts().creates, 0);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_in_the_documented_form() {
    let sim = Sim::start().await;
    let url = format!("{}/v4/orders", sim.server.base_url());
    let send = |body: Vec<u8>| sim.http.post(&url).header("x-api-key", crate::support::KEY).body(body).send();
    for (body, status) in [(b"{".to_vec(), 400), (b"[]".to_vec(), 400), (vec![b' '; 5 << 20], 413)] {
        let response = send(body).await.unwrap();
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert!(body["code"].is_string() && body["message"].is_string());
    }
    assert_eq!(sim.get("/v9/nothing").await.0, 404);
}

#[tokio::test]
async fn the_clock_and_the_reset_are_admin_routes() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("z", &[MUG])).await;
    sim.promote(&id).await;
    let (_, clock) = sim.post("/admin/clock", json!({"advanceSeconds": 4 * DAY})).await;
    assert_eq!(clock["speed"], 0.0);
    assert_eq!(sim.status(&id).await, "delivered");
    assert_eq!(sim.post("/admin/clock", json!({"advanceSeconds": -1})).await.0, 400);
    let (_, counts) = sim.get("/admin/counts").await;
    assert_eq!((&counts["releasesEffective"], &counts["byReference"]["z"]["delivered"]), (&json!(1), &json!(1)));
    assert_eq!(sim.call(Method::POST, "/admin/reset", Some(&json!({}))).await.0, 200);
    assert_eq!(sim.server.counts().creates, 0);
    assert_eq!(sim.get(&format!("/v4/orders/{id}")).await.0, 404);
}

#[tokio::test]
async fn templates_name_products_and_the_size_of_each_place() {
    let sim = Sim::start().await;
    let (_, all) = sim.get("/admin/templates").await;
    let (mut areas, mut forms) = (std::collections::BTreeSet::new(), (0, 0));
    for row in all["templates"].as_array().unwrap() {
        let (status, template) = sim.get(&format!("/v1/templates/{}", text(&row["id"]))).await;
        assert_eq!((status, &template["id"]), (200, &row["id"]));
        for variant in template["variants"].as_array().unwrap() {
            let uid = text(&variant["productUid"]);
            assert_eq!(sim.get(&format!("/v3/products/{uid}")).await.0, 200, "{uid}");
            for place in variant["imagePlaceholders"].as_array().unwrap() {
                areas.insert(text(&place["printArea"]));
                let textual = place["width"].is_string();
                forms = (forms.0 + usize::from(textual), forms.1 + usize::from(!textual));
                assert!(number(&place["width"]) > 0.0 && number(&place["height"]) > 0.0);
            }
        }
    }
    assert_eq!(areas.into_iter().collect::<Vec<_>>(), ["back", "default", "front"]);
    assert!(forms.0 > 0 && forms.1 > 0, "numbers come in both forms: {forms:?}");
    assert_eq!(sim.get("/v1/templates/none").await.0, 404);
}
