//! A front over a fresh database, and requests to it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use platen_api::{App, Settings, router};
use platen_shared::adapters::http::{Gates, Rate, SqlBoard};
use platen_shared::adapters::standing::Accounting;
use platen_shared::canon::sha256_hex;
use platen_shared::db::{Db, Sql};
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::links::Links;
use platen_shared::secrets::Keyring;
use platen_shared::testing::{ManualClock, TestDb, databases, suite_ran};
use serde_json::Value;
use tower::ServiceExt;

/// The budget at Gelato.
pub(crate) const RATE: Rate = Rate { per_second: 5, burst: 10 };
pub(crate) const ROOT: &str = "the-root-key-of-this-installation";

/// A front under test.
pub(crate) struct Kit {
    pub(crate) router: Router,
    pub(crate) db: Db,
    pub(crate) ledger: Ledger,
    pub(crate) clock: ManualClock,
    pub(crate) gates: Arc<Gates>,
    pub(crate) blobs: Blobs,
    pub(crate) links: Links,
}

/// Runs a test on every engine of this run.
pub(crate) async fn each(test: impl AsyncFn(Kit)) {
    each_with(Settings::default, test).await;
}

/// The same with other settings; the root key is always [`ROOT`].
pub(crate) async fn each_with(settings: impl Fn() -> Settings, test: impl AsyncFn(Kit)) {
    for database in databases().await {
        let engine = database.engine();
        let TestDb { db, .. } = &database;
        test(Kit::new(db.clone(), settings())).await;
        suite_ran("http", engine);
        database.drop_it().await;
    }
}

impl Kit {
    pub(crate) fn new(db: Db, settings: Settings) -> Kit {
        Kit::over(db, settings, Blobs::open("memory://").expect("memory"))
    }

    /// The same over a file store of the test's own.
    pub(crate) fn over(db: Db, settings: Settings, blobs: Blobs) -> Kit {
        let clock = ManualClock::new();
        let keyring = Keyring::new(&"the installation's secret of this test".to_owned().into());
        let ledger = Ledger::new(db.clone(), Arc::new(clock.clone()));
        let links = Links::new("https://print.example", keyring.clone());
        let board = SqlBoard::new(db.clone(), Arc::new(clock.clone()));
        let gates = Arc::new(Gates::on(Box::new(board), Arc::new(clock.clone())));
        let app = App {
            ledger: ledger.clone(),
            blobs: blobs.clone(),
            links: links.clone(),
            keyring,
            standings: Arc::new(Accounting {
                read: db.reader(),
                gates: gates.clone(),
                rates: [("gelato", RATE)].into(),
            }),
            clock: Arc::new(clock.clone()),
            speed: 1,
            press_version: "test",
            settings: Settings { root_key: Some(ROOT.to_owned().into()), ..settings },
        };
        Kit { router: router(app), db, ledger, clock, gates, blobs, links }
    }

    /// Sends a request as it is.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() }
    }

    /// Sends JSON (or nothing, for null) with a key (or none, for an empty one) and headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.bytes(method, path, key, headers, text.into_bytes()).await
    }

    /// Sends bytes, as JSON unless a header says otherwise.
    pub(crate) async fn bytes(
        &self,
        method: &str,
        path: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::try_from(method).expect("a method")).uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.raw(request.body(Body::from(body)).expect("a request")).await
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        self.send("GET", path, key, &[], &Value::Null).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send("POST", path, key, &[], body).await
    }

    pub(crate) async fn put(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, key, &[], body).await
    }

    /// How many rows each table has that a request could write.
    pub(crate) async fn rows(&self) -> Vec<(String, i64)> {
        self.db
            .query(both("SELECT CAST('tenants' AS TEXT), count(*) FROM tenants UNION ALL SELECT 'api_keys', count(*) FROM api_keys
                 UNION ALL SELECT 'connections', count(*) FROM connections UNION ALL SELECT 'idempotency', count(*) FROM idempotency
                 UNION ALL SELECT 'audit', count(*) FROM audit UNION ALL SELECT 'jobs', count(*) FROM jobs
                 UNION ALL SELECT 'job_history', count(*) FROM job_history UNION ALL SELECT 'job_keys', count(*) FROM job_keys
                 UNION ALL SELECT 'pauses', count(*) FROM pauses UNION ALL SELECT 'schedules', count(*) FROM schedules
                 UNION ALL SELECT 'uploads', count(*) FROM uploads UNION ALL SELECT 'products', count(*) FROM products
                 UNION ALL SELECT 'specs', count(*) FROM specs UNION ALL SELECT 'snapshots', count(*) FROM snapshots
                 UNION ALL SELECT 'approvals', count(*) FROM snapshot_approvals UNION ALL SELECT 'locks', count(*) FROM snapshot_locks
                 UNION ALL SELECT 'hook_events', count(*) FROM hook_events UNION ALL SELECT 'operator_items', count(*) FROM operator_items
                 UNION ALL SELECT 'orders', count(*) FROM orders UNION ALL SELECT 'order_items', count(*) FROM order_items
                 UNION ALL SELECT 'order_events', count(*) FROM order_events UNION ALL SELECT 'payments', count(*) FROM payments
                 UNION ALL SELECT 'journal_lines', count(*) FROM journal_lines
                 UNION ALL SELECT 'refunds', count(*) FROM refunds UNION ALL SELECT 'payouts', count(*) FROM payouts
                 UNION ALL SELECT 'parties', count(*) FROM parties UNION ALL SELECT 'money_settings', count(*) FROM money_settings
                 UNION ALL SELECT 'holder_lists', count(*) FROM holder_lists UNION ALL SELECT 'exchange_rates', count(*) FROM exchange_rates
                 UNION ALL SELECT 'item_terms', count(*) FROM item_terms
                 UNION ALL SELECT 'packaging_rules', count(*) FROM packaging_rules UNION ALL SELECT 'packaging_costs', count(*) FROM packaging_costs
                 UNION ALL SELECT 'packaging_designs', count(*) FROM packaging_designs
                 UNION ALL SELECT 'catalogue_alarms', count(*) FROM catalogue_alarms
                 UNION ALL SELECT 'order_details', count(*) FROM order_details
                 UNION ALL SELECT 'order_cancellations', count(*) FROM order_cancellations
                 UNION ALL SELECT 'order_quotes', count(*) FROM order_quotes UNION ALL SELECT 'order_rules', count(*) FROM order_rules
                 UNION ALL SELECT 'order_forms', count(*) FROM order_forms"
            ))
            .all()
            .await
            .expect("counts")
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, when the status is this one.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, when it is this one: well-formed, and of the content type.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{code}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(
            problem["title"].is_string() && problem["detail"].as_str().is_some_and(|d| d.ends_with('.')),
            "{problem}"
        );
        problem
    }
}

/// A text of a field.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A small PNG; another number, another picture.
pub(crate) fn png(seed: u8) -> Vec<u8> {
    let picture = image::RgbaImage::from_fn(8, 6, |x, y| image::Rgba([seed, (x * 20) as u8, (y * 30) as u8, 255]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha(bytes: &[u8]) -> String {
    sha256_hex(bytes)
}

/// A query of the test's own, the same on both databases.
pub(crate) const fn both(text: &'static str) -> Sql {
    Sql { lite: text, pg: text }
}
