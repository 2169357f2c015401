//! What a provider's webhook tells: pure, one reader per provider, nothing is asked outside. An event is a hint of where to look.

use crate::adapters::gelato;

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its name; `unreadable` for what is no JSON object.
    pub event: String,
    /// The provider's id of the order; empty when it is about none.
    pub order: String,
    /// Our reference; empty when it says none.
    pub reference: String,
    /// The same for the same event, whatever its delivery.
    pub dedup: String,
    /// Sent by the provider's dashboard to try the address: it names nobody's order.
    pub test: bool,
}

/// Who reads a provider's events; `None` for a provider that sends none.
#[must_use]
pub fn reader(provider: &str) -> Option<fn(&[u8]) -> Hint> {
    (provider == gelato::PROVIDER).then_some(gelato::webhook::read)
}
