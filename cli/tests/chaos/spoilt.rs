//! The verdict can be bad: a loss and a double that the tests themselves make are found, told with their story, and answered with 1.

use std::path::Path;

use platen_shared::testing::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::{platen, said};
use crate::{Place, begin};

/// Some orders and no fault.
const CALM: [&str; 8] = ["--preset", "none", "--orders", "12", "--over", "6s", "--workers", "2"];

/// `platen jobs` on the run's own database: what it said, if it worked.
fn jobs(config: &Path, words: &[&str]) -> Option<String> {
    let config = config.display().to_string();
    let (code, out, _) = said(&platen(&[&["jobs"], words, &["--config", &config]].concat()).output().unwrap());
    (code == 0).then_some(out)
}

fn ended(run: std::process::Child) -> Value {
    let (code, out, err) = said(&run.wait_with_output().unwrap());
    assert_eq!(code, 1, "{out}\n{err}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test]
async fn an_order_whose_job_was_taken_away_is_lost_and_its_rows_say_why() {
    let place = Place::new();
    let config = place.path().join("chaos/platen.toml");
    let run = begin(&place.path(), &CALM);
    let pause = ["pause", "--kind", "submit_order", "--reason", "to catch one"];
    until("submissions rest", async || config.exists() && jobs(&config, &pause).is_some()).await;
    let cancel = [
        "cancel",
        "--kind",
        "submit_order",
        "--state",
        "scheduled",
        "--limit",
        "1",
        "--reason",
        "a clumsy hand",
        "--json",
    ];
    until("one is caught", async || jobs(&config, &cancel).is_some_and(|said| said.contains("is cancelled"))).await;
    let pauses: Value = serde_json::from_str(&jobs(&config, &["resume", "--json"]).unwrap()).unwrap();
    let pause = pauses["items"][0]["id"].as_str().unwrap().to_owned();
    until("submissions go on", async || jobs(&config, &["resume", &pause]).is_some()).await;
    let verdict = ended(run);
    assert_eq!((&verdict["enqueued"], &verdict["finished"]), (&json!(12), &json!(11)), "{verdict}");
    assert_eq!(verdict["doubled"], json!([]), "{verdict}");
    let story = verdict["lost"][0].to_string();
    for part in
        ["the printer never got it", "submit_order", "cancelled", "a clumsy hand", "the journal has no distribution"]
    {
        assert!(story.contains(part), "the story lacks \"{part}\": {story}");
    }
    assert!(place.is_clean());
}

#[tokio::test]
async fn an_order_that_the_printer_was_told_twice_is_doubled() {
    let place = Place::new();
    let config = place.path().join("chaos/platen.toml");
    let run = begin(&place.path(), &CALM);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    until("the run is set up", async || config.exists()).await;
    let settings: toml::Table = std::fs::read_to_string(&config).unwrap().parse().unwrap();
    let printer = settings["gelato"]["url"].as_str().unwrap().to_owned();
    let ask = async |method: Method, path: &str, body: Value| -> Value {
        let request = http.request(method, format!("{printer}{path}")).header("X-API-KEY", "stand-in-key");
        request.json(&body).send().await.unwrap().json().await.unwrap()
    };
    let found = std::sync::OnceLock::new();
    until("an order is at the printer", async || {
        let all = ask(Method::GET, "/admin/orders", Value::Null).await;
        let first = all["orders"].as_array().unwrap().first().map(|order| order["orderReferenceId"].clone());
        first.is_some_and(|reference| found.set(reference).is_ok())
    })
    .await;
    let reference = found.into_inner().unwrap();
    let again = json!({
        "orderType": "order", "orderReferenceId": reference, "customerReferenceId": "somebody", "currency": "EUR",
        "items": [{
            "itemReferenceId": "1", "productUid": "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0", "quantity": 1,
            "files": [{ "type": "default", "url": "https://files.example/mug.pdf" }],
        }],
        "shippingAddress": {
            "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003",
            "country": "FR", "email": "lena@example.org",
        },
    });
    let made = ask(Method::POST, "/v4/orders", again).await;
    assert!(made["id"].is_string(), "{made}");
    let verdict = ended(run);
    assert_eq!(verdict["lost"], json!([]), "{verdict}");
    assert_eq!(verdict["doubled"][0]["order"], reference);
    assert_eq!(verdict["doubled"][0]["why"], json!(["the printer was told to print it 2 times"]));
    let rows = verdict["doubled"][0]["rows"].to_string();
    assert!(rows.contains("submit_order"), "{verdict}");
    assert_eq!(rows.matches("the printer: Create of").count(), 2, "{verdict}");
    assert!(place.is_clean());
}
