//! The machine on a clock that is a number.

use super::*;

const RATE: Rate = Rate { per_second: 5, burst: 3 };
const NOW: i64 = 1_000_000_000;

fn budget() -> Budget {
    Budget::share(RATE, 1)
}

fn enter(state: &mut State, now: i64) -> Verdict {
    state.step(now, &Step::Enter { budget: budget(), room: 3, wait_max: 2_000_000, want: 1 })
}

fn go(probe: i64) -> Verdict {
    Verdict::Go { wait: 0, probe, tokens: 1 }
}

fn opened(now: i64) -> State {
    let mut state = State::default();
    for _ in 0..FAILURES_MAX {
        assert_eq!(state.step(now, &Step::Admit), go(0));
        state.step(now, &Step::Failed { probe: 0 });
    }
    state
}

#[test]
fn a_burst_goes_out_at_once_and_then_the_rate_holds() {
    let mut state = State::default();
    let waits: Vec<_> = (0..5).map(|_| enter(&mut state, NOW)).collect();
    let wait = |wait| Verdict::Go { wait, probe: 0, tokens: 1 };
    assert_eq!(waits, [wait(0), wait(0), wait(0), wait(200_000), wait(400_000)]);
    assert_eq!(enter(&mut state, NOW + 10_000_000), wait(0), "it fills up again");
    assert_eq!(budget().available(&state, NOW + 10_000_000), 2);
}

#[test]
fn who_may_use_up_less_leaves_tokens_for_others() {
    let mut state = State::default();
    let modest = Step::Enter { budget: budget(), room: 1, wait_max: 0, want: 1 };
    assert_eq!(state.step(NOW, &modest), go(0));
    assert_eq!(state.step(NOW, &modest), Verdict::Limited { after: 200_000 });
    assert_eq!((enter(&mut state, NOW), enter(&mut state, NOW)), (go(0), go(0)), "what was refused took nothing");
}

#[test]
fn who_wants_several_gets_them_at_once_and_in_calm_only_and_leaves_half_of_the_burst() {
    let budget = Budget::share(Rate { per_second: 1000, burst: 100 }, 1);
    let block = Step::Enter { budget, room: 100, wait_max: 2_000_000, want: 30 };
    let given = |tokens| Verdict::Go { wait: 0, probe: 0, tokens };
    let mut state = State::default();
    assert_eq!([(); 4].map(|()| state.step(NOW, &block)), [given(30), given(19), given(1), given(1)]);
    assert_eq!(budget.available(&state, NOW), 49);
    let mut resting = State { throttles: 1, ..State::default() };
    let mut failing = State { failures: 1, ..State::default() };
    assert_eq!((resting.step(NOW, &block), failing.step(NOW, &block)), (given(1), given(1)));
    state.full_at = NOW + 1_000_000;
    let late = Verdict::Go { wait: 901_000, probe: 0, tokens: 1 };
    assert_eq!(state.step(NOW, &block), late, "one is booked, never a block");
}

#[test]
fn blocks_are_for_large_budgets() {
    let block = |per_second, burst| Budget::share(Rate { per_second, burst }, 1).block();
    assert_eq!([block(5, 10), block(40, 1000), block(1000, 7)], [1, 1, 1], "as before");
    assert_eq!([block(1000, 1000), block(100_000, 800), block(1_000_000, 1_000_000)], [20, 100, 20_000]);
}

#[test]
fn shares_of_a_budget_are_no_more_than_the_budget() {
    for (burst, replicas) in [(10, 1), (10, 2), (10, 4), (10, 7), (3, 3)] {
        let share = Budget::share(Rate { per_second: 5, burst }, replicas);
        assert!(share.burst * i64::from(replicas) <= i64::from(burst));
        assert_eq!(share.interval, 200_000 * i64::from(replicas));
    }
    assert_eq!(Budget::share(RATE, 100).burst, 1, "or nothing would ever go out");
}

#[test]
fn clocks_that_were_set_back_lock_nobody_out() {
    let day = 86_400_000_000;
    let mut state = opened(day + NOW);
    state.step(day + NOW, &Step::Throttled { probe: 0, asked: PAUSE_MAX_US });
    state.full_at = day + NOW;
    let probe = Verdict::Go { wait: 0, probe: NOW + PROBE_US, tokens: 1 };
    assert_eq!(state.step(NOW, &Step::Admit), probe);
    let mut state = State { full_at: day + NOW, ..State::default() };
    assert!(matches!(enter(&mut state, NOW), Verdict::Limited { after } if after <= 61_000_000));
}

#[test]
fn opens_after_five_in_a_row_and_closes_after_one_good_probe() {
    let mut state = opened(NOW);
    assert_eq!(state.step(NOW + OPEN_US - 1, &Step::Admit), Verdict::Open { after: 1 });
    let lease = NOW + OPEN_US + PROBE_US;
    assert_eq!(state.step(NOW + OPEN_US, &Step::Admit), go(lease));
    assert_eq!(state.step(NOW + OPEN_US, &Step::Admit), Verdict::Open { after: PROBE_OUT_US }, "exactly one probe");
    state.step(NOW + OPEN_US, &Step::Answered { probe: lease });
    assert_eq!(state.step(NOW + OPEN_US, &Step::Admit), go(0));
    assert_eq!((state.failures, state.opened_at), (0, 0));
}

#[test]
fn a_failed_probe_opens_it_again_and_a_lost_probe_passes_the_turn_on() {
    let mut state = opened(NOW);
    let later = NOW + OPEN_US;
    assert_eq!(state.step(later, &Step::Admit), go(later + PROBE_US));
    state.step(later, &Step::Failed { probe: later + PROBE_US });
    assert_eq!(state.step(later, &Step::Admit), Verdict::Open { after: OPEN_US });
    assert_eq!((state.failures, state.opened_at), (6, NOW), "since then");
    let later = later + OPEN_US;
    assert_eq!(state.step(later, &Step::Admit), go(later + PROBE_US));
    state.step(later, &Step::Abandoned { probe: later + PROBE_US });
    assert_eq!(state.step(later, &Step::Admit), go(later + PROBE_US));
}

#[test]
fn a_prober_that_died_is_replaced_and_its_ghost_is_not_heard() {
    let mut state = opened(NOW);
    let ghost = NOW + OPEN_US + PROBE_US;
    assert_eq!(state.step(NOW + OPEN_US, &Step::Admit), go(ghost));
    assert!(matches!(state.step(ghost - 1, &Step::Admit), Verdict::Open { after: 1 }));
    let second = ghost + PROBE_US;
    assert_eq!(state.step(ghost, &Step::Admit), go(second));
    state.step(ghost, &Step::Answered { probe: ghost });
    state.step(ghost, &Step::Failed { probe: ghost });
    state.step(ghost, &Step::Abandoned { probe: ghost });
    assert!(state.is_probing(ghost), "the second one decides");
    state.step(ghost, &Step::Answered { probe: second });
    assert_eq!(state.step(ghost, &Step::Admit), go(0));
}

#[test]
fn an_answer_between_failures_starts_the_count_again_and_late_news_changes_nothing() {
    let mut state = State::default();
    for _ in 0..10 {
        for step in [Step::Failed { probe: 0 }, Step::Failed { probe: 0 }, Step::Answered { probe: 0 }] {
            state.step(NOW, &step);
        }
    }
    assert_eq!(state.step(NOW, &Step::Admit), go(0));
    let mut state = opened(NOW);
    state.step(NOW, &Step::Answered { probe: 0 });
    state.step(NOW + OPEN_US - 5, &Step::Failed { probe: 0 });
    assert_eq!(state.step(NOW, &Step::Admit), Verdict::Open { after: OPEN_US }, "neither closed nor prolonged");
}

#[test]
fn what_was_used_unseen_is_made_up_for() {
    let mut state = State::default();
    state.step(NOW, &Step::Empty { budget: budget(), hold: 1_000_000 });
    assert_eq!(budget().available(&state, NOW), 0);
    assert_eq!(enter(&mut state, NOW), Verdict::Go { wait: 1_200_000, probe: 0, tokens: 1 });
}
