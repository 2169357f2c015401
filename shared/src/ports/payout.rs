//! How parties are paid: a file for a bank, a bank's API, a chain.

use async_trait::async_trait;

use super::PortResult;
use crate::domain::money::Money;
use crate::id::{BatchId, PayoutId, TenantId};

/// A payment of a batch. It says who is paid where, so it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Our reference: it comes back with the status.
    pub id: PayoutId,
    /// The party's name in the books.
    pub party: String,
    /// For the bank.
    pub name: String,
    /// Where to: an IBAN, or what the rail understands.
    pub to: String,
    /// How much.
    pub amount: Money,
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}: {}", self.id, self.party, self.amount)
    }
}

/// What became of a batch that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The file, by the SHA-256 of its bytes, where the rail makes one.
    pub file: Option<String>,
}

/// A way to pay.
#[async_trait]
pub trait PayoutRail: Send + Sync {
    /// Hands a batch over. It is called again with the same batch after a crash, so a rail that speaks to a bank looks for the batch's id
    /// there first, and answers what it finds; one answer is lost, never one payment doubled.
    async fn send(&self, tenant: TenantId, batch: BatchId, transfers: &[Transfer]) -> PortResult<Sent>;
}
