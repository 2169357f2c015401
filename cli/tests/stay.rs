//! What stays up: `dev` with its lines to paste, the worker, the stand-in; each stops in good order when asked.

#[path = "support/shell.rs"]
mod shell;

use std::process::Stdio;

use platen_shared::testing::{DEADLINE, TestDb};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, Command};

const SECRET: &str = "secret-key-of-the-tests-0123456789abcdef";

/// A running `platen`; killed when dropped.
fn start(words: &[&str], env: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
    for name in shell::foreign() {
        command.env_remove(name);
    }
    command.args(words).envs(env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().expect("platen starts")
}

/// Its lines up to and with the one that holds `mark`.
async fn read_until(lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>, mark: &str) -> Vec<String> {
    let mut said = Vec::new();
    let reading = async {
        while let Some(line) = lines.next_line().await.expect("readable") {
            let last = line.contains(mark);
            said.push(line);
            if last {
                return;
            }
        }
        panic!("it ended before it said {mark:?}")
    };
    let done = tokio::time::timeout(DEADLINE, reading).await;
    assert!(done.is_ok(), "waited in vain for {mark:?}; it said {said:?}");
    said
}

/// SIGTERM; it must end by itself, with exit code 0.
async fn stop(mut child: Child) {
    let pid =
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw).expect("it runs");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be asked to stop");
    let ended =
        tokio::time::timeout(DEADLINE, child.wait()).await.expect("it stops in time").expect("it can be waited for");
    assert_eq!(ended.code(), Some(0), "a graceful stop");
}

/// What `dev` printed: (admin key, the lines to paste).
async fn welcome(child: &mut Child) -> (String, Vec<String>) {
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let said = read_until(&mut lines, "Ctrl-C stops it").await;
    let key =
        said.iter().find_map(|line| line.trim().strip_prefix("admin key")).expect("an admin key").trim().to_owned();
    let pasted = said.into_iter().filter(|line| line.starts_with("curl ")).collect();
    (key, pasted)
}

/// The answer to a pasted line, where this machine has curl.
async fn paste(line: &str) -> Option<Value> {
    let output =
        Command::new("sh").args(["-c", &format!("{line} --silent --show-error")]).output().await.expect("a shell");
    if output.status.code() == Some(127) {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}: {text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_prints_lines_that_work_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = ["dev", "--port", "0", "--data", folder.path().to_str().expect("UTF-8")];
    let mut dev = start(&words, &[]);
    let (key, lines) = welcome(&mut dev).await;
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("-X POST") && lines[0].contains("/v1/jobs "), "{}", lines[0]);
    let mut answers = Vec::new();
    for line in &lines {
        answers.extend(paste(line).await);
    }
    if let [job, jobs, items] = answers.as_slice() {
        assert_eq!((job["kind"].as_str(), job["state"].as_str()), (Some("sync_catalog"), Some("succeeded")), "{job}");
        assert!(jobs["items"].as_array().is_some_and(|jobs| !jobs.is_empty()), "{jobs}");
        assert_eq!(items["items"].as_array().map(Vec::len), Some(3), "{items}");
    }
    stop(dev).await;
    let mut again = start(&words, &[]);
    assert_eq!(welcome(&mut again).await.0, key, "the same folder, the same shop");
    stop(again).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("secret.key")).expect("kept").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "a secret is its owner's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stops_in_good_order() {
    let test = TestDb::sqlite().await;
    let blobs = format!("file://{}", test.folder().expect("a folder").join("blobs").display());
    let env = [("DATABASE_URL", test.url.as_str()), ("BLOB_URL", &blobs), ("PLATEN_SECRETS__KEY", SECRET)];
    let mut worker = start(&["worker", "--queues", "orders,money", "--concurrency", "2"], &env);
    let mut lines = BufReader::new(worker.stderr.take().expect("a pipe")).lines();
    let started = read_until(&mut lines, "started").await.pop().expect("a line");
    let line: Value = serde_json::from_str(&started).expect("a log line is JSON");
    assert_eq!(line["queues"], "orders,money");
    stop(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_point_that_does_not_exist_is_refused() {
    let env =
        |point| [("PLATEN_CRASH_AT", point), ("DATABASE_URL", "sqlite::memory:"), ("PLATEN_SECRETS__KEY", SECRET)];
    for (point, sentence) in [
        ("submit_order", "must be <kind>:<point>"),
        ("bake_cake:started", "there is no kind bake_cake"),
        ("submit_order:nowhere", "has no crash point nowhere"),
    ] {
        let output = start(&["worker"], &env(point)).wait_with_output().await.expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(sentence), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_serves_its_books() {
    let mut sim = start(&["sim", "--port", "0", "--seed", "5"], &[]);
    let mut lines = BufReader::new(sim.stdout.take().expect("a pipe")).lines();
    let first = read_until(&mut lines, "stand-in for Gelato is at").await.pop().expect("a line");
    let url = first.split_whitespace().last().expect("an address");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let books = http.get(format!("{url}/admin/counts")).send().await.expect("an answer").text().await.expect("text");
    let books: Value = serde_json::from_str(&books).expect("JSON");
    assert_eq!(books["releasedGroups"], 0);
    stop(sim).await;
}
