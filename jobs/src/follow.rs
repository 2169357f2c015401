//! How an order is followed: when to look again, and what a person must hear of. Pure decisions over the parts as they stand, and the
//! operator items that follow from them.

use std::time::Duration;

use platen_shared::db::{self, At, Tx};
use platen_shared::domain::order::{OrderState, Stage};
use platen_shared::store::fulfilment::Followed;
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::orders::Order;

use crate::job::Recording;
use crate::poll_tracking::{FOLLOWED_FOR, POLL_EVERY, Seen};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The first look after a release: most of what goes wrong at a printer goes wrong while it checks the files.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(1800);
/// However long nothing moves, an order is read once a day.
const LONGEST: Duration = DAY;
/// Looks at all open parts together take at most this part of what the account may call.
const SHARE: u64 = 4;
/// Nothing has moved at the printer for so long.
const STUCK_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);
/// Nothing was heard for so long after the promised day, or after it left where none was promised.
const LOST_AFTER: Duration = Duration::from_secs(14 * 24 * 3600);
const LOST_AFTER_LEAVING: Duration = Duration::from_secs(30 * 24 * 3600);

/// Seconds that two looks at one order must be apart, so that looks at all open parts stay within their share of the budget.
pub(crate) fn rest_s(open: i64, calls_per_second: u32) -> u64 {
    let (open, rate) = (u64::try_from(open).unwrap_or(0), u64::from(calls_per_second));
    (open * SHARE).checked_div(rate).unwrap_or(0).min(LONGEST.as_secs())
}

/// Business time until the next look; `None` when nothing more can happen, or nobody will hear of it.
pub(crate) fn next_look(parts: &[Followed], now: At) -> Option<Duration> {
    let waits = parts.iter().filter_map(|part| {
        let (stage, still) = (Stage::from_word(&part.stage)?, unmoved(part, now));
        let soonest = match stage {
            stage if stage.terminal() => return None,
            Stage::Draft | Stage::Submitted | Stage::Validating => FIRST_LOOK,
            Stage::NeedsAction | Stage::Accepted => HOUR * 2,
            Stage::InProduction | Stage::Produced => POLL_EVERY,
            // A carrier that tells nothing ends at "shipped": two weeks after the promised day nobody waits for more.
            _ if still > FOLLOWED_FOR || (part.parcels == 0 && overdue(part, now) > LOST_AFTER) => return None,
            _ => POLL_EVERY,
        };
        // The longer nothing moves, the rarer the looks.
        Some((still / 8).clamp(soonest, LONGEST.max(soonest)))
    });
    waits.min()
}

fn unmoved(part: &Followed, now: At) -> Duration {
    part.moved_at.map_or(Duration::ZERO, |since| now.since(since))
}

/// How long the promised day has been over.
fn overdue(part: &Followed, now: At) -> Duration {
    let end = part.max_delivery.as_deref().and_then(At::end_of_day);
    end.map_or(Duration::ZERO, |end| now.since(end))
}

/// What is to be said of a part now: each kind, and the sentence if it holds.
fn judge(part: &Followed, now: At, refusal: &str) -> Vec<(Kind, Option<String>)> {
    let Some(stage) = Stage::from_word(&part.stage) else { return Vec::new() };
    let (still, late) = (unmoved(part, now), overdue(part, now));
    let days = |span: Duration| span.as_secs() / DAY.as_secs();
    let gone = matches!(stage, Stage::Shipped | Stage::InTransit);
    let when = |holds: bool, text: String| holds.then_some(text);
    let lost =
        gone && part.parcels > 0 && (late > LOST_AFTER || (part.max_delivery.is_none() && still > LOST_AFTER_LEAVING));
    let is = |wanted: Stage| stage == wanted;
    let stuck = !gone && !stage.terminal() && !is(Stage::NeedsAction) && still > STUCK_AFTER;
    let delayed = !stage.terminal() && !late.is_zero() && !lost && (part.parcels > 0 || !gone);
    vec![
        (
            Kind::NeedsAction,
            when(is(Stage::NeedsAction), format!("The printer waits for you ({}): {refusal}", part.status)),
        ),
        (Kind::Failed, when(is(Stage::Failed), format!("The printer could not make it: {refusal}"))),
        (Kind::Canceled, when(is(Stage::Canceled), format!("The printer cancelled it: {refusal}"))),
        (
            Kind::Returned,
            when(is(Stage::Returned), "The parcel came back to the sender: ask the customer for the address.".into()),
        ),
        (
            Kind::Stuck,
            when(
                stuck,
                format!("Nothing has moved for {} days; it is \"{}\" at the printer.", days(still), part.status),
            ),
        ),
        (
            Kind::Delayed,
            when(delayed, format!("It was promised by {}.", part.max_delivery.as_deref().unwrap_or_default())),
        ),
        (Kind::Lost, when(lost, format!("It left, and nothing was heard for {} days: ask the carrier.", days(still)))),
    ]
}

/// Opens what a person must look at, and closes what is over.
pub(crate) async fn watch(
    tx: &mut Tx,
    done: &Recording,
    order: &Order,
    parts: &[Followed],
    seen: &Seen,
) -> db::Result<()> {
    // What we cancelled is nobody's surprise.
    let ours = order.state == OrderState::Cancelled.word();
    for part in parts {
        let refusal = seen.parts.iter().find(|said| said.id == part.provider_id).and_then(|said| said.refusal.clone());
        let refusal = refusal.unwrap_or_else(|| "no reason given".to_owned());
        for (kind, detail) in judge(part, done.business_now, &refusal) {
            match detail {
                Some(_) if ours && kind == Kind::Canceled => {}
                Some(detail) => {
                    let about = (part.provider_id.as_str(), Some(order.id));
                    operator_items::open(tx, done.business_now, done.tenant, kind, about, &detail).await?;
                }
                None => {
                    operator_items::settle(tx, done.business_now, done.tenant, kind, &part.provider_id).await?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: At = At(1_800_000_000_000_000);

    fn part(stage: Stage, still: Duration, promised_days_ago: Option<i64>, parcels: i64) -> Followed {
        let promised = promised_days_ago.map(|days| {
            let at = NOW.minus(DAY * u32::try_from(days).expect("days"));
            at.timestamp().to_string().chars().take(10).collect()
        });
        Followed {
            provider_id: "p".into(),
            status: "word".into(),
            stage: stage.word().into(),
            moved_at: Some(NOW.minus(still)),
            max_delivery: promised,
            parcels,
        }
    }

    fn said(part: &Followed) -> Vec<&'static str> {
        judge(part, NOW, "r").into_iter().filter(|(_, text)| text.is_some()).map(|(kind, _)| kind.word()).collect()
    }

    #[test]
    fn looks_are_close_where_things_go_wrong_and_rare_where_nothing_moves() {
        let wait = |stage, still| next_look(&[part(stage, still, None, 1)], NOW);
        assert_eq!(wait(Stage::Submitted, HOUR), Some(FIRST_LOOK));
        assert_eq!(wait(Stage::Accepted, HOUR), Some(HOUR * 2));
        assert_eq!(wait(Stage::InProduction, HOUR), Some(POLL_EVERY));
        assert_eq!(wait(Stage::InTransit, DAY * 4), Some(HOUR * 12));
        assert_eq!(wait(Stage::InTransit, DAY * 30), Some(DAY), "once a day at the least");
        assert_eq!(wait(Stage::InTransit, DAY * 61), None, "nobody will hear of it");
        for stage in [Stage::Delivered, Stage::Canceled, Stage::Failed, Stage::Returned] {
            assert_eq!(wait(stage, HOUR), None);
        }
        let two = [part(Stage::Delivered, HOUR, None, 1), part(Stage::Produced, HOUR, None, 0)];
        assert_eq!(next_look(&two, NOW), Some(POLL_EVERY), "the slowest part is followed");
        assert_eq!(next_look(&[part(Stage::Shipped, DAY * 20, Some(15), 0)], NOW), None, "a letter tells nothing");
        assert_eq!(next_look(&[part(Stage::Shipped, DAY * 20, Some(15), 1)], NOW), Some(DAY));
    }

    #[test]
    fn many_open_orders_share_a_quarter_of_the_budget() {
        assert_eq!(rest_s(100, 5), 80);
        assert_eq!(rest_s(10_000, 5), 8000, "10,000 parts at 5 a second: 1.25 looks a second");
        assert_eq!(rest_s(1_000_000, 5), DAY.as_secs(), "a day at the most");
        assert_eq!(rest_s(10, 0), 0);
    }

    #[test]
    fn what_a_person_must_hear_of() {
        assert_eq!(said(&part(Stage::InProduction, DAY, None, 0)), [""; 0]);
        assert_eq!(said(&part(Stage::InProduction, DAY * 6, None, 0)), ["stuck"]);
        assert_eq!(said(&part(Stage::InProduction, DAY, Some(2), 0)), ["delayed"]);
        assert_eq!(said(&part(Stage::Shipped, DAY, Some(2), 1)), ["delayed"]);
        assert_eq!(said(&part(Stage::Shipped, DAY * 20, Some(2), 0)), [""; 0], "a letter is never late");
        assert_eq!(said(&part(Stage::InTransit, DAY * 20, Some(16), 1)), ["lost"]);
        assert_eq!(said(&part(Stage::InTransit, DAY * 31, None, 1)), ["lost"]);
        assert_eq!(said(&part(Stage::Delivered, DAY * 99, Some(90), 1)), [""; 0]);
        assert_eq!(said(&part(Stage::NeedsAction, DAY * 9, None, 0)), ["needs_action"]);
        assert_eq!(said(&part(Stage::Returned, DAY, None, 1)), ["returned"]);
        assert_eq!(said(&part(Stage::Failed, DAY, None, 0)), ["failed"]);
    }
}
