//! Gates that take tokens in blocks, on a board that counts its steps, under a clock that only moves when it is told to.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize};

use futures::FutureExt;
use proptest::prelude::*;

use super::tests::{Hands, account, call};
use super::*;
use crate::adapters::http::{Board, Gates, MemoryBoard};
use crate::clock::Clock;

const LARGE: Rate = Rate { per_second: 2000, burst: 800 };
/// What a budget is promised within.
const JITTER_US: i64 = 50_000;

/// A board of several replicas, which can be cut off.
#[derive(Clone, Debug)]
struct Meter {
    board: Arc<MemoryBoard>,
    steps: Arc<AtomicUsize>,
    slow: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl Board for Meter {
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        if self.cut.load(Ordering::SeqCst) {
            return Err(Unreachable("cut".into()));
        }
        self.steps.fetch_add(1, Ordering::SeqCst);
        if self.slow.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        self.board.step(account, step).await
    }

    fn place(&self) -> &'static str {
        "meter"
    }
}

impl Meter {
    fn new(clock: &Arc<Hands>) -> Meter {
        let (board, steps) = (Arc::new(MemoryBoard::new(clock.clone())), Arc::default());
        Meter { board, steps, slow: Arc::default(), cut: Arc::default() }
    }

    fn steps(&self) -> usize {
        self.steps.load(Ordering::SeqCst)
    }
}

/// The gates of `n` replicas to one account.
fn replicas(n: usize, rate: Rate) -> (Arc<Hands>, Meter, Vec<Arc<Gate>>) {
    let clock = Arc::new(Hands::new());
    let (meter, account) = (Meter::new(&clock), account());
    let gate = || Gates::on(Box::new(meter.clone()), clock.clone()).gate(account, rate);
    let gates = (0..n).map(|_| gate()).collect();
    (clock, meter, gates)
}

/// Whether a token is there now.
fn goes(gate: &Arc<Gate>, class: Class) -> bool {
    gate.enter(class).now_or_never().is_some_and(|entered| entered.is_ok())
}

/// Calls until tokens lie in stock; tells how many.
async fn fill(gate: &Arc<Gate>) -> usize {
    for _ in 0..5 {
        call(gate, Outcome::Answered).await.expect("a token");
    }
    tokio::task::yield_now().await;
    let mut stock = lock(&gate.own).stock;
    std::iter::from_fn(|| stock.take(gate.core.now())).count()
}

#[tokio::test]
async fn many_calls_are_few_steps_and_at_a_providers_rate_each_call_is_one() {
    let (clock, meter, gates) = replicas(1, LARGE);
    for _ in 0..1000 {
        call(&gates[0], Outcome::Answered).await.expect("a token");
        tokio::task::yield_now().await;
        clock.advance_us(700);
    }
    assert!(meter.steps() < 150, "{} steps", meter.steps());

    let (clock, meter, gates) = replicas(1, Rate { per_second: 40, burst: 400 });
    for n in 1..=100 {
        call(&gates[0], Outcome::Answered).await.expect("a token");
        assert_eq!(meter.steps(), n);
        clock.advance_us(700);
    }
}

#[tokio::test]
async fn of_many_who_come_together_one_asks() {
    let (_, meter, gates) = replicas(1, LARGE);
    meter.slow.store(true, Ordering::SeqCst);
    let all = futures::future::join_all((0..100).map(|_| gates[0].enter(Class::Prompt))).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(meter.steps() < 20, "{} steps", meter.steps());
}

#[tokio::test]
async fn a_429_ends_the_stock_of_who_heard_it_at_once_and_that_of_others_within_its_life() {
    let (clock, _, gates) = replicas(2, LARGE);
    let (mine, theirs) = (fill(&gates[0]).await, fill(&gates[1]).await);
    assert!(mine > 0 && theirs > 0, "{mine} and {theirs} tokens in stock");
    let pause = Duration::from_secs(7);
    let throttled = gates[0].enter(Class::Prompt).await.expect("a token").report(Outcome::Throttled(Some(pause)));
    assert_eq!(throttled.await, Some(pause));
    assert_eq!(call(&gates[0], Outcome::Answered).await, Err(PortError::Limited { after: pause }));
    let mut late = 0;
    while goes(&gates[1], Class::Prompt) {
        late += 1;
        clock.advance_us(1000);
    }
    assert!(late <= theirs.min(40), "{late} calls went out on {theirs} tokens from before");
    clock.advance_us(JITTER_US);
    assert!(!goes(&gates[1], Class::Prompt) && !goes(&gates[0], Class::Prompt));
}

#[tokio::test]
async fn after_a_failure_every_call_is_a_step_until_one_goes_well() {
    let (_, meter, gates) = replicas(1, LARGE);
    let gate = &gates[0];
    assert!(fill(gate).await > 0);
    let before = meter.steps();
    let [one, two] =
        [gate.enter(Class::Prompt).await.expect("a token"), gate.enter(Class::Prompt).await.expect("another")];
    assert_eq!(meter.steps(), before, "both out of the stock");
    one.report(Outcome::Failed).await;
    for n in 1..4 {
        call(gate, Outcome::Failed).await.expect("closed");
        assert_eq!(meter.steps(), before + 1 + 2 * n);
    }
    // What was out when it failed tells of it, though it came out of the stock.
    two.report(Outcome::Answered).await;
    for _ in 0..4 {
        call(gate, Outcome::Failed).await.expect("closed: the count began again");
    }
    call(gate, Outcome::Answered).await.expect("closed");
    assert!(fill(gate).await > 0, "and all is well again");
}

#[tokio::test]
async fn a_changed_rate_and_a_lost_board_end_the_stock() {
    let (_, meter, gates) = replicas(1, LARGE);
    let gate = &gates[0];
    assert!(fill(gate).await > 0);
    gate.set_rate(LARGE);
    assert!(fill(gate).await > 0);
    let before = meter.steps();
    gate.set_rate(Rate { per_second: 1000, ..LARGE });
    assert!(goes(gate, Class::Prompt) && meter.steps() == before + 1);

    assert!(fill(gate).await > 0);
    meter.cut.store(true, Ordering::SeqCst);
    while !gate.is_divided() {
        assert!(goes(gate, Class::Prompt), "it does not know yet");
        tokio::task::yield_now().await;
    }
    assert!(!goes(gate, Class::Prompt), "nobody knows what the others just used");
}

#[tokio::test]
async fn what_lay_in_stock_over_a_rest_does_not_come_on_top_of_a_full_burst() {
    let (clock, _, gates) = replicas(8, LARGE);
    for gate in &gates {
        assert!(fill(gate).await > 0);
    }
    clock.advance_us(1_000_000);
    let mut went = 0;
    for gate in &gates {
        while goes(gate, Class::Prompt) {
            went += 1;
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(went, LARGE.burst);
}

#[tokio::test]
async fn catalogues_leave_half_of_the_burst_whatever_lies_in_stock() {
    let (_, _, gates) = replicas(2, LARGE);
    assert!(fill(&gates[0]).await > 0);
    for _ in 0..400 {
        let one = Step::Enter { budget: Budget::share(LARGE, 1), room: 800, wait_max: 0, want: 1 };
        gates[1].step(|_| one).await;
    }
    assert!(!goes(&gates[0], Class::Bulk));
    assert!(goes(&gates[0], Class::Prompt));
}

/// Crowds: microseconds of rest before each, how many calls, and the longest time between two.
fn crowds() -> impl Strategy<Value = Vec<(i64, usize, i64)>> {
    let rest = prop_oneof![0..60_000_i64, 60_000..600_000_i64];
    proptest::collection::vec((rest, 50..1500_usize, prop_oneof![2..100_i64, 100..1500_i64]), 2..6)
}

/// Tokens beyond `burst + rate × (window + jitter)` in the worst window between two of these moments.
fn excess(went: &[i64], rate: Rate) -> i64 {
    let interval = 1_000_000 / i64::from(rate.per_second);
    let free = i64::from(rate.burst) * interval + JITTER_US;
    let (mut least, mut worst) = (i64::MAX, i64::MIN);
    for (at, before) in went.iter().zip(0..) {
        least = least.min(before * interval - at);
        worst = worst.max((before + 1) * interval - at - least);
    }
    (worst - free).div_euclid(interval)
}

/// Has the replicas called in turns that no two cases share; the moments at which calls went out.
async fn went(clock: &Hands, gates: &[Arc<Gate>], crowds: &[(i64, usize, i64)]) -> Vec<i64> {
    let mut went = Vec::new();
    for &(rest, calls, gap) in crowds {
        clock.advance_us(rest);
        for n in 0..calls {
            clock.advance_us((n as i64 * 7919) % gap);
            if goes(&gates[(n * 31 + calls) % gates.len()], Class::Prompt) {
                went.push(clock.now().0);
            }
            // What is asked for ahead comes a little later.
            if n % 3 == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    went
}

#[test]
fn replicas_with_stocks_keep_one_budget_over_every_window() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let (in_blocks, nearest) = (AtomicBool::new(false), AtomicI64::new(i64::MIN));
    let ran = proptest::test_runner::TestRunner::new(config).run(&crowds(), |crowds| {
        let (clock, meter, gates) = replicas(8, LARGE);
        let went = runtime.block_on(went(&clock, &gates, &crowds));
        in_blocks.fetch_or(2 * meter.steps() < went.len(), Ordering::SeqCst);
        nearest.fetch_max(excess(&went, LARGE), Ordering::SeqCst);
        prop_assert!(excess(&went, LARGE) <= 0, "{} more than the budget", excess(&went, LARGE));
        Ok(())
    });
    assert!(ran.is_ok(), "{}", ran.unwrap_err());
    let nearest = nearest.into_inner();
    assert!(in_blocks.into_inner() && nearest > -150, "too little was asked for: {nearest}");
}

#[test]
fn the_judge_of_windows_sees_a_token_too_many() {
    let crowd = |n: usize| vec![0; n];
    assert_eq!((excess(&crowd(900), LARGE), excess(&crowd(901), LARGE)), (0, 1));
}
