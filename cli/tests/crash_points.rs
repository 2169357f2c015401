//! The real worker, killed by SIGKILL at each crash point of each kind: the order still arrives, once, and its money adds up.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use cli::{platen, said};

/// The points that every kind has.
const COMMON: [&str; 3] = ["started", "ran", "recorded"];
/// Demos at the same time; most of each is waiting for the dead worker's heart to be missed.
const AT_ONCE: usize = 6;

/// Kinds that the demo's order does not need: cron lines and people enqueue them, or weeks. `jobs/tests/every_kind.rs` kills them.
const ELSEWHERE: [&str; 17] = [
    "asset_convert",
    "cleanup",
    "bundle_item",
    "bundle_work_order",
    "cancel_order",
    "close_books",
    "correct_costs",
    "deliver_webhook",
    "housekeeping",
    "look_up_order",
    "probe_provider",
    "quote_order",
    "send_message",
    "send_payouts",
    "sweep_drafts",
    "sweep_tracking",
    "watch_orders",
];

/// Runs the demo with the worker killed there; what is wrong with its end, if anything.
fn survives(point: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("UTF-8");
    let output = platen(&["demo", "--json", "--speed", "60000", "--crash-at", point, "--data", data])
        .output()
        .expect("it starts");
    let (code, out, err) = said(&output);
    if code != 0 || !out.contains("was killed (SIGKILL)") {
        return Err(format!("{point}: exit code {code}\n{out}\n{err}"));
    }
    let told: Value =
        serde_json::from_str(out.lines().last().unwrap_or_default()).map_err(|e| format!("{point}: {e}"))?;
    let once = told["providerOrders"] == 1 && told["releases"] == 1 && told["shipments"] == 2;
    let whole = told["money"]["sumMinor"] == 0 && told["jobs"]["dead"] == 0 && told["order"]["state"] == "delivered";
    if once && whole { Ok(()) } else { Err(format!("{point}: {told}")) }
}

#[test]
fn a_worker_killed_at_any_point_of_any_kind_leaves_one_order_and_balanced_books() {
    let points: Vec<String> = platen_jobs::KINDS
        .iter()
        .filter(|entry| !ELSEWHERE.contains(&entry.kind))
        .flat_map(|entry| COMMON.iter().chain(entry.points).map(|point| format!("{}:{point}", entry.kind)))
        .collect();
    assert!(points.len() >= 18, "{points:?}");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(story) = survives(point) {
                        wrong.lock().expect("unpoisoned").push(story);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("unpoisoned");
    assert!(wrong.is_empty(), "{} of {} points went wrong:\n{}", wrong.len(), points.len(), wrong.join("\n\n"));
}
