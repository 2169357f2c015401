//! The verdict, for people and for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use super::books::{Story, Verdict};

/// Stories told in full; the others are only counted.
const STORIES_MAX: usize = 10;

/// Some lines for people.
pub(super) fn text(verdict: &Verdict, calm: Option<&Verdict>) -> String {
    let mut text = String::new();
    let Verdict { enqueued, finished, recoveries, .. } = verdict;
    let (lost, doubled) = (verdict.lost.len(), verdict.doubled.len());
    let _ = writeln!(text, "\nenqueued {enqueued}   finished {finished}   lost {lost}   doubled {doubled}");
    let times = &verdict.recovery;
    let _ = writeln!(
        text,
        "recoveries {recoveries}   from the fall of a worker to its job running elsewhere, of {}: p50 {:.1} s   p99 {:.1} s   max {:.1} s",
        times.measured, times.p50, times.p99, times.max
    );
    for row in &verdict.slowest {
        let _ = writeln!(text, "  slowest: {row}");
    }
    let faults: Vec<String> = verdict.faults.iter().map(|(fault, n)| format!("{fault} {n}")).collect();
    let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(", ") };
    let _ = writeln!(
        text,
        "faults: {faults}; {} of the printer's replies lost; {} processes ended by themselves and were replaced",
        verdict.lost_replies, verdict.ended_by_themselves
    );
    let _ = writeln!(
        text,
        "{} jobs of {enqueued} orders took {:.1} s{}",
        verdict.jobs,
        verdict.seconds,
        ratio(verdict, calm)
    );
    if let Some(outage) = &verdict.outage {
        let submitted =
            outage.submitted_after_seconds.map_or("never".to_owned(), |s| format!("{s:.1} s after its end"));
        let (seconds, calls, excess) = (outage.seconds, outage.calls, outage.excess);
        let _ = writeln!(
            text,
            "the printer was down for {seconds:.0} s and saw {calls} requests; all orders were submitted {submitted}; the budget was \
             exceeded by {excess:.1} requests (0 or less: kept)"
        );
    }
    if !verdict.in_time {
        let _ = writeln!(text, "The time was up before everything had ended.");
    }
    tell(&mut text, "LOST", &verdict.lost);
    tell(&mut text, "DOUBLED", &verdict.doubled);
    let end =
        if verdict.is_good() { "Nothing was lost and nothing happened twice." } else { "This is not as promised." };
    let _ = writeln!(text, "{end}");
    text
}

fn ratio(verdict: &Verdict, calm: Option<&Verdict>) -> String {
    match calm {
        Some(calm) => {
            format!("; in calm {:.1} s, so this was {:.2} times as long", calm.seconds, verdict.seconds / calm.seconds)
        }
        None => String::new(),
    }
}

fn tell(text: &mut String, what: &str, stories: &[Story]) {
    for story in stories.iter().take(STORIES_MAX) {
        let _ = writeln!(text, "\n{what}: {}: {}", story.order, story.why.join("; "));
        for row in &story.rows {
            let _ = writeln!(text, "  {row}");
        }
    }
    if let Some(more @ 1..) = stories.len().checked_sub(STORIES_MAX) {
        let _ = writeln!(text, "\n{what}: and {more} more.");
    }
}

/// One object for machines.
pub(super) fn json(verdict: &Verdict, calm: Option<&Verdict>) -> Value {
    let mut all = json!(verdict);
    all["good"] = json!(verdict.is_good());
    all["calmSeconds"] = json!(calm.map(|calm| calm.seconds));
    all
}
