//! The stock on a clock that is a number.

use super::*;

const NOW: i64 = 1_000_000_000;

/// A stock of one block, asked for at `NOW`.
fn stock(tokens: i64) -> Stock {
    let mut stock = Stock::default();
    let order = stock.order(NOW, 1);
    stock.lay_by(order, tokens, NOW, NOW);
    stock
}

/// How many tokens it gives at a moment.
fn gives(mut stock: Stock, now: i64) -> usize {
    std::iter::from_fn(|| stock.take(now)).count()
}

#[test]
fn a_token_is_good_for_40_ms_and_a_clock_that_is_set_back_ends_it() {
    assert_eq!(gives(Stock::default(), NOW), 0);
    assert_eq!(gives(stock(10), NOW), 10);
    assert_eq!(gives(stock(10), NOW + LIFE_US - 1), 10);
    assert_eq!(gives(stock(10), NOW + LIFE_US), 0);
    assert_eq!(gives(stock(10), NOW - 1), 0);
}

#[test]
fn the_next_block_is_asked_for_once_when_a_quarter_is_used_and_is_used_after_the_first() {
    let mut stock = stock(8);
    let low: Vec<bool> = (0..6).map(|_| stock.take(NOW).expect("a token").low).collect();
    assert_eq!(low, [false, true, false, false, false, false]);
    let order = stock.order(NOW + LIFE_US / 2, 0);
    stock.lay_by(order, 8, NOW + LIFE_US / 2, NOW + LIFE_US / 2);
    assert_eq!(gives(stock, NOW + LIFE_US / 2), 2 + 8);
    assert_eq!(gives(stock, NOW + LIFE_US), 8, "what was left of the first one is lost");
}

#[test]
fn it_asks_for_what_is_used_in_20_ms_and_for_one_after_a_rest() {
    let mut stock = stock(1000);
    for _ in 0..99 {
        stock.take(NOW).expect("a token");
    }
    assert_eq!(stock.order(NOW + 10_000, 0).want, 200, "a hundred in 10 ms");
    assert_eq!(stock.order(NOW + 10_000, 1).want, 1, "nothing since");
    assert_eq!(stock.order(NOW + 10_001, 1).want, 10, "two at once are not a million a second");
    assert_eq!(stock.order(NOW + 1_000_000, 1).want, 1);
}

#[test]
fn time_in_which_callers_waited_for_tokens_is_no_slow_pace() {
    let mut stock = stock(100);
    let order = stock.order(NOW, 0);
    assert_eq!((0..100).filter(|_| stock.take(NOW + 5000).is_some()).count(), 100);
    stock.lay_by(order, 100, NOW + 25_000, NOW + 30_000);
    for _ in 0..50 {
        stock.take(NOW + 30_000).expect("a token");
    }
    assert_eq!(stock.order(NOW + 35_000, 0).want, 200, "fifty in 5 ms");
}

#[test]
fn what_is_thrown_away_is_gone_and_so_is_what_was_on_its_way() {
    let mut stock = stock(10);
    let order = stock.order(NOW, 0);
    stock.throw_away();
    assert_eq!(gives(stock, NOW), 0);
    stock.lay_by(order, 10, NOW, NOW);
    assert_eq!(gives(stock, NOW), 0);
    let order = stock.order(NOW, 0);
    stock.lay_by(order, 10, NOW, NOW);
    assert_eq!(gives(stock, NOW), 10, "what was asked for afterwards is good");
}

#[test]
fn a_token_is_as_old_as_its_grant_or_as_its_order_if_the_clocks_differ() {
    let ends_at = |at: i64| {
        let mut stock = Stock::default();
        let order = stock.order(NOW, 0);
        stock.lay_by(order, 1, at, NOW + 10_000);
        (0..LIFE_US * 2)
            .step_by(1000)
            .find(|elapsed| gives(stock, NOW + 10_000 + elapsed) == 0)
            .map(|gone| gone + 10_000)
    };
    assert_eq!(ends_at(NOW + 8000), Some(LIFE_US + 8000));
    assert_eq!([NOW - 1, NOW + 10_001].map(ends_at), [Some(LIFE_US); 2]);
}
