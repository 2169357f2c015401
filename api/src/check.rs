//! Rules that several bodies share. Every broken one is reported, with its pointer.

use platen_shared::domain::money::{Currency, MINOR_MAX, Money};

use crate::error::{Fault, Problem, Reply};

/// Collects what is wrong with a body.
#[derive(Default)]
pub(crate) struct Checks(Vec<Fault>);

impl Checks {
    pub(crate) fn fault(&mut self, code: &str, pointer: &str, message: impl Into<String>) {
        self.0.push(Fault::new(code, pointer, message));
    }

    pub(crate) fn need(&mut self, holds: bool, code: &str, pointer: &str, message: &str) {
        if !holds {
            self.fault(code, pointer, message);
        }
    }

    /// A text of so many characters, none of them a control.
    pub(crate) fn text(&mut self, pointer: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least || text.trim().len() < least.min(1) {
            self.fault("required", pointer, "This may not be empty.");
        } else if length > most {
            self.fault("too-long", pointer, format!("At most {most} characters are taken here."));
        }
        if text.chars().any(char::is_control) {
            self.fault("control", pointer, "This holds a control character.");
        }
    }

    /// A name of the tenant's own: `[a-z0-9][a-z0-9-]{0,63}`.
    pub(crate) fn name(&mut self, pointer: &str, name: &str) {
        let message = "A name takes 1 to 64 of a-z, 0-9 and the hyphen, and begins with no hyphen.";
        self.need(is_name(name), "name", pointer, message);
    }

    /// An amount of nothing or more, in this currency.
    pub(crate) fn amount(&mut self, pointer: &str, money: Money, currency: Currency) {
        let message = "The amount must be between 0 and 2^53 - 1 minor units.";
        self.need((0..=MINOR_MAX).contains(&money.minor), "range", &format!("{pointer}/minor"), message);
        let message = format!("The currency must be the tenant's, {currency}.");
        self.need(money.currency == currency, "currency", &format!("{pointer}/currency"), &message);
    }

    /// A share.
    pub(crate) fn bps(&mut self, pointer: &str, bps: i64) {
        self.need((0..=10_000).contains(&bps), "range", pointer, "A share is between 0 and 10,000 basis points.");
    }

    /// Fails with everything collected, if there is anything.
    pub(crate) fn done(self) -> Reply<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::fields(self.0)) }
    }
}

/// Whether a tenant may name a thing so.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The one provider there is so far.
pub(crate) const PROVIDER: &str = "gelato";

/// Refuses a provider that is none of ours.
pub(crate) fn provider(checks: &mut Checks, pointer: &str, name: &str) {
    checks.need(name == PROVIDER, "provider", pointer, "The provider must be `gelato`.");
}

/// A reason that an operator must give.
pub(crate) fn reason(text: &str) -> Reply<()> {
    let mut checks = Checks::default();
    checks.text("/reason", text, 1, 500);
    checks.done()
}
