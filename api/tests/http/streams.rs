//! Streams of events: a job's states as they change, to its end, from one watcher.

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use platen_shared::ledger::finish_many::Done;
use platen_shared::testing::DEADLINE;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::kit::{Kit, each, text};
use crate::seed::Tenant;

/// An open stream, read event by event.
struct Events(std::pin::Pin<Box<dyn futures::Stream<Item = Result<bytes::Bytes, axum::Error>> + Send>>);

impl Events {
    async fn of(kit: &Kit, path: &str, key: &str) -> Events {
        let mut request = Request::builder().uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let answer =
            kit.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("answered");
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().expect("text")),
            (200, "text/event-stream")
        );
        Events(Box::pin(answer.into_body().into_data_stream()))
    }

    /// The next event's data; null at the end of the stream.
    async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(DEADLINE, self.0.next()).await.expect("an event in time");
        let Some(chunk) = next else { return Value::Null };
        let text = String::from_utf8(chunk.expect("a chunk").to_vec()).expect("UTF-8");
        assert!(text.starts_with("event: state\n"), "{text}");
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
        serde_json::from_str(data).expect("JSON")
    }
}

async fn render(kit: &Kit, name: &str) -> (Tenant, String) {
    let seeded = kit.seeded(name).await;
    (seeded.tenant, seeded.render)
}

/// Starts and ends a render as its worker would.
async fn run(kit: &Kit, tenant: &Tenant, job: &str) {
    kit.start_all("w1").await;
    let row = kit
        .ledger
        .job(tenant.id.parse().expect("a tenant"), job.parse().expect("a job"))
        .await
        .expect("asked")
        .expect("a job");
    let done = Done { fence: row.fence(), output: json!({ "files": [] }) };
    assert!(kit.ledger.finish(&[done]).await[0].is_ok());
}

#[tokio::test]
async fn a_stream_tells_every_listener_of_every_change_and_ends() {
    each(async |kit: Kit| {
        let (tenant, job) = render(&kit, "Streams").await;
        let path = format!("/v1/jobs/{job}/events");
        let (mut one, mut two) =
            (Events::of(&kit, &path, &tenant.key).await, Events::of(&kit, &path, &tenant.key).await);
        for events in [&mut one, &mut two] {
            let first = events.next().await;
            assert_eq!((&first["id"], &first["state"]), (&json!(job), &json!("ready")));
        }
        run(&kit, &tenant, &job).await;
        for events in [&mut one, &mut two] {
            let mut last = events.next().await;
            while last["state"] == "running" {
                last = events.next().await;
            }
            assert_eq!(last["state"], "succeeded");
            assert_eq!(events.next().await, Value::Null, "nothing more will happen");
        }
        let mut late = Events::of(&kit, &path, &tenant.key).await;
        assert_eq!((late.next().await["state"].clone(), late.next().await), (json!("succeeded"), Value::Null));
    })
    .await;
}

#[tokio::test]
async fn a_page_follows_renders_with_its_key_in_the_address() {
    each(async |kit: Kit| {
        let (tenant, job) = render(&kit, "Followed").await;
        let made = kit.post(&tenant.key, "/v1/keys", &json!({ "name": "page", "scopes": ["widget"] })).await.ok(201);
        let key = text(&made["secret"]);
        let mut events = Events::of(&kit, &format!("/v1/jobs/{job}/events?key={key}"), "").await;
        assert_eq!(events.next().await["kind"], "render_preview");
        let other = kit.sync_job(&tenant, "another").await;
        kit.get(&key, &format!("/v1/jobs/{other}/events")).await.problem(404, "not-found");
        kit.get("", &format!("/v1/jobs/{job}/events?key={}", tenant.key)).await.problem(401, "unauthorized");
        kit.get("", &format!("/v1/renders/{job}?key={key}")).await.problem(401, "unauthorized");
        let stranger = kit.tenant("Stranger").await;
        kit.get(&stranger.key, &format!("/v1/jobs/{job}/events")).await.problem(404, "not-found");
    })
    .await;
}
