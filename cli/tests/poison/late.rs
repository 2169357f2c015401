//! A worker that was stopped for so long that it was thought dead, and goes on.

use platen_shared::testing::{DEADLINE, databases, suite_ran, until};
use platen_sim::gelato::{Config, Fault, FaultKind, Op};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::api::call;
use crate::seed::{self, Seeded};
use crate::shop::{Shop, Worker};

/// A call of the seeded shop that must succeed.
async fn ask(shop: &Shop, who: &Seeded, method: Method, path: &str, body: Value) -> Value {
    let (url, idempotency) = (format!("{}{path}", shop.api.url), format!("{method} {path}"));
    let answer = call(&shop.http, &who.key, method, &url, &idempotency, &body).await;
    let (status, body) = answer.expect("an answer");
    assert!((200..300).contains(&status), "{path} answered {status}: {body}");
    body
}

/// An order that is paid and whose print files are there; its path.
async fn an_order(shop: &Shop, who: &Seeded) -> String {
    let key = json!({ "apiKey": Config::default().api_key });
    ask(shop, who, Method::PUT, "/v1/connections/gelato", key).await;
    let made = ask(shop, who, Method::POST, "/v1/orders", seed::order(&who.snapshot, "x-1")).await;
    let order = format!("/v1/orders/{}", made["id"].as_str().expect("an order's id"));
    let paid =
        json!({ "reference": "p-1", "method": "card", "amount": { "minor": seed::TOTAL_MINOR, "currency": "EUR" } });
    ask(shop, who, Method::POST, &format!("{order}/payments"), paid).await;
    until("the print files are there", || async {
        ask(shop, who, Method::GET, &order, Value::Null).await["state"] == "ready"
    })
    .await;
    order
}

fn send(worker: &Worker, signal: Signal) {
    let id = worker.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    kill_process(id.expect("it runs"), signal).expect("it can be signalled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_late_result_of_a_worker_that_was_thought_dead_is_refused() {
    for test in databases().await {
        let engine = test.engine();
        let shop = Shop::open(test).await;
        let who = seed::seed(&shop.test.db, &shop.api.url).await;
        let env = [("PUBLIC_URL", shop.api.url.as_str())];
        let mut late = shop.worker(&[], &env).await;
        let order = an_order(&shop, &who).await;
        shop.sim.set_fault(Fault::new(FaultKind::Gate).on(Op::Release).times(1));
        let job = ask(&shop, &who, Method::POST, &format!("{order}/submit"), json!({})).await;
        let job = format!("/v1/jobs/{}", job["id"].as_str().expect("an id"));
        assert!(shop.sim.wait_held(DEADLINE).await, "the printer has accepted, and its answer is on its way");
        send(&late, Signal::STOP);

        let mut other = shop.worker(&[], &env).await;
        until("it is finished elsewhere", || async {
            ask(&shop, &who, Method::GET, &job, Value::Null).await["state"] == "succeeded"
        })
        .await;
        let before = ask(&shop, &who, Method::GET, &job, Value::Null).await;
        assert_eq!((&before["recoveries"], &before["failures"]), (&1.into(), &0.into()), "{before}");

        assert_eq!(shop.sim.open_gates(None), 1);
        send(&late, Signal::CONT);
        late.says("was given to another worker; this attempt's result is dropped").await;
        assert_eq!(ask(&shop, &who, Method::GET, &job, Value::Null).await, before, "it changed nothing");
        let counts = shop.sim.counts();
        assert_eq!((counts.released_groups, counts.releases_effective), (1, 1), "{counts:?}");
        let attempts = ask(&shop, &who, Method::GET, &format!("{job}/attempts"), Value::Null).await;
        let outcomes: Vec<_> = attempts["items"].as_array().into_iter().flatten().map(|a| &a["outcome"]).collect();
        assert_eq!(outcomes, ["lost", "succeeded"], "{attempts}");
        for worker in [&mut late, &mut other] {
            worker.asked_to_stop().await;
        }
        assert_eq!((late.ended().await, other.ended().await), (Some(0), Some(0)), "both are well");
        suite_ran("late", engine);
        shop.close().await;
    }
}
