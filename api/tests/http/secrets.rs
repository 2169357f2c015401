//! Planted secrets, addresses and texts never reach a log, and credentials and addresses never the database in clear.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::kit::{Kit, ROOT, both, each};
use crate::seed::{design, order};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_planted_is_ever_logged() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    // For the whole process: what every other test logs is looked at as well.
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    each(async |kit: Kit| {
        let seed = kit.seeded("Secretive").await;
        let key = seed.tenant.key.as_str();
        let mut body = order(&seed.snapshot, "planted-external-id");
        body["recipient"]["addressLine1"] = json!("Planted Street 1");
        body["recipient"]["email"] = json!("planted@example.org");
        let headers = [("idempotency-key", "planted-idempotency"), ("x-request-id", "seen-in-the-log")];
        kit.send("POST", "/v1/orders", key, &headers, &body).await.ok(201);
        body["recipient"]["city"] = json!("x".repeat(40));
        kit.post(key, "/v1/orders", &body).await.problem(422, "invalid");
        kit.post(key, "/v1/specs", &design("planted words \u{202e}", &seed.sha256)).await.problem(422, "invalid");
        kit.put(key, "/v1/connections/gelato", &json!({ "apiKey": "planted-credential" })).await.ok(200);
        kit.bytes("POST", "/v1/keys", key, &[], b"{\"planted-body".to_vec()).await.problem(400, "bad-request");
        kit.get("plk_planted", "/v1/tenant").await.problem(401, "unauthorized");
        kit.get("", "/f/planted-token.planted").await.problem(404, "not-found");

        let sealed: Vec<(String,)> = kit
            .db
            .query(both("SELECT credential FROM connections UNION ALL SELECT recipient FROM orders"))
            .all()
            .await
            .expect("rows");
        assert!(sealed.iter().all(|(text,)| text.starts_with("v1.")), "sealed at rest");
        kit.db.close().await;
        let problem = kit.post(key, "/v1/orders", &body).await;
        assert!(
            problem.status.is_server_error() && !problem.text().to_lowercase().contains("pool"),
            "{}",
            problem.text()
        );
        let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
        let secret = key.rsplit('_').next().expect("a secret");
        for planted in ["lanted", secret, ROOT, "gelato-key-of", "Lilas", "lena@example.org", "Words of"] {
            let line = text.lines().find(|line| line.contains(planted));
            assert!(line.is_none(), "{planted} stands in the log: {}", line.unwrap_or_default());
        }
        assert!(text.contains("seen-in-the-log"), "requests are logged");
        assert!(text.contains(&seed.tenant.id), "the tenant and the request's id are there");
    })
    .await;
}
