//! Incidents as files, and the switches that came with them.

use platen_sim::gelato::{Fault, FaultKind, FileTrouble, Op, Scenario};
use serde_json::{Value, json};

use crate::support::{DAY, MUG, Sim};

#[tokio::test]
async fn a_scenario_changes_the_faults_over_virtual_time() {
    let sim = Sim::start().await;
    let scenario = json!({
        "about": "a bad hour",
        "faults": [{"kind": "throttle", "op": "quote"}],
        "steps": [{"afterSeconds": 3600, "clear": true, "faults": [{"kind": "status", "op": "search", "times": 1}]},
                  {"afterSeconds": 7200, "clear": true}],
    });
    let (status, answer) = sim.post("/admin/scenario", scenario).await;
    assert_eq!((status, answer["faults"][0]["kind"].as_str()), (200, Some("throttle")));
    let search = async || sim.post("/v4/orders:search", json!({})).await.0;
    assert_eq!(sim.post("/v4/orders:quote", json!({})).await.0, 429);
    sim.advance(3600);
    assert_eq!((search().await, search().await), (503, 200));
    assert_eq!(sim.post("/v4/orders:quote", json!({})).await.0, 400, "the first fault is over");
    sim.advance(3600);
    assert_eq!(search().await, 200);
}

#[tokio::test]
async fn a_misspelt_scenario_is_refused_with_the_place() {
    let sim = Sim::start().await;
    for (text, says) in [
        (r#"{"fault": []}"#, "unknown field `fault`"),
        (r#"{"faults": [{"kind": "dropReply", "tims": 1}]}"#, "faults[0] has the field `tims`"),
        (r#"{"steps": [{"afterSeconds": 5}, {"afterSeconds": 1}]}"#, "in the order of their afterSeconds"),
        ("[]", "a JSON object"),
        ("{", "a JSON object"),
    ] {
        let error = format!("{:#}", Scenario::read(text).expect_err(text));
        assert!(error.contains(says), "{text}: {error}");
    }
    let (status, answer) = sim.post("/admin/scenario", json!({"faults": [{"kind": "nonsense"}]})).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(sim.get("/admin/switches").await.1["switches"][0]["kind"], "dropReply");
}

#[test]
fn the_recorded_scenarios_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/scenarios");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let scenario = Scenario::read(&std::fs::read_to_string(&path).unwrap());
        let scenario = scenario.unwrap_or_else(|error| panic!("{}: {error:#}", path.display()));
        assert!(scenario.about.len() > 20, "{} says what happened", path.display());
        read += 1;
    }
    assert!(read >= 5);
}

#[tokio::test]
async fn answers_are_patched_and_replaced() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("s-1", &[MUG])).await;
    let patch = json!({"fulfillmentStatus": "teleporting", "comment": null, "customerReferenceId": null, "billingEntity": {"id": 7}});
    sim.server.set_fault(Fault::new(FaultKind::Patch { merge: patch }).on(Op::Get).times(1));
    let order = sim.order(&id).await;
    assert_eq!(
        (order["fulfillmentStatus"].as_str(), order["billingEntity"]["id"].as_i64()),
        (Some("teleporting"), Some(7))
    );
    assert!(order.get("customerReferenceId").is_none() && order["billingEntity"]["companyName"].is_string());
    let page = FaultKind::Answer { status: 200, body: Value::Null, text: "<html>".into(), before: false };
    sim.server.set_fault(Fault::new(page).on(Op::Get).times(1));
    let answer = sim.send(reqwest::Method::GET, &format!("/v4/orders/{id}"), None).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "text/html"));
    sim.order(&id).await;
}

#[tokio::test]
async fn orders_get_stuck_come_back_are_late_and_travel_unseen() {
    let kinds = [
        (FaultKind::Stuck { status: "in_production".into() }, 30, "in_production"),
        (FaultKind::Returned, 30, "returned"),
        (FaultKind::Delay { days: 7 }, 6, "passed"),
        (FaultKind::Untracked, 30, "shipped"),
    ];
    for (kind, days, word) in kinds {
        let sim = Sim::start().await;
        let usual = sim.order(&sim.create(sim.draft("usual", &[MUG])).await).await;
        sim.server.set_fault(Fault::new(kind.clone()).times(1));
        let id = sim.create(sim.draft("k-1", &[MUG])).await;
        sim.promote(&id).await;
        sim.advance(days * DAY);
        assert_eq!(sim.status(&id).await, word, "{kind:?}");
        let order = sim.order(&id).await;
        if word == "shipped" {
            assert!(order["shipment"]["packages"][0]["trackingCode"].is_null());
        }
        if word == "passed" {
            let estimate = |order: &Value| order["shipment"]["maxDeliveryDays"].as_i64().unwrap();
            assert_eq!(estimate(&order), estimate(&usual) + 7);
        }
    }
}

#[tokio::test]
async fn a_second_parcel_leaves_later_and_a_cancel_comes_too_late() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::TwoPackages { late_seconds: 2 * DAY }).times(1));
    let id = sim.create(sim.draft("p-1", &[MUG])).await;
    sim.promote(&id).await;
    let parcels = async || sim.order(&id).await["shipment"]["packages"].as_array().unwrap().len();
    sim.advance(30 * 3600);
    assert_eq!(parcels().await, 1);
    sim.advance(2 * DAY);
    assert_eq!(parcels().await, 2);

    let id = sim.create(sim.draft("p-2", &[MUG])).await;
    sim.promote(&id).await;
    sim.server.set_fault(Fault::new(FaultKind::CancelTooLate).times(1));
    assert_eq!(sim.post(&format!("/v4/orders/{id}:cancel"), Value::Null).await.0, 409);
    assert_eq!(sim.post(&format!("/v4/orders/{id}:cancel"), Value::Null).await.0, 200);
}

#[tokio::test]
async fn print_files_fail_in_every_known_way() {
    for how in [FileTrouble::Forbidden, FileTrouble::Missing, FileTrouble::Slow, FileTrouble::WrongType] {
        let sim = Sim::start().await;
        sim.server.set_fault(Fault::new(FaultKind::File { how }).on(Op::Create).times(1));
        let (status, answer) = sim.post("/v4/orders", sim.draft("f-1", &[MUG])).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("file_not_reachable")), "{how:?}");
        let id = sim.create(sim.draft("f-1", &[MUG])).await;
        sim.server.set_fault(Fault::new(FaultKind::File { how }).on(Op::Release).times(1));
        sim.promote(&id).await;
        sim.advance(3600);
        let order = sim.order(&id).await;
        assert_eq!(order["fulfillmentStatus"], "failed", "{how:?}");
        assert!(order["refusalReason"].as_str().unwrap().contains("could not be used"));
    }
}
