//! Every transaction that the books ever take, each made by one small function: from what was agreed and what happened to balanced lines.
//! Nothing else makes any.

use super::account::Account;
use super::money::{Money, MoneyError};
use super::revenue::{Facts, SoldItem, share_out};
use super::terms::OrderTerms;
use super::transaction::{Line, Transaction};

/// A transaction, or an amount that cannot be kept exactly.
pub type Posting = Result<Transaction, MoneyError>;

/// A buyer paid: it lies in the bank, and is owed to the sale.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn payment(amount: Money) -> Posting {
    Transaction::new().moving(Account::Cash, Account::Gross, amount)
}

/// A refund was decided: the sale owes it to the buyer.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn refund(amount: Money) -> Posting {
    Transaction::new().moving(Account::Gross, Account::Refunds, amount)
}

/// The payment provider gave a refund back to the buyer.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn refund_paid(amount: Money) -> Posting {
    Transaction::new().moving(Account::Refunds, Account::Cash, amount)
}

/// What must still move so that an order's money is where terms and facts say: everything at the first time, differences when a receipt
/// or a refund came later, nothing when nothing changed. `booked` are all lines that the books hold of the order.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn settlement(terms: &OrderTerms, items: &[SoldItem], facts: &Facts, booked: &[Line]) -> Posting {
    let target = share_out(terms, items, facts).moves(facts.currency)?;
    target.plus(&shared_out(booked)?.reversed())
}

/// What earlier settlements of an order moved, read back from its lines.
fn shared_out(booked: &[Line]) -> Posting {
    let mut moved = Transaction::new();
    for Line { account, amount } in booked {
        moved = match account {
            Account::Cash | Account::Gross | Account::Refunds => moved,
            // In another currency the conversion's line is among these, so that nothing of it is left of the gross.
            account => moved.moving(Account::Gross, account.clone(), *amount)?,
        };
    }
    Ok(moved)
}

/// A payout was approved: it leaves the party's accounts. `balances` are theirs; negative ones are netted, and what is not paid now stays
/// where it is.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn payout(party: &str, balances: &[(Account, i64)], amount: Money) -> Posting {
    let mut left = amount.minor;
    let mut sent = Transaction::new();
    // Debts first: they make the others' share larger, and the sum is the amount whatever the order.
    let debts = balances.iter().filter(|(_, minor)| *minor < 0);
    for (account, minor) in debts.chain(balances.iter().filter(|(_, minor)| *minor > 0)) {
        let now = (*minor).min(left);
        left -= now;
        let moved = Money { minor: now, ..amount };
        sent = sent.moving(account.clone(), Account::InTransit(party.to_owned()), moved)?;
    }
    if left == 0 { Ok(sent) } else { Err(MoneyError::Range) }
}

/// The bank paid a payout.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn payout_paid(party: &str, amount: Money) -> Posting {
    Transaction::new().moving(Account::InTransit(party.to_owned()), Account::Cash, amount)
}

/// The bank did not pay a payout: it goes back to the accounts it came from. `sent` are the lines that took it from there.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn payout_failed(party: &str, sent: &[Line]) -> Posting {
    let mut back = Transaction::new();
    for Line { account, amount } in sent.iter().filter(|line| line.account.party().is_some()) {
        back = back.moving(account.clone(), Account::InTransit(party.to_owned()), *amount)?;
    }
    Ok(back)
}

/// An account's money becomes another currency.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn conversion(account: &Account, from: Money, to: Money) -> Posting {
    Transaction::new().moving(account.clone(), Account::Conversion, from)?.moving(
        Account::Conversion,
        account.clone(),
        to,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::revenue::Cost;
    use crate::domain::terms::{Holding, ItemTerms};

    fn eur(minor: i64) -> Money {
        Money { minor, currency: "EUR".parse().expect("EUR") }
    }

    fn lines(of: &Transaction) -> Vec<Line> {
        of.lines().into_iter().cloned().collect()
    }

    fn told(of: &Transaction) -> Vec<(String, i64)> {
        of.lines().iter().map(|line| (line.account.to_string(), line.amount.minor)).collect()
    }

    fn named(of: &[(&str, i64)]) -> Vec<(String, i64)> {
        of.iter().map(|(account, minor)| ((*account).to_owned(), *minor)).collect()
    }

    fn sale() -> (OrderTerms, Vec<SoldItem>) {
        let holders = vec![Holding { party: "label".into(), weight: 1 }];
        let item = ItemTerms { creator: "ada".into(), royalty_bps: 1000, holders, ..ItemTerms::default() };
        (OrderTerms { platform_fee_bps: 2000, ..OrderTerms::default() }, vec![(4000, item)])
    }

    fn facts(refunded: i64, cost: Money, minor: i64) -> Facts {
        let costs = vec![Cost { provider: "gelato".into(), charged: cost, minor }];
        Facts { currency: eur(0).currency, paid: 5000, refunded, tax: 800, costs, packaging: 0, payment_fee: 0 }
    }

    #[test]
    fn each_small_transaction_says_what_moved() {
        assert_eq!(told(&payment(eur(5)).expect("ok")), named(&[("cash", -5), ("gross", 5)]));
        assert_eq!(told(&refund(eur(5)).expect("ok")), named(&[("gross", -5), ("refunds", 5)]));
        assert_eq!(told(&refund_paid(eur(5)).expect("ok")), named(&[("refunds", -5), ("cash", 5)]));
        assert_eq!(
            told(&payout_paid("ada", eur(5)).expect("ok")),
            named(&[("payout_in_transit:ada", -5), ("cash", 5)])
        );
        let usd = Money { minor: 6, currency: "USD".parse().expect("USD") };
        let changed = conversion(&Account::Creator("ada".into()), usd, eur(5)).expect("ok");
        let all = [("creator:ada", -6), ("conversion", 6), ("conversion", -5), ("creator:ada", 5)];
        assert_eq!(told(&changed), named(&all));
    }

    #[test]
    fn a_second_settlement_moves_nothing_and_a_later_fact_moves_the_difference() {
        let (terms, items) = sale();
        let first = settlement(&terms, &items, &facts(0, eur(1700), 1700), &lines(&payment(eur(5000)).expect("ok")));
        let first = first.expect("ok");
        let shared = [
            ("gross", -5000),
            ("tax", 800),
            ("provider_cost:gelato", 1700),
            ("platform_fee", 500),
            ("royalty:label", 200),
            ("creator:ada", 1800),
        ];
        assert_eq!(told(&first), named(&shared));
        let again = settlement(&terms, &items, &facts(0, eur(1700), 1700), &lines(&first)).expect("ok");
        assert!(again.is_empty(), "{again:?}");
        let dearer = settlement(&terms, &items, &facts(0, eur(1800), 1800), &lines(&first)).expect("ok");
        let by = [("provider_cost:gelato", 100), ("platform_fee", -20), ("royalty:label", -8), ("creator:ada", -72)];
        let mut sorted = told(&dearer);
        sorted.sort();
        let mut wanted = named(&by);
        wanted.sort();
        assert_eq!(sorted, wanted, "and gross is even");
    }

    #[test]
    fn a_refund_before_and_after_lead_to_the_same_balances() {
        let (terms, items) = sale();
        let money_in = lines(&payment(eur(5000)).expect("ok"));
        let back = lines(&refund(eur(1000)).expect("ok"));
        let after = facts(1000, eur(1700), 1700);
        let early = settlement(&terms, &items, &after, &[money_in.clone(), back.clone()].concat()).expect("ok");
        let first = settlement(&terms, &items, &facts(0, eur(1700), 1700), &money_in).expect("ok");
        let late = settlement(&terms, &items, &after, &[money_in, lines(&first), back].concat()).expect("ok");
        let both = first.plus(&late).expect("ok");
        for line in early.lines() {
            assert_eq!(both.of(&line.account, eur(0).currency), line.amount.minor, "{}", line.account);
        }
        assert_eq!(both.lines().len(), early.lines().len());
    }

    #[test]
    fn a_foreign_cost_settles_once_as_well() {
        let (terms, items) = sale();
        let usd = |minor| Money { minor, currency: "USD".parse().expect("USD") };
        let first = settlement(&terms, &items, &facts(0, usd(2000), 1840), &[]).expect("ok");
        let again = settlement(&terms, &items, &facts(0, usd(2000), 1840), &lines(&first)).expect("ok");
        assert!(again.is_empty(), "{again:?}");
        let cheaper = settlement(&terms, &items, &facts(0, usd(1500), 1380), &lines(&first)).expect("ok");
        let cost = Account::ProviderCost("gelato".into());
        assert_eq!(
            (cheaper.of(&cost, usd(0).currency), cheaper.of(&Account::Conversion, eur(0).currency)),
            (-500, -460)
        );
    }

    #[test]
    fn a_payout_nets_debts_and_comes_back_whence_it_came() {
        let [creator, royalty] = Account::of_party("ada");
        let sent = payout("ada", &[(creator.clone(), -200), (royalty.clone(), 500)], eur(300)).expect("ok");
        let all = [("creator:ada", 200), ("payout_in_transit:ada", 300), ("royalty:ada", -500)];
        assert_eq!(told(&sent), named(&all));
        let back = payout_failed("ada", &lines(&sent)).expect("ok");
        assert!(sent.clone().plus(&back).expect("ok").is_empty(), "{back:?}");
        let part = payout("ada", &[(creator.clone(), 400), (royalty.clone(), 500)], eur(600)).expect("ok");
        assert_eq!(told(&part), named(&[("creator:ada", -400), ("payout_in_transit:ada", 600), ("royalty:ada", -200)]));
        assert!(payout("ada", &[(creator, -200), (royalty, 500)], eur(301)).is_err(), "more than there is");
        assert!(payout("ada", &[], eur(1)).is_err());
    }
}
