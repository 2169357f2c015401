//! Random steps at random moments: every board answers and keeps exactly what the machine says.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use platen_shared::adapters::http::{AccountKey, Board, Budget, Rate, State, Step, Verdict};
use platen_shared::clock::Clock;
use platen_shared::db::At;
use proptest::prelude::*;

use crate::kit::{Place, account, places, redis};

/// A clock that is set, also back.
#[derive(Debug)]
pub(crate) struct Hands(pub(crate) AtomicI64);

impl Clock for Hands {
    fn now(&self) -> At {
        At(self.0.load(Ordering::SeqCst))
    }
}

/// A step that does not know its lease yet.
type Draft = (i64, u8, u8, i64);

const START: i64 = 1_790_000_000_000_000;

fn step((_, kind, pick, number): Draft, leases: &[i64]) -> Step {
    let budget = Budget::share(
        Rate { per_second: 1 + u32::from(pick % 7), burst: 1 + u32::from(pick % 5) * (1 + u32::from(pick / 100) * 6) },
        1,
    );
    // No lease, the last one given, or one from before.
    let probe = match pick % 3 {
        0 => 0,
        1 => leases.last().copied().unwrap_or(0),
        _ => leases.first().copied().unwrap_or(7),
    };
    match kind {
        0..=3 => {
            let room = if pick % 2 == 0 { budget.burst } else { 1 + i64::from(pick % 4) };
            Step::Enter { budget, room, wait_max: number % 3_000_000, want: 1 + number % 11 }
        }
        4 => Step::Admit,
        5 => Step::Answered { probe },
        6..=9 => Step::Failed { probe },
        10 => Step::Throttled { probe, asked: if pick % 2 == 0 { -1 } else { number * 1000 } },
        11 => Step::Abandoned { probe },
        12 => Step::Empty { budget, hold: number },
        _ if pick % 2 == 0 => Step::Answered { probe },
        _ => Step::Look,
    }
}

/// Tells how often several tokens were given at once.
async fn compare(board: &dyn Board, hands: &Hands, account: AccountKey, drafts: &[Draft]) -> usize {
    hands.0.store(START, Ordering::SeqCst);
    let budget = Budget::share(Rate { per_second: 5, burst: 3 }, 1);
    let first = Step::Empty { budget, hold: 0 };
    let mut state = State::default();
    state.step(START, &first);
    assert_eq!(board.step(account, &first).await.unwrap().state, state);
    let (mut leases, mut blocks) = (Vec::new(), 0);
    for (n, draft) in drafts.iter().enumerate() {
        let now = hands.0.fetch_add(draft.0, Ordering::SeqCst) + draft.0;
        let step = step(*draft, &leases);
        let verdict = state.step(now, &step);
        let done = board.step(account, &step).await.unwrap();
        assert_eq!((done.verdict, done.state, done.now), (verdict, state, now), "step {n}: {step:?}");
        if let Verdict::Go { probe: probe @ 1.., .. } = verdict {
            leases.push(probe);
        }
        blocks += usize::from(matches!(verdict, Verdict::Go { tokens: 2.., .. }));
    }
    blocks
}

/// Mostly small steps forward, now and then over a breaker's time, over a pause, or back.
fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let elapsed = prop_oneof![
        6 => 0..400_000_i64,
        3 => 0..45_000_000_i64,
        1 => 0..7_200_000_000_i64,
        1 => -200_000_000..0_i64,
    ];
    proptest::collection::vec((elapsed, 0..14_u8, any::<u8>(), 0..5_000_000_i64), 1..60)
}

#[test]
fn every_board_decides_like_the_machine() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for place in runtime.block_on(places()) {
        let hands = Arc::new(Hands(AtomicI64::new(START)));
        let board = runtime.block_on(place.board(hands.clone(), false));
        let cases = if matches!(place, Place::Redis(..)) { 200 } else { 12 };
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let blocks = AtomicUsize::new(0);
        let ran = runner.run(&drafts(), |drafts| {
            blocks.fetch_add(runtime.block_on(compare(&*board, &hands, account(), &drafts)), Ordering::SeqCst);
            Ok(())
        });
        assert!(ran.is_ok(), "{}: {}", board.place(), ran.unwrap_err());
        assert!(blocks.into_inner() > 0, "{}: no step gave several tokens", board.place());
        runtime.block_on(place.leave());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_forgot_is_an_empty_bucket_and_what_is_new_a_full_one() {
    let Some(place) = redis() else { return };
    let hands = Arc::new(Hands(AtomicI64::new(START)));
    let board = place.board(hands.clone(), false).await;
    let budget = Budget::share(Rate { per_second: 5, burst: 10 }, 1);
    let enter = Step::Enter { budget, room: 10, wait_max: 0, want: 1 };
    let empty = Verdict::Limited { after: 2_200_000 };
    assert_eq!(board.step(account(), &enter).await.unwrap().verdict, empty, "also what was booked may be out still");
    // A report that comes in before anybody enters must not make the bucket look known, and full.
    let reported = account();
    board.step(reported, &Step::Failed { probe: 0 }).await.unwrap();
    assert_eq!(board.step(reported, &enter).await.unwrap().verdict, empty);
    hands.0.fetch_add(4_200_000, Ordering::SeqCst);
    assert_eq!(board.step(account(), &enter).await.unwrap().verdict, Verdict::Go { wait: 0, probe: 0, tokens: 1 });
}
