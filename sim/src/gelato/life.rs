//! The life of an order, computed from its timestamps whenever somebody looks.
//!
//! No background task moves orders along: a status is a function of the order and the virtual time,
//! so a restart or a jump of three days needs no catching up.

use jiff::{SignedDuration, Timestamp};

use super::order::Order;
use crate::dice::Dice;

/// Seconds after release at which each status begins, before jitter.
const PATH: [(&str, i64); 8] = [
    ("created", 0),
    ("uploading", 20),
    ("passed", 900),
    ("in_production", 6 * 3600),
    ("printed", 20 * 3600),
    ("shipped", 26 * 3600),
    ("in_transit", 36 * 3600),
    ("delivered", 72 * 3600),
];

/// Where an order stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: &'static str,
    pub(crate) since: Timestamp,
}

/// The status of an order at `now`. `scale` stretches (or shrinks) the whole path.
pub(crate) fn standing(order: &Order, now: Timestamp, scale: f64) -> Standing {
    let draft = Standing { status: "draft", since: order.created_at };
    history(order, now, scale).pop().unwrap_or(draft)
}

/// Every status that an order has had until `now`, and since when; none for a draft.
pub(crate) fn history(order: &Order, now: Timestamp, scale: f64) -> Vec<Standing> {
    let Some(released) = order.released_at else { return Vec::new() };
    let until = order.canceled_at.map_or(now, |at| at.min(now));
    let mut passed = vec![Standing { status: "created", since: released }];
    for (status, at) in schedule(order, released, scale) {
        let waits_for_files = !order.preflighted && !matches!(status, "created" | "uploading");
        if at > until || waits_for_files {
            break;
        }
        if status != "created" {
            passed.push(Standing { status, since: at });
        }
        if status == "uploading" && order.failure.is_some() {
            passed.push(Standing { status: "failed", since: at });
            break;
        }
        if order.quirks.stuck_at.as_deref() == Some(status) {
            break;
        }
    }
    if let Some(at) = order.canceled_at {
        passed.push(Standing { status: "canceled", since: at });
    }
    passed
}

/// Whether the order has come at least as far as `status` on the usual path.
pub(crate) fn reached(standing: Standing, status: &str) -> bool {
    match (rank(standing.status), rank(status)) {
        (Some(have), Some(want)) => have >= want,
        _ => false,
    }
}

/// The money side of the order's standing.
pub(crate) fn financial(order: &Order, standing: Standing, scale: f64) -> &'static str {
    match standing.status {
        "draft" => "draft",
        "created" | "uploading" | "on_hold" => "pending",
        "failed" => "canceled",
        "canceled" if paid_before_cancel(order, scale) => "refunded",
        "canceled" => "canceled",
        _ => "paid",
    }
}

/// Whether the charge went through before the order was cancelled.
pub(crate) fn paid_before_cancel(order: &Order, scale: f64) -> bool {
    let (Some(released), Some(canceled)) = (order.released_at, order.canceled_at) else {
        return false;
    };
    schedule(order, released, scale).iter().any(|(status, at)| *status == "passed" && *at <= canceled)
}

fn rank(status: &str) -> Option<usize> {
    // An order on hold has been validated but not accepted.
    let status = match status {
        "on_hold" => "uploading",
        "returned" => "delivered",
        status => status,
    };
    PATH.iter().position(|(name, _)| *name == status)
}

/// The order's own path: jitter of a tenth either way, seeded by its id so that it never changes.
fn schedule(order: &Order, released: Timestamp, scale: f64) -> Vec<(&'static str, Timestamp)> {
    let mut dice = Dice::new(order.seq, &order.id);
    let stretch = |seconds: i64, permille: u64| {
        let seconds = seconds as f64 * scale * permille as f64 / 1000.0;
        SignedDuration::from_millis((seconds * 1000.0) as i64)
    };
    let whole = dice.between(920, 1080);
    let mut delay = SignedDuration::ZERO;
    let mut steps = Vec::with_capacity(PATH.len() + 1);
    for (status, seconds) in PATH {
        if !order.method.tracked && matches!(status, "in_transit" | "delivered") {
            break;
        }
        let wobble = whole + dice.below(20);
        let status = if status == "delivered" && order.quirks.returned { "returned" } else { status };
        let late =
            SignedDuration::from_hours(24 * i64::from(order.quirks.delay_days.filter(|_| seconds > 900).unwrap_or(0)));
        let at = released.saturating_add(stretch(seconds, wobble) + delay + late).unwrap_or(Timestamp::MAX);
        if status == "passed"
            && let Some(hold) = order.quirks.hold_s
        {
            steps.push(("on_hold", at));
            delay = SignedDuration::from_secs(i64::try_from(hold).unwrap_or(i64::MAX / 2));
            steps.push((status, at.saturating_add(delay).unwrap_or(Timestamp::MAX)));
            continue;
        }
        steps.push((status, at));
    }
    steps
}
