//! graphile_worker (Rust) as a contender: `graphile-rs setup|enqueue|worker --name value …`, by the contract in bench/README.md.

use std::collections::HashMap;
use std::future::Future;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use graphile_worker::{IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};

const SCHEMA: &str = "gwrs";

/// `CLOCK_MONOTONIC` in nanoseconds, which all contenders share.
fn now() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// One `write(2)` on an append-only descriptor.
fn log(line: String) {
    static LOG: OnceLock<std::fs::File> = OnceLock::new();
    let open = || std::fs::OpenOptions::new().append(true).create(true).open(std::env::var("BENCH_LOG").unwrap()).unwrap();
    let mut log = LOG.get_or_init(open);
    let _ = log.write_all(line.as_bytes());
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    i: u64,
    t: u64,
    w: u64,
}

impl TaskHandler for Payload {
    const IDENTIFIER: &'static str = "j";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        log(format!("S {} {} {} {}\n", self.i, self.t, now(), std::process::id()));
        if self.w > 0 {
            tokio::time::sleep(Duration::from_millis(self.w)).await;
            log(format!("D {} 0 {} {}\n", self.i, now(), std::process::id()));
        }
        Ok::<(), String>(())
    }
}

struct Options(HashMap<String, String>);

impl Options {
    fn read() -> Options {
        let words: Vec<String> = std::env::args().skip(2).collect();
        Options(words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
    }

    fn number(&self, name: &str, usual: usize) -> usize {
        self.0.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual)
    }
}

async fn enqueue<F: Future<Output = ()>, G: Future<Output = ()>>(
    o: &Options,
    one: impl Fn(Payload) -> F,
    many: impl Fn(Vec<Payload>) -> G,
) {
    let (n, from, w) = (o.number("--n", 0), o.number("--from", 0), o.number("--work-ms", 0));
    let payload = |k: usize| Payload { i: (from + k) as u64, t: now(), w: w as u64 };
    let began = now();
    match o.0.get("--mode").map_or("single", String::as_str) {
        "bulk" => {
            for first in (0..n).step_by(1000) {
                many((first..(first + 1000).min(n)).map(payload).collect()).await;
            }
        }
        "paced" => {
            for k in 0..n {
                one(payload(k)).await;
                tokio::time::sleep(Duration::from_millis(o.number("--interval-ms", 0) as u64)).await;
            }
        }
        mode => {
            let next = AtomicUsize::new(0);
            let lane = || async {
                while let Some(k) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|k| *k < n) {
                    one(payload(k)).await;
                }
            };
            futures::future::join_all((0..if mode == "serial" { 1 } else { 64 }).map(|_| lane())).await;
        }
    }
    println!("{{\"n\":{n},\"seconds\":{}}}", (now() - began) as f64 / 1e9);
}

#[tokio::main]
async fn main() -> Result<()> {
    let (verb, o) = (std::env::args().nth(1).unwrap_or_default(), Options::read());
    let url = std::env::var("BENCH_PG_URL")?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(10).connect(&url).await?;
    if verb == "setup" {
        sqlx::query("drop schema if exists gwrs cascade").execute(&pool).await?;
    }
    let slots = o.number("--concurrency", 10);
    let mut options = WorkerOptions::default().concurrency(slots).schema(SCHEMA).pg_pool(pool).define_job::<Payload>();
    if std::env::var("GW_TUNED").is_ok() {
        let queue = LocalQueueConfig::default().with_size(500);
        options = options.local_queue(queue).complete_job_batch_delay(Duration::from_millis(5));
    }
    let worker = options.init().await?;
    match verb.as_str() {
        "enqueue" => {
            let utils = &worker.create_utils();
            let one = |job| async move { drop(utils.add_job(job, JobSpec::default()).await.unwrap()) };
            let many = |jobs: Vec<Payload>| async move {
                let spec = JobSpec::default();
                let jobs: Vec<_> = jobs.into_iter().map(|job| (job, &spec)).collect();
                drop(utils.add_jobs(&jobs).await.unwrap());
            };
            enqueue(&o, one, many).await;
        }
        "worker" => worker.run().await.map_err(|error| anyhow!("{error:?}"))?,
        _ => {}
    }
    Ok(())
}
