//! A transaction of the books. It is made of moves *from* one account *to* another, so that one whose lines do not sum to zero cannot be
//! written down: there is no way to add a line by itself.

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::money::{Currency, Money, MoneyError};

/// A line of the books: positive is owed to the account, negative is taken from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where.
    pub account: Account,
    /// How much.
    #[serde(flatten)]
    pub amount: Money,
}

/// Lines that sum to zero in every currency, by construction.
///
/// ```
/// use platen_shared::domain::{account::Account, money::Money, transaction::Transaction};
/// let eur = "EUR".parse().unwrap();
/// let paid = Transaction::new().moving(Account::Cash, Account::Gross, Money { minor: 1299, currency: eur }).unwrap();
/// assert_eq!(paid.lines().iter().map(|line| line.amount.minor).sum::<i64>(), 0);
/// ```
///
/// There is no other way in:
///
/// ```compile_fail
/// use platen_shared::domain::transaction::Transaction;
/// let cheat = Transaction { lines: vec![] };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    lines: Vec<Line>,
}

impl Transaction {
    /// Nothing moved yet.
    #[must_use]
    pub fn new() -> Transaction {
        Transaction::default()
    }

    /// Moves an amount; a negative one moves back. Lines of one account and currency become one.
    ///
    /// # Errors
    /// [`MoneyError::Range`], and then nothing moved.
    pub fn moving(mut self, from: Account, to: Account, amount: Money) -> Result<Transaction, MoneyError> {
        let back = Money::new(amount.minor.checked_neg().ok_or(MoneyError::Range)?, amount.currency)?;
        self.add(from, back)?;
        self.add(to, amount)?;
        Ok(self)
    }

    fn add(&mut self, account: Account, amount: Money) -> Result<(), MoneyError> {
        let same = |line: &&mut Line| line.account == account && line.amount.currency == amount.currency;
        match self.lines.iter_mut().find(same) {
            Some(line) => line.amount = line.amount.plus(amount)?,
            None => self.lines.push(Line { account, amount: Money::new(amount.minor, amount.currency)? }),
        }
        Ok(())
    }

    /// All moves of both.
    ///
    /// # Errors
    /// [`MoneyError::Range`].
    pub fn plus(mut self, other: &Transaction) -> Result<Transaction, MoneyError> {
        for line in &other.lines {
            self.add(line.account.clone(), line.amount)?;
        }
        Ok(self)
    }

    /// The lines, without those that came to nothing.
    #[must_use]
    pub fn lines(&self) -> Vec<&Line> {
        self.lines.iter().filter(|line| line.amount.minor != 0).collect()
    }

    /// Whether nothing moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    /// What one account gains, in one currency.
    #[must_use]
    pub fn of(&self, account: &Account, currency: Currency) -> i64 {
        let own = self.lines.iter().find(|line| line.account == *account && line.amount.currency == currency);
        own.map_or(0, |line| line.amount.minor)
    }

    /// The same moves backwards.
    #[must_use]
    pub fn reversed(&self) -> Transaction {
        let turn = |line: &Line| Line {
            account: line.account.clone(),
            amount: Money { minor: -line.amount.minor, ..line.amount },
        };
        Transaction { lines: self.lines.iter().map(turn).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::MINOR_MAX;

    fn money(minor: i64, code: &str) -> Money {
        Money { minor, currency: code.parse().expect("a currency") }
    }

    #[test]
    fn moves_of_one_account_become_one_line() {
        let eur = money(0, "EUR").currency;
        let done = Transaction::new()
            .moving(Account::Gross, Account::Tax, money(3, "EUR"))
            .and_then(|t| t.moving(Account::Gross, Account::Margin, money(7, "EUR")))
            .and_then(|t| t.moving(Account::Margin, Account::PlatformFee, money(7, "EUR")))
            .expect("in range");
        let told: Vec<_> = done.lines().iter().map(|l| (l.account.to_string(), l.amount.minor)).collect();
        assert_eq!(told, [("gross".to_owned(), -10), ("tax".to_owned(), 3), ("platform_fee".to_owned(), 7)]);
        assert_eq!((done.of(&Account::Margin, eur), done.of(&Account::Gross, eur)), (0, -10));
        assert_eq!(done.of(&Account::Gross, money(0, "USD").currency), 0, "another currency is another line");
        let both = done.reversed();
        assert_eq!((both.of(&Account::Gross, eur), both.of(&Account::Tax, eur)), (10, -3));
    }

    #[test]
    fn currencies_never_mix() {
        let done = Transaction::new()
            .moving(Account::Gross, Account::Conversion, money(92, "EUR"))
            .and_then(|t| t.moving(Account::Conversion, Account::Gross, money(100, "USD")))
            .expect("in range");
        for code in ["EUR", "USD"] {
            let of = |line: &&&Line| line.amount.currency.code() == code;
            assert_eq!(done.lines().iter().filter(of).map(|line| line.amount.minor).sum::<i64>(), 0);
        }
        assert_eq!(done.lines().len(), 4);
    }

    #[test]
    fn what_is_beyond_the_range_is_refused_and_nothing_is_something() {
        for minor in [i64::MIN, i64::MAX, MINOR_MAX + 1, -MINOR_MAX - 1] {
            let moved = Transaction::new().moving(Account::Cash, Account::Gross, money(minor, "EUR"));
            assert_eq!(moved, Err(MoneyError::Range), "{minor}");
        }
        let full = Transaction::new().moving(Account::Cash, Account::Gross, money(MINOR_MAX, "EUR")).expect("in range");
        assert!(full.clone().moving(Account::Cash, Account::Gross, money(1, "EUR")).is_err());
        let nothing = Transaction::new().moving(Account::Cash, Account::Gross, money(0, "EUR")).expect("in range");
        assert!(nothing.is_empty() && Transaction::new().is_empty() && !full.is_empty());
    }
}
