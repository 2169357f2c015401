//! F-08: random orders with partial refunds and late receipts, in currencies of 0, 2 and 3 decimals, against exact fractions.
//!
//! The suite runs some thousands; a million is `PLATEN_MONEY_ORDERS=1000000 cargo test --release -p platen-shared --test money model`.

use num_rational::BigRational;
use platen_shared::domain::account::Account;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::postings;
use platen_shared::domain::revenue::{Cost, Facts, SoldItem};
use platen_shared::domain::terms::{Commission, Holding, ItemTerms, OrderTerms, PaymentFee};
use platen_shared::domain::transaction::{Line, Transaction};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::kit::currency;

fn exact(whole: i64) -> BigRational {
    BigRational::from_integer(whole.into())
}

fn ratio(n: i64, d: i64) -> BigRational {
    exact(n) / exact(d)
}

/// Half-even, from the definition.
fn rounded(of: &BigRational) -> BigRational {
    let (floor, half) = (of.floor(), ratio(1, 2));
    let rest = of - &floor;
    let even = (&floor / exact(2)).is_integer();
    if rest < half || (rest == half && even) { floor } else { floor + exact(1) }
}

/// The books of one order, as lines.
#[derive(Default)]
struct Ledger(Vec<Line>);

impl Ledger {
    fn post(&mut self, moved: &Transaction) {
        let sum: i64 = moved.lines().iter().map(|line| line.amount.minor).sum();
        assert_eq!(sum, 0, "a transaction conserves");
        self.0.extend(moved.lines().into_iter().cloned());
    }

    fn of(&self, account: &Account) -> i64 {
        self.0.iter().filter(|line| line.account == *account).map(|line| line.amount.minor).sum()
    }
}

struct Sale {
    terms: OrderTerms,
    items: Vec<SoldItem>,
    facts: Facts,
}

fn sale(dice: &mut StdRng, currency: Currency) -> Sale {
    let scale = 10_i64.pow(dice.random_range(1..9));
    let mut items = Vec::new();
    for n in 0..dice.random_range(1..=4_usize) {
        let holders = (0..dice.random_range(0..=5_usize)).map(|j| Holding {
            party: format!("h-{n}-{j}"),
            weight: if dice.random_bool(0.1) { 0 } else { dice.random_range(1..1_000_000) },
        });
        let holders: Vec<Holding> = holders.collect();
        let terms = ItemTerms {
            creator: format!("c-{n}"),
            royalty_bps: dice.random_range(0..=10_000),
            holders,
            ..ItemTerms::default()
        };
        items.push((dice.random_range(0..scale), terms));
    }
    let sum: i64 = items.iter().map(|(line, _)| line).sum();
    let tax = dice.random_range(0..=sum / 4 + 1);
    let paid = sum + tax + dice.random_range(0..=scale / 10);
    let fee = PaymentFee { bps: dice.random_range(0..=400), fixed_minor: dice.random_range(0..=50) };
    let terms = OrderTerms {
        platform_fee_bps: dice.random_range(0..=10_000),
        commission: if dice.random_bool(0.5) { Commission::ShareOfMargin } else { Commission::MarkupInBase },
        markup_bps: dice.random_range(0..=8_000),
        base_minor: dice.random_bool(0.8).then(|| dice.random_range(0..=sum)),
        payment_fee: fee,
        ..OrderTerms::default()
    };
    let facts = Facts {
        currency,
        paid,
        refunded: 0,
        tax,
        costs: cost(currency, dice.random_range(0..=sum + 1)),
        packaging: dice.random_range(0..=scale / 20 + 1),
        payment_fee: fee.of(paid),
    };
    Sale { terms, items, facts }
}

fn cost(currency: Currency, minor: i64) -> Vec<Cost> {
    vec![Cost { provider: "p".into(), charged: Money { minor, currency }, minor }]
}

/// Payment, then refunds, receipts and sharing-out in a random order; whatever comes after the sharing-out is settled at once.
fn live(dice: &mut StdRng, sale: &mut Sale) -> Ledger {
    let (mut books, mut shared) = (Ledger::default(), false);
    let money = |minor| Money { minor, currency: sale.facts.currency };
    books.post(&postings::payment(money(sale.facts.paid)).unwrap());
    let mut todo: Vec<u8> = (0..dice.random_range(0..4_u8)).map(|_| dice.random_range(0..2)).collect();
    todo.insert(dice.random_range(0..=todo.len()), 2);
    for what in todo {
        match what {
            0 => {
                let left = sale.facts.paid - sale.facts.refunded;
                let back = if dice.random_bool(0.2) { left } else { dice.random_range(0..=left) };
                sale.facts.refunded += back;
                books.post(&postings::refund(money(back)).unwrap());
            }
            1 => sale.facts.costs = cost(sale.facts.currency, dice.random_range(0..=sale.facts.paid)),
            _ => shared = true,
        }
        if shared {
            let moved = postings::settlement(&sale.terms, &sale.items, &sale.facts, &books.0).unwrap();
            books.post(&moved);
        }
    }
    let again = postings::settlement(&sale.terms, &sale.items, &sale.facts, &books.0).unwrap();
    assert!(again.is_empty(), "a second sharing-out changes nothing");
    books
}

/// Every account against exact fractions of the final facts.
fn check(sale: &Sale, books: &Ledger) {
    let Sale { terms, items, facts } = sale;
    let of = |account: &Account| exact(books.of(account));
    let kept = facts.paid - facts.refunded;
    let tax = if facts.paid == 0 { exact(0) } else { rounded(&(exact(facts.tax) * ratio(kept, facts.paid))) };
    let cost = facts.costs[0].minor;
    let margin = exact(kept) - &tax - exact(cost) - exact(facts.packaging) - exact(facts.payment_fee);
    assert_eq!((books.of(&Account::Gross), books.of(&Account::Margin)), (0, 0), "everything is shared out");
    assert_eq!(books.of(&Account::Cash), -facts.paid);
    assert_eq!(books.of(&Account::Refunds), facts.refunded);
    assert_eq!(of(&Account::Tax), tax);
    assert_eq!(books.of(&Account::ProviderCost("p".into())), cost);
    assert_eq!(books.of(&Account::Packaging), facts.packaging);
    assert_eq!(books.of(&Account::PaymentFee), facts.payment_fee);
    let (earned, lost) = if margin > exact(0) { (margin, exact(0)) } else { (exact(0), margin) };
    assert_eq!(of(&Account::Loss), lost);
    let bps = |n: i64| ratio(n, 10_000);
    let fee = match terms.commission {
        Commission::ShareOfMargin => rounded(&(&earned * bps(terms.platform_fee_bps))),
        Commission::MarkupInBase => {
            rounded(&(exact(terms.base_minor.unwrap_or(cost)) * bps(terms.markup_bps))).min(earned.clone())
        }
    };
    assert_eq!(of(&Account::PlatformFee), fee);
    let creators = earned - fee;
    let prices: i64 = items.iter().map(|(line, _)| line).sum();
    let mut all = exact(0);
    for (line, terms) in items {
        let royalties: Vec<BigRational> =
            terms.holders.iter().map(|holder| of(&Account::Royalty(holder.party.clone()))).collect();
        let royalty: BigRational = royalties.iter().sum();
        let own = of(&Account::Creator(terms.creator.clone())) + &royalty;
        if prices > 0 {
            fair(&own, &(&creators * ratio(*line, prices)), "an item's part");
        }
        let weights: i64 = terms.holders.iter().map(|holder| holder.weight).sum();
        let wanted = if weights > 0 { rounded(&(&own * bps(terms.royalty_bps))) } else { exact(0) };
        assert_eq!(royalty, wanted, "the royalty of an item");
        for (holder, got) in terms.holders.iter().zip(&royalties).filter(|_| weights > 0) {
            fair(got, &(&royalty * ratio(holder.weight, weights)), "a holder");
        }
        all += own;
    }
    assert_eq!(all, creators, "what creators and holders got is what there was");
}

/// Largest remainder: less than one minor unit from the exact share.
fn fair(got: &BigRational, exactly: &BigRational, who: &str) {
    let off = got - exactly;
    assert!(off < exact(1) && off > exact(-1), "{who} got {got} in the place of {exactly}");
}

#[test]
fn random_orders_match_exact_fractions() {
    let wanted = std::env::var("PLATEN_MONEY_ORDERS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000_u64);
    let currencies = ["EUR", "JPY", "TND", "USD", "KWD", "XOF"].map(currency);
    for n in 0..wanted {
        let mut dice = StdRng::seed_from_u64(n);
        let currency = currencies[dice.random_range(0..currencies.len())];
        let mut sale = sale(&mut dice, currency);
        let books = live(&mut dice, &mut sale);
        check(&sale, &books);
    }
    println!("{wanted} orders, difference 0");
}
