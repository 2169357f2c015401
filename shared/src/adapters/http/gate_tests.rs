//! The gate under a clock that only moves when it is told to.

use std::sync::atomic::AtomicI64;

use super::*;
use crate::adapters::http::Gates;
use crate::clock::Clock;
use crate::db::At;
use crate::id::TenantId;

pub(super) struct Hands(AtomicI64);

impl Hands {
    pub(super) fn new() -> Hands {
        Hands(AtomicI64::new(1_000_000_000))
    }

    fn advance(&self, seconds: i64) {
        self.advance_us(seconds * 1_000_000);
    }

    pub(super) fn advance_us(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> At {
        At(self.0.load(Ordering::SeqCst))
    }
}

pub(super) fn account() -> AccountKey {
    AccountKey { provider: "gelato", tenant: TenantId::new() }
}

fn gate(burst: u32) -> (Arc<Hands>, Arc<Gate>) {
    let clock = Arc::new(Hands::new());
    let gate = Gates::new(clock.clone()).gate(account(), Rate { per_second: 1, burst });
    (clock, gate)
}

pub(super) async fn call(gate: &Arc<Gate>, outcome: Outcome) -> Result<Option<Duration>, PortError> {
    Ok(gate.enter(Class::Prompt).await?.report(outcome).await)
}

#[tokio::test]
async fn five_failures_open_it_for_30_s_then_one_probe_decides() {
    let (clock, gate) = gate(100);
    for _ in 0..5 {
        assert_eq!(call(&gate, Outcome::Failed).await, Ok(None));
    }
    let open = |s| Err(PortError::Open { after: Duration::from_secs(s) });
    assert_eq!(call(&gate, Outcome::Answered).await, open(30));
    clock.advance(29);
    assert_eq!(call(&gate, Outcome::Answered).await, open(1));
    clock.advance(1);
    let probe = gate.enter(Class::Prompt).await.expect("the probe");
    assert_eq!(call(&gate, Outcome::Answered).await, open(2), "only one");
    probe.report(Outcome::Answered).await;
    assert_eq!(call(&gate, Outcome::Answered).await, Ok(None));
}

#[tokio::test]
async fn refusals_never_count() {
    let (_, gate) = gate(100);
    for _ in 0..4 {
        call(&gate, Outcome::Failed).await.expect("closed");
    }
    for _ in 0..20 {
        call(&gate, Outcome::Answered).await.expect("closed");
    }
    call(&gate, Outcome::Failed).await.expect("closed: the count began again");
    call(&gate, Outcome::Answered).await.expect("closed");
}

#[tokio::test]
async fn a_429_pauses_the_account_and_not_the_breaker() {
    let (clock, gate) = gate(100);
    let asked = Outcome::Throttled(Some(Duration::from_secs(7)));
    assert_eq!(call(&gate, asked).await, Ok(Some(Duration::from_secs(7))));
    assert_eq!(call(&gate, asked).await, Err(PortError::Limited { after: Duration::from_secs(7) }));
    clock.advance(7);
    call(&gate, Outcome::Answered).await.expect("the pause is over");
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let pause = call(&gate, Outcome::Throttled(None)).await.expect("not paused").expect("a pause");
        pauses.push(pause.as_secs());
        clock.advance(60);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60], "eight in a row, and the breaker is still closed");
}

#[tokio::test]
async fn a_used_up_budget_says_when_the_next_token_comes() {
    let (clock, gate) = gate(3);
    for _ in 0..3 {
        call(&gate, Outcome::Answered).await.expect("a token");
    }
    // Two more callers would wait for 1 and 2 s; the wait itself is polled once and given up.
    for _ in 0..2 {
        assert!(futures::FutureExt::now_or_never(gate.enter(Class::Prompt)).is_none(), "it waits for its token");
    }
    assert_eq!(call(&gate, Outcome::Answered).await, Err(PortError::Limited { after: Duration::from_secs(3) }));
    clock.advance(10);
    call(&gate, Outcome::Answered).await.expect("full again");
}

#[tokio::test]
async fn an_order_that_has_begun_asks_again_but_waits_out_no_pause() {
    let (clock, gate) = gate(1);
    call(&gate, Outcome::Answered).await.expect("a token");
    for _ in 0..2 {
        assert!(futures::FutureExt::now_or_never(gate.enter(Class::Prompt)).is_none(), "it waits for its token");
    }
    let none_soon = Err(PortError::Limited { after: Duration::from_secs(3) });
    assert_eq!(call(&gate, Outcome::Answered).await, none_soon, "who begins gives way");
    let mut underway = std::pin::pin!(gate.enter(Class::Underway));
    assert!(futures::FutureExt::now_or_never(underway.as_mut()).is_none(), "who has begun does not");
    clock.advance(10);
    let pause = Some(Duration::from_secs(9));
    underway.await.expect("a token").report(Outcome::Throttled(pause)).await;
    assert_eq!(gate.enter(Class::Underway).await.map(drop), Err(PortError::Limited { after: Duration::from_secs(9) }));
}

#[tokio::test]
async fn who_waits_for_a_token_hears_of_a_pause_that_began_meanwhile() {
    let clock = Arc::new(Hands::new());
    let gate = Gates::new(clock).gate(account(), Rate { per_second: 1000, burst: 1 });
    let first = gate.enter(Class::Prompt).await.expect("a token");
    let mut second = std::pin::pin!(gate.enter(Class::Prompt));
    assert!(futures::FutureExt::now_or_never(second.as_mut()).is_none(), "it waits a millisecond for its token");
    first.report(Outcome::Throttled(Some(Duration::from_secs(7)))).await;
    assert_eq!(second.await.map(drop), Err(PortError::Limited { after: Duration::from_secs(7) }));
}

#[tokio::test]
async fn accounts_do_not_share_and_names_do() {
    let (clock, _) = gate(1);
    let gates = Gates::new(clock);
    let rate = Rate { per_second: 1, burst: 1 };
    let (this, that) = (account(), account());
    let (one, two) = (gates.gate(this, rate), gates.gate(that, rate));
    call(&one, Outcome::Throttled(Some(Duration::from_secs(9)))).await.expect("open");
    call(&two, Outcome::Answered).await.expect("its own budget");
    assert!(call(&gates.gate(this, rate), Outcome::Answered).await.is_err());
}

#[tokio::test]
async fn a_probe_that_is_given_up_passes_its_turn_on_at_once() {
    let (clock, gate) = gate(100);
    for _ in 0..5 {
        call(&gate, Outcome::Failed).await.expect("closed");
    }
    clock.advance(30);
    drop(gate.enter(Class::Prompt).await.expect("the probe"));
    tokio::task::yield_now().await;
    call(&gate, Outcome::Answered).await.expect("the next probe");
    call(&gate, Outcome::Answered).await.expect("closed");
}

#[tokio::test]
async fn however_many_catalogue_calls_wait_an_order_goes_first() {
    let (clock, gate) = gate(4);
    let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(gate.enter(Class::Bulk))).collect();
    let mut went = 0;
    for call in &mut waiting {
        went += usize::from(futures::FutureExt::now_or_never(call.as_mut()).is_some_and(|entered| entered.is_ok()));
    }
    assert_eq!(went, 2, "half of the burst; the others stand in line and have booked nothing");
    for _ in 0..2 {
        call(&gate, Outcome::Answered).await.expect("the other half is kept for orders");
    }
    clock.advance(1);
    call(&gate, Outcome::Answered).await.expect("so is the next token");
}

/// A board that can be cut off.
#[derive(Debug)]
struct Cable(Arc<crate::adapters::http::MemoryBoard>, Arc<std::sync::atomic::AtomicBool>);

#[async_trait::async_trait]
impl crate::adapters::http::Board for Cable {
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        if self.1.load(Ordering::SeqCst) { Err(Unreachable("cut".into())) } else { self.0.step(account, step).await }
    }

    fn place(&self) -> &'static str {
        "cable"
    }
}

#[tokio::test]
async fn cut_off_it_takes_its_share_and_connected_again_nobody_exceeds_the_whole() {
    let clock = Arc::new(Hands::new());
    let cut = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let board = Arc::new(crate::adapters::http::MemoryBoard::new(clock.clone()));
    let gates = Gates::on(Box::new(Cable(board, cut.clone())), clock.clone());
    gates.share_among(4);
    let gate = gates.gate(account(), Rate { per_second: 2, burst: 8 });
    let went = async || {
        let mut n = 0;
        while futures::FutureExt::now_or_never(gate.enter(Class::Prompt)).is_some_and(|entered| entered.is_ok()) {
            n += 1;
        }
        n
    };
    assert_eq!(went().await, 8, "the whole burst");
    clock.advance(60);
    cut.store(true, Ordering::SeqCst);
    assert_eq!((went().await, gate.is_divided()), (0, true), "nobody knows what the others just used");
    clock.advance(3 + 60);
    assert_eq!(went().await, 2, "a quarter of the burst");
    clock.advance(4);
    assert_eq!(went().await, 1, "a quarter of the rate: a token in two seconds, and one was booked before");
    clock.advance(60);
    cut.store(false, Ordering::SeqCst);
    assert_eq!((went().await, gate.is_divided()), (0, false), "the others may not have noticed yet");
    clock.advance(3 + 60);
    assert_eq!(went().await, 8, "the whole burst again");
}
