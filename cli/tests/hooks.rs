//! The stand-in's webhooks against the real api: what one sends, the other understands, through loss, repeats and the old form.

#[path = "support/api.rs"]
mod api;
#[expect(dead_code, reason = "this suite goes on with less of it than the others")]
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;

use std::collections::BTreeSet;
use std::time::Duration;

use platen_shared::testing::TestDb;
use platen_sim::gelato::{Config, Fault, FaultKind, Hook, HookTrouble, Server};
use reqwest::Method;
use serde_json::{Value, json};

use api::call;
use seed::Seeded;

const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

/// Asks our api, which must agree.
async fn ask(url: &str, seeded: &Seeded, method: Method, path: &str, body: Value) -> Value {
    let name = format!("{method} {path}");
    let answer = call(&api::client(), &seeded.key, method, &format!("{url}{path}"), &name, &body).await;
    let (status, body) = answer.expect("an answer");
    assert!((200..300).contains(&status), "{name}: {status} {body}");
    body
}

/// Asks the printer's stand-in, which must agree.
async fn order_there(printer: &Server, method: Method, path: &str, body: Value) -> Value {
    let request = api::client().request(method, format!("{}{path}", printer.base_url())).header("X-API-KEY", "sim-key");
    let answer = request.json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stand_in_sends_the_api_understands() {
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let front = api::start(&test.url, folder.path(), &[]).await;
    let seeded = seed::seed(&test.db, &front.url).await;
    ask(&front.url, &seeded, Method::PUT, "/v1/connections/gelato", json!({ "apiKey": "sim-key" })).await;
    let door = ask(&front.url, &seeded, Method::PUT, "/v1/connections/gelato/webhook", json!({})).await;
    let order = ask(&front.url, &seeded, Method::POST, "/v1/orders", seed::order(&seeded.snapshot, "hooked")).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (secret, address) = (text(&door["secret"]), text(&door["url"]));
    let path = &address[address.find("/v1/hooks/").expect("a path")..];

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let clock = platen_sim::Clock::starting_now(0.0);
    let hook = Hook { url: format!("{}{path}", front.url), header: text(&door["header"]), secret };
    let pause = Duration::from_millis(1);
    let config = Config {
        api_key: "sim-key".into(),
        fetch_files: false,
        clock,
        hook: Some(hook),
        hook_pause: pause,
        ..Config::default()
    };
    let printer = Server::start(listener, config).await.expect("the stand-in");
    let draft = json!({
        "orderType": "draft", "orderReferenceId": order["id"], "customerReferenceId": "c", "currency": "EUR",
        "items": [{ "itemReferenceId": "i", "productUid": MUG, "quantity": 1, "files": [{ "type": "default", "url": "https://f.example/a.png" }] }],
        "shippingAddress": seed::order("", "")["recipient"],
    });
    let draft = order_there(&printer, Method::POST, "/v4/orders", draft).await;
    let there = format!("/v4/orders/{}", text(&draft["id"]));
    order_there(&printer, Method::PATCH, &there, json!({ "orderType": "order" })).await;
    for how in [HookTrouble::Twice, HookTrouble::OldForm, HookTrouble::WrongSecret, HookTrouble::Lost] {
        printer.set_fault(Fault::new(FaultKind::Hook { how }).times(1));
    }
    printer.clock().advance(Duration::from_secs(90 * 3600));
    // Reading waits until the files are judged, without which nothing moves there.
    let read = api::client().get(format!("{}{there}", printer.base_url())).header("X-API-KEY", "sim-key");
    assert!(read.send().await.expect("an answer").status().is_success());

    let sent = printer.fire_hooks().await;
    let refused: Vec<_> = sent.iter().filter(|delivery| delivery.status == Some(401)).collect();
    assert_eq!((refused.len(), refused[0].tries), (1, 3), "a wrong secret is refused, and tried three times");
    let taken = sent.iter().filter(|delivery| delivery.status == Some(200)).count();
    assert_eq!(taken + 2, sent.len(), "the refused and the lost one apart, all were taken: {sent:?}");
    let heard = ask(&front.url, &seeded, Method::GET, "/v1/connections/gelato/webhook/events", Value::Null).await;
    let events = heard["items"].as_array().expect("a list");
    assert_eq!(events.len(), taken - 1, "the one that came twice is one");
    assert!(events.iter().all(|event| event["orderId"] == order["id"]), "{heard}");
    let names: BTreeSet<_> = events.iter().map(|event| text(&event["event"])).collect();
    let all = ["order_item_status_updated", "order_item_tracking_code_updated", "order_status_updated"];
    assert_eq!(names, all.map(str::to_owned).into());
    printer.stop().await;
    front.kill().await;
    test.drop_it().await;
}
