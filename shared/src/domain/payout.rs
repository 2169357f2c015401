//! The states of money that leaves: refunds to buyers, payouts to parties, and their batches.

use serde::{Deserialize, Serialize};

use super::order::states;

states! {
    /// Money back to a buyer.
    RefundState {
        /// Decided and booked: the buyer has a claim.
        Owed = "owed" => [Paid],
        /// The payment provider gave it back.
        Paid = "paid" => [],
    }
}

states! {
    /// A batch of payouts.
    BatchState {
        /// Put together; a second person looks at it.
        Draft = "draft" => [Approved, Rejected],
        /// Taken from the parties' balances; the file is being made.
        Approved = "approved" => [Exported],
        /// The bank's file is there.
        Exported = "exported" => [Closed],
        /// Every payout of it is paid or failed.
        Closed = "closed" => [],
        /// The second person said no.
        Rejected = "rejected" => [],
    }
}

states! {
    /// A payout to a party.
    PayoutState {
        /// In a batch that nobody approved yet; nothing moved.
        Draft = "draft" => [InTransit, Dropped],
        /// Taken from the party's balance, on its way.
        InTransit = "in_transit" => [Paid, Failed],
        /// The bank paid it.
        Paid = "paid" => [],
        /// The bank did not pay it: it is back on the party's balance.
        Failed = "failed" => [],
        /// Not sent: the batch was rejected, or the balance had become too small.
        Dropped = "dropped" => [],
    }
}

/// What an approved payout sends: no more than was shown to the second person, and no more than there still is; nothing when that is
/// below the minimum.
#[must_use]
pub fn payable(shown: i64, balance: i64, minimum: i64) -> Option<i64> {
    let amount = shown.min(balance);
    (amount > 0 && amount >= minimum).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payout_sends_what_was_shown_as_far_as_it_is_still_there() {
        for (shown, balance, minimum, sent) in [
            (500, 500, 0, Some(500)),
            (500, 900, 0, Some(500)),
            (500, 300, 300, Some(300)),
            (500, 299, 300, None),
            (500, 0, 0, None),
            (500, -20, 0, None),
        ] {
            assert_eq!(payable(shown, balance, minimum), sent, "{shown} {balance} {minimum}");
        }
    }

    #[test]
    fn words_read_back() {
        for state in PayoutState::ALL {
            assert_eq!(state.word().parse::<PayoutState>().as_ref(), Ok(state));
        }
        for state in BatchState::ALL {
            assert_eq!(state.word().parse::<BatchState>().as_ref(), Ok(state));
        }
        for state in RefundState::ALL {
            assert_eq!(state.word().parse::<RefundState>().as_ref(), Ok(state));
        }
    }
}
