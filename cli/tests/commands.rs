//! The commands on the real binary: help, exit codes, and what operators do beside the database.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use std::path::Path;
use std::sync::Arc;

use platen_shared::adapters::http::{AccountKey, Class, Gates, Outcome, Rate, SqlBoard};
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::db::Json;
use platen_shared::domain::notice::Topic;
use platen_shared::id::{EndpointId, JobId, TenantId};
use platen_shared::ledger::enqueue::{NewJob, enqueue};
use platen_shared::ledger::fires::{Each, Line};
use platen_shared::ledger::{Ledger, Presence, Queue};
use platen_shared::store::notices::Telling;
use platen_shared::store::webhook_endpoints::{self, Endpoint};
use platen_shared::store::{connections, notices};
use platen_shared::testing::{ManualClock, TestDb, databases, until};
use serde_json::{Value, json};

use cli::{platen, said};

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
const SECRET: &str = "secret-key-of-the-tests-0123456789abcdef";

/// Runs it on a database: (exit code, standard output, standard error).
fn on(url: &str, words: &[&str]) -> (i32, String, String) {
    let mut command = platen(words);
    said(&command.env("DATABASE_URL", url).output().expect("platen starts"))
}

/// The same, which must succeed and answer JSON.
fn json_of(url: &str, words: &[&str]) -> Value {
    let (code, out, err) = on(url, words);
    assert_eq!(code, 0, "{words:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{words:?}: {e}: {out}"))
}

#[test]
fn help_names_every_command_and_nonsense_is_exit_code_2() {
    let (code, out, _) = said(&platen(&["--help"]).output().expect("platen starts"));
    assert_eq!(code, 0);
    for command in [
        "demo",
        "dev",
        "api",
        "worker",
        "migrate",
        "doctor",
        "config",
        "keys",
        "jobs",
        "workers",
        "messages",
        "providers",
        "schedules",
        "spec",
        "press",
        "preflight",
        "bundle",
        "sim",
        "bench-adapter",
    ] {
        assert!(out.contains(&format!("  {command}")), "{command} is not in the help: {out}");
        let (code, out, _) = said(&platen(&[command, "--help"]).output().expect("platen starts"));
        assert!(code == 0 && out.contains("Usage: platen"), "{command}: {out}");
    }
    for words in [
        &["deliver"][..],
        &["jobs", "list", "--state", "lost"],
        &["worker", "--concurrency", "many"],
        &["jobs", "show", "ord_1"],
        &[],
    ] {
        let (code, _, err) = said(&platen(words).output().expect("platen starts"));
        assert!(code == 2 && !err.is_empty(), "{words:?}: {code} {err}");
    }
}

#[test]
fn the_stand_ins_switches_are_listed_and_misspelt_ones_say_so() {
    let run = |words: &[&str]| said(&platen(words).output().expect("it starts"));
    let (code, help, _) = run(&["sim", "--help"]);
    assert_eq!(code, 0);
    for switch in platen_sim::gelato::SWITCHES {
        assert!(help.contains(switch.example), "`platen sim --help` lacks {}", switch.kind);
    }
    let (code, _, err) = run(&["sim", "--fault", "dropReply:tims=3"]);
    assert!(code == 2 && err.contains("the field `tims`"), "{code}: {err}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("incident.json");
    std::fs::write(&file, r#"{"faults": [{"kind": "no such fault"}]}"#).expect("written");
    let (code, _, err) = run(&["sim", "--port", "0", "--scenario", file.to_str().expect("UTF-8")]);
    assert!(code == 1 && err.contains("cannot replay") && err.contains("no such fault"), "{code}: {err}");
}

#[tokio::test]
async fn releases_are_frozen_and_thawed_beside_the_database() {
    for test in databases().await {
        with_jobs(&test).await;
        let frozen = || json_of(&test.url, &["tenants", "list", "--json"])["items"][0]["frozen"].clone();
        let (code, out, err) = on(&test.url, &["tenants", "freeze", "--reason", "wrong files"]);
        assert!(code == 0 && out.contains("is frozen"), "{out}{err}");
        assert_eq!(frozen(), true);
        let (code, out, err) = on(&test.url, &["tenants", "thaw"]);
        assert!(code == 0 && out.contains("releases again"), "{out}{err}");
        assert_eq!(frozen(), false);
        assert_eq!(on(&test.url, &["tenants", "freeze"]).0, 2, "a freeze says why");
        test.drop_it().await;
    }
}

#[tokio::test]
async fn sealed_rows_are_rewrapped_beside_the_database() {
    const NEXT: &str = "the-next-secret-of-the-tests-0123456789abcdef";
    for test in databases().await {
        let (tenant, jobs) = with_jobs(&test).await;
        assert!(!jobs.is_empty());
        let old = platen_shared::secrets::Keyring::new(&SECRET.to_owned().into());
        let sealed = old.seal("a-key", &connections::bound(tenant, "gelato")).expect("sealed");
        let mut tx = test.db.begin("test").await.expect("begun");
        connections::put(&mut tx, SystemClock::wall(), tenant, "gelato", &sealed).await.expect("written");
        tx.commit().await.expect("committed");
        let rewrap = |own: &str, other: &str| {
            let mut command = platen(&["secrets", "rewrap"]);
            command
                .env("DATABASE_URL", &test.url)
                .env("PLATEN_SECRETS__KEY", own)
                .env("PLATEN_SECRETS__OTHER_KEY", other);
            said(&command.output().expect("it starts"))
        };
        let (code, _, err) = rewrap(NEXT, "");
        assert!(code == 1 && err.contains("open with neither key"), "{code}: {err}");
        let (code, out, err) = rewrap(NEXT, SECRET);
        assert!(code == 0 && out.contains("1 sealed anew"), "{code}: {out}{err}");
        let (code, out, _) = rewrap(NEXT, "");
        assert!(code == 0 && out.contains("1 were sealed with this key already"), "{code}: {out}");
        test.drop_it().await;
    }
}

/// `platen jobs list --all …` in a page → `jobs list`.
fn named_commands(page: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["`platen ", "    platen ", "cargo run -- "] {
        for (at, _) in page.match_indices(start) {
            let rest = page[at + start.len()..].lines().next().unwrap_or_default();
            let words = rest
                .split(['`', ' ', '#'])
                .take_while(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
            found.push(words.take_while(|word| !word.starts_with('-')).take(2).map(str::to_owned).collect());
        }
    }
    found
}

#[test]
fn every_command_in_the_documents_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = 0;
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/operations.md",
        "docs/alerts.md",
        "docs/benchmarks.md",
        "docs/designs.md",
    ] {
        let page = std::fs::read_to_string(root.join(name)).expect("the page is there");
        for words in named_commands(&page) {
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
            let (code, _, err) = said(&platen(&words).output().expect("platen starts"));
            assert_eq!(code, 0, "{name} says `platen {}`: {err}", words.join(" "));
            checked += 1;
        }
    }
    assert!(checked > 25, "only {checked} commands were found in the documents");
}

#[test]
fn a_link_named_after_a_role_takes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for role in ["api", "worker"] {
        let link = folder.path().join(format!("platen-{role}"));
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_platen"), &link).expect("a link");
        let mut command = std::process::Command::new(&link);
        let (code, out, _) = said(&command.arg("--help").output().expect("the link starts"));
        assert!(code == 0 && out.contains(&format!("Usage: platen {role}")), "{out}");
    }
}

fn file_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("new").join("platen.db").display())
}

#[test]
fn the_roles_refuse_a_schema_they_do_not_fit_until_it_is_migrated() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = file_url(folder.path());
    let blobs = format!("file://{}", folder.path().join("blobs").display());
    for words in [&["api", "--port", "0"][..], &["worker"], &["jobs", "list"], &["keys", "list", "--tenant", "x"]] {
        let mut command = platen(words);
        command.env("DATABASE_URL", &url).env("BLOB_URL", &blobs).env("PLATEN_SECRETS__KEY", SECRET);
        let (code, _, err) = said(&command.output().expect("platen starts"));
        assert_eq!(code, 1, "{words:?}: {err}");
        assert!(err.contains("run `platen migrate`"), "{words:?}: {err}");
    }
    let newest = platen_shared::db::MIGRATIONS.end();
    assert_eq!(on(&url, &["migrate"]).1, format!("The schema of the sqlite database is now at {newest}.\n"));
    assert_eq!(on(&url, &["migrate"]).1, format!("The schema of the sqlite database is already at {newest}.\n"));
}

#[test]
fn a_role_without_the_installations_key_says_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for role in ["api", "worker"] {
        let (code, _, err) = on(&file_url(folder.path()), &[role]);
        assert!(code == 1 && err.contains("openssl rand -hex 32"), "{err}");
    }
}

#[test]
fn doctor_says_what_to_fix() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = file_url(folder.path());
    let blobs = format!("file://{}", folder.path().join("blobs").display());
    let doctor = |env: &[(&str, &str)]| {
        let mut command = platen(&["doctor"]);
        command.env("DATABASE_URL", &url).env("BLOB_URL", &blobs).envs(env.iter().copied());
        said(&command.output().expect("platen starts"))
    };
    let (code, out, err) = doctor(&[]);
    assert!(code == 1 && err.contains("3 things to fix"), "{out}{err}");
    for sentence in ["run `platen migrate`", "which Gelato cannot reach: set PUBLIC_URL", "secrets.key is not set"] {
        assert!(out.contains(sentence), "{sentence}: {out}");
    }
    on(&url, &["migrate"]);
    let (code, out, err) = doctor(&[("PLATEN_SECRETS__KEY", SECRET), ("PUBLIC_URL", "https://print.example")]);
    assert!(code == 0 && !out.contains("FIX"), "{out}{err}");
    let (code, out, _) = doctor(&[("PLATEN_SECRETS__KEY", SECRET), ("PLATEN_GELATO__URL", "http://127.0.0.1:7601")]);
    assert_eq!(code, 0, "a stand-in on loopback may fetch from loopback: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked() {
    for test in databases().await {
        let url = test.url.as_str();
        let (code, _, err) = on(url, &["keys", "create", "--tenant", "Shop"]);
        assert!(code == 1 && err.contains("--create-tenant"), "{err}");
        let made = json_of(
            url,
            &["keys", "create", "--tenant", "Shop", "--create-tenant", "--scopes", "write,read", "--json"],
        );
        let token = made["key"].as_str().expect("a token");
        assert!(token.starts_with("plk_"), "{token}");
        assert_eq!(made["scopes"], json!(["read", "write"]));
        let (code, out, err) = on(url, &["keys", "create", "--tenant", made["tenant"].as_str().expect("an id")]);
        assert!(
            code == 0 && out.starts_with("plk_") && !err.contains(out.trim()),
            "only the key itself is on standard output: {err}"
        );
        let (code, _, err) = on(url, &["keys", "create", "--tenant", "Shop", "--scopes", "everything"]);
        assert!(code == 1 && err.contains("the scopes are read"), "{err}");
        let listed = json_of(url, &["keys", "list", "--tenant", "Shop", "--json"]);
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
        assert!(!listed.to_string().contains(token), "a key is shown once");
        let id = made["id"].as_str().expect("an id");
        assert_eq!(on(url, &["keys", "revoke", id, "--tenant", "Shop"]).0, 0);
        let listed = json_of(url, &["keys", "list", "--tenant", "Shop", "--json"]);
        let revoked =
            listed["items"].as_array().expect("keys").iter().filter(|key| !key["revokedAt"].is_null()).count();
        assert_eq!(revoked, 1);
        let stranger = platen_shared::id::KeyId::new().to_string();
        assert_eq!(on(url, &["keys", "revoke", &stranger, "--tenant", "Shop"]).0, 1);
        test.drop_it().await;
    }
}

/// A tenant with three jobs of two kinds, one of them about a design.
async fn with_jobs(test: &TestDb) -> (TenantId, Vec<JobId>) {
    let made = json_of(&test.url, &["keys", "create", "--tenant", "Shop", "--create-tenant", "--json"]);
    let tenant: TenantId = made["tenant"].as_str().expect("an id").parse().expect("a tenant's id");
    let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
    let mut jobs = Vec::new();
    for (kind, queue, key, spec_hash) in [
        ("sync_catalog", Queue::Sync, "a", None),
        ("sync_catalog", Queue::Sync, "b", None),
        ("render_preview", Queue::Previews, "c", Some("ab".repeat(32))),
    ] {
        let payload = match &spec_hash {
            Some(hash) => json!({ "specHash": hash, "profile": "preview", "pressVersion": "1" }),
            None => json!({ "provider": "gelato", "generation": key }),
        };
        let new = NewJob {
            tenant,
            queue,
            kind,
            key: key.to_owned(),
            spec_hash,
            provider: String::new(),
            payload,
            priority: 0,
            run_at: ledger.now(),
            correlation_id: "test".to_owned(),
        };
        let mut tx = test.db.begin("test").await.expect("a transaction");
        jobs.push(enqueue(&mut tx, ledger.now(), &new).await.expect("enqueued").id());
        tx.commit().await.expect("committed");
    }
    (tenant, jobs)
}

fn count(document: &Value) -> usize {
    document["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_cancelled_retried_paused_and_resumed() {
    for test in databases().await {
        let url = test.url.as_str();
        let (_, jobs) = with_jobs(&test).await;
        assert_eq!(count(&json_of(url, &["jobs", "list", "--json"])), 3, "the only tenant needs no name");
        assert_eq!(count(&json_of(url, &["jobs", "list", "--json", "--tenant", "Shop", "--kind", "sync_catalog"])), 2);
        assert_eq!(count(&json_of(url, &["jobs", "list", "--json", "--all", "--spec-hash", &"ab".repeat(32)])), 1);
        assert_eq!(count(&json_of(url, &["jobs", "list", "--json", "--queue", "previews", "--state", "ready"])), 1);
        let (code, _, err) = on(url, &["jobs", "list", "--kind", "bake_cake"]);
        assert!(code == 1 && err.contains("the kinds are asset_convert"), "{err}");

        let (code, _, err) = on(url, &["jobs", "cancel"]);
        assert!(code == 1 && err.contains("name jobs by id"), "{err}");
        let cancel = ["jobs", "cancel", "--kind", "sync_catalog", "--reason", "not now", "--json"];
        assert_eq!(count(&json_of(url, &[&cancel[..], &["--dry-run"]].concat())), 2);
        assert_eq!(
            count(&json_of(url, &["jobs", "list", "--json", "--state", "ready"])),
            3,
            "a dry run changes nothing"
        );
        assert_eq!(count(&json_of(url, &cancel)), 2);
        let first = jobs[0].to_string();
        let shown = json_of(url, &["jobs", "show", &first, "--json"]);
        assert_eq!((shown["state"].as_str(), shown["error"]["message"].as_str()), (Some("cancelled"), Some("not now")));
        assert_eq!(count(&json_of(url, &["jobs", "retry", &first, "--json"])), 1);
        assert_eq!(json_of(url, &["jobs", "show", &first, "--json"])["state"], "ready");
        let (code, out, _) = on(url, &["jobs", "show", &first]);
        assert!(code == 0 && out.contains("is ready") && out.contains("sync_catalog"), "{out}");

        let (_, out, err) = on(url, &["jobs", "pause", "--queue", "sync", "--reason", "the printer moves house"]);
        let pause = out.split_whitespace().next().unwrap_or_else(|| panic!("{err}")).to_owned();
        assert!(pause.starts_with("pse_") && out.contains("1 waiting jobs are held"), "{out}");
        assert_eq!(json_of(url, &["jobs", "show", &first, "--json"])["waitingFor"], "paused");
        assert_eq!(count(&json_of(url, &["jobs", "resume", "--json"])), 1);
        let (_, out, _) = on(url, &["jobs", "resume", &pause]);
        assert!(out.contains("1 jobs go on"), "{out}");
        assert_eq!(json_of(url, &["jobs", "show", &first, "--json"])["waitingFor"], "");
        let (code, _, err) = on(url, &["jobs", "pause", "--reason", "tired"]);
        assert!(code == 1 && err.contains("say what to pause"), "{err}");

        json_of(url, &["keys", "create", "--tenant", "Second shop", "--create-tenant", "--json"]);
        let (code, _, err) = on(url, &["jobs", "list"]);
        assert!(code == 1 && err.contains("name one with --tenant"), "{err}");
        assert_eq!(count(&json_of(url, &["jobs", "list", "--all", "--json"])), 3);
        test.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_by_state() {
    for test in databases().await {
        let url = test.url.as_str();
        let (tenant, _) = with_jobs(&test).await;
        assert!(on(url, &["messages", "list"]).1.contains("No message matches"));
        let (at, data) = (SystemClock::wall(), json!({}));
        let mut tx = test.db.begin("test").await.expect("a transaction");
        let telling = Telling { key: "k".into(), topic: Topic::RenderReady, order: None, data, people: false };
        let hook = EndpointId::new();
        let endpoint = Endpoint {
            id: hook,
            url: "https://shop.example/".into(),
            topics: Json(Vec::new()),
            secret: "sealed".into(),
            old_secret: None,
            old_until: None,
            enabled: true,
            off_why: String::new(),
            failing_since: None,
            created_at: at,
            updated_at: at,
        };
        webhook_endpoints::put(&mut tx, tenant, &endpoint).await.expect("written");
        assert!(notices::tell(&mut tx, at, tenant, telling).await.expect("told"));
        tx.commit().await.expect("committed");
        let row = json_of(url, &["messages", "list", "--state", "new", "--json"])["items"][0].clone();
        assert_eq!((&row["recipient"], &row["topic"]), (&json!(hook), &json!("RENDER_READY")));
        assert!(on(url, &["messages", "list"]).1.contains("webhook"));
        let (code, _, err) = on(url, &["messages", "list", "--state", "lost"]);
        assert!(code == 1 && err.contains("there is no state lost"), "{err}");
        test.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_listed_with_budget_and_breaker() {
    for test in databases().await {
        let url = test.url.as_str();
        let (tenant, _) = with_jobs(&test).await;
        assert!(on(url, &["providers", "list"]).1.contains("PUT /v1/connections/gelato"));
        let clock = Arc::new(SystemClock::new());
        let mut tx = test.db.begin("test").await.expect("a transaction");
        connections::put(&mut tx, clock.now(), tenant, "gelato", "sealed").await.expect("a connection");
        tx.commit().await.expect("committed");
        let gates = Gates::on(Box::new(SqlBoard::new(test.db.clone(), clock.clone())), clock);
        let gate = gates.gate(AccountKey { provider: "gelato", tenant }, Rate { per_second: 5, burst: 10 });
        for _ in 0..5 {
            gate.enter(Class::Prompt).await.expect("a permit").report(Outcome::Failed).await;
        }
        let row = json_of(url, &["providers", "list", "--json"])["items"][0].clone();
        assert_eq!((&row["tenant"], &row["budget"]["sharing"]), (&json!(tenant), &json!("database")));
        assert_eq!((&row["breaker"]["state"], &row["breaker"]["failures"]), (&json!("open"), &json!(5)));
        let (code, out, _) = on(url, &["providers", "list"]);
        assert!(code == 0 && out.contains("breaker  open since") && out.contains("after 5 failures"), "{out}");
        test.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_listed_with_what_they_run() {
    for test in databases().await {
        let url = test.url.as_str();
        assert!(on(url, &["workers", "list"]).1.contains("start one with `platen worker`"));
        let (tenant, _) = with_jobs(&test).await;
        let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
        let worker =
            Presence { id: "w-1".into(), process: "4711".into(), queues: "sync".into(), ..Presence::default() };
        ledger.beat(&worker).await.expect("a heartbeat");
        let id = ledger.claim("w-1", &[Queue::Sync], 1).await.expect("claimed")[0].id;
        let worker = json_of(url, &["workers", "list", "--json"])["items"][0].clone();
        assert_eq!(
            (&worker["id"], &worker["pid"], &worker["queues"]),
            (&json!("w-1"), &json!("4711"), &json!(["sync"]))
        );
        assert_eq!((&worker["running"][0]["id"], &worker["running"][0]["tenant"]), (&json!(id), &json!(tenant)));
        let (code, out, _) = on(url, &["workers", "list"]);
        assert!(
            code == 0 && out.contains("pid 4711") && out.contains(&id.to_string()) && out.contains("attempt 1"),
            "{out}"
        );
        test.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_answers_those_who_watch_it_where_the_settings_say_so() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let test = TestDb::sqlite().await;
    with_jobs(&test).await;
    let blobs = format!("file://{}", test.folder().expect("a folder").join("blobs").display());
    let mut command = tokio::process::Command::from(platen(&["worker"]));
    command.env("DATABASE_URL", &test.url).env("BLOB_URL", blobs).env("PLATEN_SECRETS__KEY", SECRET);
    command.env("PLATEN_WORKER__METRICS_ADDR", "127.0.0.1:0").env("PLATEN_LOG__FORMAT", "text");
    let mut child = command.stderr(std::process::Stdio::piped()).kill_on_drop(true).spawn().expect("the worker starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let (mut watched, mut started) = (None, false);
    let address = async {
        while watched.is_none() || !started {
            let line = lines.next_line().await.expect("readable").expect("the worker goes on");
            started = started || line.contains(" started");
            let url = line.split_once("probes and metrics on ").map(|(_, url)| url.split_whitespace().next());
            watched = watched.take().or(url.flatten().map(str::to_owned));
        }
        watched.take().expect("an address")
    };
    let url = tokio::time::timeout(platen_shared::testing::DEADLINE, address).await.expect("it says where");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let page = async |name: &str| {
        let answer = http.get(format!("{url}/{name}")).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{name}");
        answer.text().await.expect("text")
    };
    page("livez").await;
    page("readyz").await;
    for line in [
        "platen_workers 1\n",
        "platen_job_wait_seconds_bucket{queue=\"sync\",kind=\"sync_catalog\",le=\"60\"}",
        "platen_job_seconds_count{queue=\"sync\",kind=\"sync_catalog\",outcome=\"",
    ] {
        until(line, async || page("metrics").await.contains(line)).await;
    }
    child.kill().await.expect("killed");
}

#[tokio::test]
async fn schedules_are_listed_with_when_and_what_became_of_it() {
    for test in databases().await {
        let url = test.url.as_str();
        assert!(on(url, &["schedules", "list"]).1.contains("No cron line is known"));
        let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
        let line = Line {
            name: "house".into(),
            cron: "30 2 * * *".into(),
            zone: "Europe/Paris".into(),
            kind: "housekeeping".into(),
            each: Each::Installation,
            payload: json!({ "run": "{fire}", "keepHistoryDays": 90 }),
        };
        ledger.keep_lines(&[line]).await.expect("kept");
        let (code, out, err) = on(url, &["schedules", "list"]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("enqueues housekeeping\n") && out.contains("last not yet"), "{out}");
        assert!(
            out.contains(" 02:30:00 CE") || out.contains(" 03:00:00 CEST"),
            "the next time on the line's own clock: {out}"
        );

        let later = Ledger::new(test.db.clone(), Arc::new(ManualClock::at(ledger.now().plus(DAY))));
        platen_worker::schedule::tick(&later).await.expect("it fires");
        let shown = json_of(url, &["schedules", "list", "--json"])["items"][0].clone();
        assert_eq!(
            (&shown["name"], &shown["of"], &shown["lastJobs"]),
            (&json!("house"), &json!("installation"), &json!(1))
        );
        assert_eq!(shown["lastJob"]["state"], "ready");
        let id = shown["lastJob"]["id"].as_str().expect("an id");
        assert_eq!(json_of(url, &["jobs", "show", id, "--json"])["kind"], "housekeeping");
        let all = json_of(url, &["jobs", "list", "--all", "--json"]);
        assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "the installation's jobs are among all");
        test.drop_it().await;
    }
}
