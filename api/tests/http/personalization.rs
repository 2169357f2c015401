//! Live validation: rules as data, one verdict at every door, and what an editor draws by.

use serde_json::{Value, json};

use crate::kit::{Kit, each};
use crate::seed::{Tenant, product};

/// The seeded mug with rules on its left side.
fn ruled() -> Value {
    let mut product = product();
    product["rules"] = json!({
        "blockedWords": ["darn"],
        "zones": { "left": { "maxLength": 12, "maxLines": 1, "fonts": ["Lobster"], "colors": ["#1d3557"], "minSizeMm": 5,
            "pattern": "[^0-9]*", "patternHint": { "en": "No digits, please.", "fr": "Pas de chiffres." } } },
    });
    product
}

fn layer(zone: &str, text: &str) -> Value {
    json!({ "zone": zone, "type": "text", "text": text, "font": "Lobster", "color": "#1d3557", "sizeMm": 16, "minSizeMm": 4,
        "box": { "x": 5, "y": 10, "w": 75, "h": 30 } })
}

fn body(layers: &[Value]) -> Value {
    json!({ "product": { "id": "mug" }, "layers": layers })
}

async fn shop(kit: &Kit) -> Tenant {
    let tenant = kit.tenant("Personal").await;
    kit.catalogue(&tenant).await;
    kit.put(&tenant.key, "/v1/products/mug", &ruled()).await.ok(201);
    tenant
}

/// `code pointer` of each fault.
fn faults(answer: &Value) -> Vec<String> {
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|fault| format!("{} {}", text(fault, "code"), text(fault, "pointer"))).collect()
}

#[tokio::test]
async fn rules_are_judged_and_explained_in_both_languages() {
    each(async |kit: Kit| {
        let key = shop(&kit).await.key;
        let ask = async |layers: &[Value]| kit.post(&key, "/v1/personalization/validate", &body(layers)).await.ok(200);
        let rows = kit.rows().await;
        let good = ask(&[layer("left", "Zoe\u{308}")]).await;
        assert_eq!((&good["valid"], faults(&good)), (&json!(true), vec![]), "{good}");
        let mut wrong = layer("left", "a darn long text 7");
        wrong["font"] = json!("Noto Sans");
        wrong["color"] = json!("#ffffff");
        let bad = ask(&[layer("right", "fine"), wrong]).await;
        let expected = [
            "palette /layers/1/color",
            "too_long /layers/1/text",
            "pattern /layers/1/text",
            "blocked_word /layers/1/text",
            "font /layers/1/font",
        ];
        assert_eq!((&bad["valid"], faults(&bad)), (&json!(false), expected.map(str::to_owned).to_vec()));
        assert!(bad["specHash"].is_null(), "what is not valid has no name");
        let pattern = &bad["errors"][2];
        assert_eq!(
            (&pattern["message"], &pattern["translations"]["fr"]),
            (&json!("No digits, please."), &json!("Pas de chiffres."))
        );
        for fault in bad["errors"].as_array().expect("faults") {
            assert!(fault["translations"]["fr"].as_str().is_some_and(|fr| fr.ends_with('.')), "{fault}");
            assert!(!fault.to_string().contains("darn"), "no value is echoed: {fault}");
        }
        assert_eq!(kit.rows().await, rows, "nothing was stored and no job was made");
    })
    .await;
}

/// The same verdict where a design is stored, and the spec that live validation completed is stored as it is.
#[tokio::test]
async fn every_door_says_the_same() {
    each(async |kit: Kit| {
        let key = shop(&kit).await.key;
        let good = kit
            .post(&key, "/v1/personalization/validate", &body(&[layer("left", "Zoë"), layer("right", "7")]))
            .await
            .ok(200);
        let stored = kit.post(&key, "/v1/specs", &good["spec"]).await.ok(201);
        assert_eq!(stored["hash"], good["specHash"]);
        let mut spec = good["spec"].clone();
        spec["layers"][0]["text"] = json!("Zoë 7");
        let live = kit.post(&key, "/v1/personalization/validate", &body(&[spec["layers"][0].clone()])).await.ok(200);
        let checked = kit.post(&key, "/v1/specs/validate", &spec).await.ok(200);
        let refused = kit.post(&key, "/v1/specs", &spec).await.problem(422, "invalid");
        assert_eq!(faults(&live), ["pattern /layers/0/text"]);
        assert_eq!((faults(&checked), faults(&refused)), (faults(&live), faults(&live)));
        spec["product"]["zones"][0]["widthMm"] = json!(86);
        let other = kit.post(&key, "/v1/specs", &spec).await.problem(422, "invalid");
        assert!(faults(&other).contains(&"zones-differ /product/zones".to_owned()), "{other}");
    })
    .await;
}

#[tokio::test]
async fn an_editor_learns_sizes_lines_and_boxes() {
    each(async |kit: Kit| {
        let key = shop(&kit).await.key;
        let long = "To be yourself in a world that is constantly trying to make you something else";
        let mut wrapped = layer("right", long);
        wrapped["fit"] = json!("wrap");
        let mut hopeless = layer("right", "Donaudampfschifffahrtsgesellschaft");
        hopeless["minSizeMm"] = json!(15);
        let layers = [layer("left", "Zoë"), layer("left", "Maximilian-Alexander"), wrapped, hopeless];
        let fit = kit.post(&key, "/v1/personalization/auto-fit", &body(&layers)).await.ok(200);
        assert_eq!((&fit["fits"], faults(&fit)), (&json!(false), vec!["does_not_fit /layers/3/text".to_owned()]));
        let texts = fit["texts"].as_array().expect("texts");
        let shrunk: Vec<_> = texts.iter().map(|text| (text["layer"].as_i64(), text["shrunk"].as_bool())).collect();
        assert_eq!(shrunk, [(Some(0), Some(false)), (Some(1), Some(true)), (Some(2), Some(true))]);
        assert!(texts[2]["lines"].as_array().is_some_and(|lines| lines.len() >= 3));
        for text in texts {
            let (size, line_height) =
                (text["sizeMm"].as_f64().expect("mm"), text["lineHeightMm"].as_f64().expect("mm"));
            assert!(size > 2.0 && line_height > size * 0.9, "{text}");
            for line in text["lines"].as_array().expect("lines") {
                let number = |name: &str| line["box"][name].as_f64().expect("mm");
                let right = number("x") + number("w");
                assert!(number("x") >= 4.999 && right <= 80.001, "inside its box: {line}");
                assert!(number("y") >= 9.999 && number("y") + number("h") <= 40.001, "{line}");
                assert!((number("y")..number("y") + number("h")).contains(&line["baselineMm"].as_f64().expect("mm")));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn texts_come_back_in_normal_form_with_a_way_out() {
    each(async |kit: Kit| {
        let key = shop(&kit).await.key;
        let asked = json!({ "texts": ["Zoe\u{308}", "שלום abc", "Anna\u{202e}\t!", "\u{200b}"] });
        let answer = kit.post(&key, "/v1/personalization/normalize", &asked).await.ok(200);
        let texts = &answer["texts"];
        assert_eq!(
            (&texts[0]["text"], &texts[0]["changed"], &texts[0]["graphemes"]),
            (&json!("Zo\u{eb}"), &json!(true), &json!(3))
        );
        assert_eq!((&texts[1]["direction"], &texts[1]["scripts"]), (&json!("rtl"), &json!(["Hebr", "Latn"])));
        assert_eq!(
            (&texts[2]["cleaned"], faults(&texts[2])),
            (&json!("Anna !"), vec!["bidi_control /texts/2".to_owned()])
        );
        assert_eq!((&texts[3]["cleaned"], faults(&texts[3])), (&Value::Null, vec!["empty_text /texts/3".to_owned()]));
        kit.post(&key, "/v1/personalization/normalize", &json!({ "texts": [] })).await.problem(422, "invalid");
        kit.post(&key, "/v1/personalization/normalize", &json!({ "texts": vec!["a"; 65] }))
            .await
            .problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn a_new_version_of_a_product_has_its_own_rules() {
    each(async |kit: Kit| {
        let key = shop(&kit).await.key;
        let ask = async |product: Value| {
            let body = json!({ "product": product, "layers": [layer("left", "a text of twenty-two")] });
            faults(&kit.post(&key, "/v1/personalization/validate", &body).await.ok(200))
        };
        assert_eq!(ask(json!({ "id": "mug" })).await, ["too_long /layers/0/text"]);
        let mut free = ruled();
        free["rules"] = json!({});
        assert_eq!(kit.put(&key, "/v1/products/mug", &free).await.ok(200)["version"], 2);
        assert_eq!(ask(json!({ "id": "mug" })).await, Vec::<String>::new(), "the newest is meant");
        assert_eq!(ask(json!({ "id": "mug", "templateVersion": 1 })).await, ["too_long /layers/0/text"]);
        let unknown = json!({ "product": { "id": "cup" }, "layers": [layer("left", "x")] });
        kit.post(&key, "/v1/personalization/validate", &unknown).await.problem(422, "invalid");
        let refused = json!({ "zones": { "left": { "maxLength": 0 }, "handle": {} } });
        let mut broken = ruled();
        broken["rules"] = refused;
        let problem = kit.put(&key, "/v1/products/mug", &broken).await.problem(422, "invalid");
        assert_eq!(faults(&problem), ["range /rules/zones/left/maxLength", "unknown_zone /rules/zones/handle"]);
    })
    .await;
}
