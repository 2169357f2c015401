//! One breaker for all replicas, on a clock that the test moves: what one learns, all obey.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::adapters::http::{AccountKey, Class, Gate, Gates, Outcome, Permit, Rate};
use platen_shared::ports::PortError;
use platen_shared::testing::{ManualClock, until};

use crate::kit::{Place, account, places};

const RATE: Rate = Rate { per_second: 100, burst: 1000 };

/// The same account's gate in two replicas.
async fn two(place: &Place, clock: &ManualClock, account: AccountKey) -> [Arc<Gate>; 2] {
    let gate = async || {
        let board = place.board(Arc::new(clock.clone()), false).await;
        Gates::on(board, Arc::new(clock.clone())).gate(account, RATE)
    };
    let pair = [gate().await, gate().await];
    // The bucket of an account that Redis never saw fills first.
    let _ = pair[0].enter(Class::Prompt).await;
    clock.advance(Duration::from_secs(60));
    pair
}

async fn enter(gate: &Arc<Gate>) -> Permit {
    gate.enter(Class::Prompt).await.unwrap()
}

async fn refused(gate: &Arc<Gate>) -> PortError {
    gate.enter(Class::Prompt).await.expect_err("no permit")
}

fn open(seconds: u64) -> PortError {
    PortError::Open { after: Duration::from_secs(seconds) }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_of_both_stop_both_for_30_s_then_one_probe_of_either_decides() {
    for place in places().await {
        let clock = ManualClock::new();
        let [one, two] = two(&place, &clock, account()).await;
        for gate in [&one, &two, &one, &two, &one] {
            enter(gate).await.report(Outcome::Failed).await;
        }
        assert_eq!((refused(&one).await, refused(&two).await), (open(30), open(30)));
        clock.advance(Duration::from_secs(29));
        assert_eq!(refused(&two).await, open(1));
        clock.advance(Duration::from_secs(1));
        let probe = enter(&two).await;
        assert_eq!((refused(&one).await, refused(&two).await), (open(2), open(2)), "one probe, and nobody else");
        probe.report(Outcome::Failed).await;
        assert_eq!((refused(&one).await, refused(&two).await), (open(30), open(30)));
        clock.advance(Duration::from_secs(30));
        enter(&one).await.report(Outcome::Answered).await;
        enter(&two).await.report(Outcome::Answered).await;
        enter(&one).await.report(Outcome::Answered).await;
        place.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prober_that_died_or_gave_up_does_not_leave_it_probing() {
    for place in places().await {
        let clock = ManualClock::new();
        let [one, two] = two(&place, &clock, account()).await;
        for _ in 0..5 {
            enter(&one).await.report(Outcome::Failed).await;
        }
        clock.advance(Duration::from_secs(30));
        // As a process that was killed: it never reports, and never says that it gives up.
        std::mem::forget(enter(&one).await);
        clock.advance(Duration::from_secs(39));
        assert_eq!(refused(&two).await, open(1), "it may only be slow");
        clock.advance(Duration::from_secs(1));
        drop(enter(&two).await);
        until("the turn was passed on", async || one.enter(Class::Prompt).await.is_ok()).await;
        place.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_never_open_it_and_an_answer_to_one_forgets_the_failures_of_both() {
    for place in places().await {
        let clock = ManualClock::new();
        let [one, two] = two(&place, &clock, account()).await;
        for _ in 0..4 {
            enter(&one).await.report(Outcome::Failed).await;
        }
        enter(&two).await.report(Outcome::Answered).await;
        for _ in 0..4 {
            enter(&one).await.report(Outcome::Failed).await;
        }
        // A refusal (4xx) is an answer.
        for gate in [&one, &two].repeat(10) {
            enter(gate).await.report(Outcome::Answered).await;
        }
        place.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_to_one_pauses_both_and_no_other_account() {
    for place in places().await {
        let clock = ManualClock::new();
        let [one, two] = two(&place, &clock, account()).await;
        let pause = Duration::from_secs(90);
        assert_eq!(enter(&one).await.report(Outcome::Throttled(Some(pause))).await, Some(pause));
        assert_eq!(refused(&two).await, PortError::Limited { after: pause });
        let [other, _] = self::two(&place, &clock, account()).await;
        enter(&other).await.report(Outcome::Answered).await;
        assert_eq!(refused(&two).await, PortError::Limited { after: Duration::from_secs(30) }, "a minute later");
        clock.advance(Duration::from_secs(30));
        enter(&two).await.report(Outcome::Answered).await;
        place.leave().await;
    }
}
