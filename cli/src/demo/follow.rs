//! The story as it goes: sentences, and a live line per job.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use platen_shared::clock::SystemClock;
use platen_shared::db::At;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::shop::Shop;

/// Between two looks at the jobs.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Where the story is told: standard output, each line with its time.
#[derive(Clone)]
pub(crate) struct Story {
    began: Instant,
    turn: Arc<Mutex<()>>,
    silent: bool,
}

impl Story {
    /// Begins now, or began then.
    pub(crate) fn new(began: Instant) -> Story {
        Story { began, turn: Arc::default(), silent: false }
    }

    /// Told to nobody.
    pub(crate) fn silent(began: Instant) -> Story {
        Story { silent: true, ..Story::new(began) }
    }

    /// One sentence.
    pub(crate) fn say(&self, sentence: &str) {
        if self.silent {
            return;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        crate::commands::print(&format!("{:7.2} s   {sentence}\n", self.began.elapsed().as_secs_f64()));
    }
}

/// Watches the jobs of a tenant and tells every change.
pub(crate) struct Follower {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Follower {
    /// Begins to look.
    pub(crate) fn start(shop: Shop, story: Story) -> Follower {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut seen = BTreeMap::new();
            loop {
                let over = stopped.is_cancelled();
                if let Ok(jobs) = shop.jobs().await {
                    for line in news(&mut seen, &jobs) {
                        story.say(&line);
                    }
                }
                if over {
                    return;
                }
                let _ = tokio::time::timeout(LOOK_EVERY, stopped.cancelled()).await;
            }
        });
        Follower { stop, task }
    }

    /// Looks once more and ends.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

/// A line per job that changed since the last look, oldest first.
fn news(seen: &mut BTreeMap<String, String>, jobs: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for job in jobs.iter().rev() {
        let id = job["id"].as_str().unwrap_or_default().to_owned();
        let now = format!("{}{}{}{}", job["state"], job["attempt"], job["recoveries"], job["waitingFor"]);
        if seen.get(&id) != Some(&now) {
            lines.push(line(job));
            seen.insert(id, now);
        }
    }
    lines
}

/// What, state, how long, why waiting.
pub(super) fn line(job: &Value) -> String {
    let text = |field: &str| job[field].as_str().unwrap_or_default();
    let mut line = format!("    {:18} {:10}", text("kind"), text("state"));
    if let Some(took) = took(job) {
        line.push_str(&format!(" {took:6.2} s"));
    } else {
        line.push_str("         ");
    }
    if job["recoveries"].as_i64().unwrap_or(0) > 0 {
        line.push_str(&format!("  taken back from a dead worker {} time(s)", job["recoveries"]));
    }
    let waiting =
        [text("waitingFor"), text("waitingWhy")].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
    if !waiting.is_empty() {
        line.push_str(&format!("  waits for {waiting}"));
    } else if text("state") == "scheduled" {
        line.push_str(&format!("  due in {:.1} s", due_in(job)));
    }
    if let Some(message) = job["error"]["message"].as_str().filter(|_| text("state") != "succeeded") {
        line.push_str(&format!("  {message}"));
    }
    line.trim_end().to_owned()
}

/// Seconds until it may run.
fn due_in(job: &Value) -> f64 {
    let due = job["runAt"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    due.map_or(0.0, |due| At::from(due).since(SystemClock::wall()).as_secs_f64())
}

/// How long its last attempt took, if it has ended.
fn took(job: &Value) -> Option<f64> {
    let at = |field: &str| job[field].as_str()?.parse::<jiff::Timestamp>().ok();
    Some(at("finishedAt")?.duration_since(at("startedAt")?).as_secs_f64())
}
