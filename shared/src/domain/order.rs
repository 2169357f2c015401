//! The states of an order, dimension by dimension, as tables. Facts from outside merge by rank and never move a state backwards.

use serde::{Deserialize, Serialize};

/// Declares a state enum with its words, and which moves are legal.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal => [$($to:ident),*],)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every state, in the table's order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word in SQL, JSON and docs.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Whether the table allows the move; staying is not a move.
            #[must_use]
            pub fn may_become(self, to: $name) -> bool {
                match self { $($name::$variant => [$($name::$to),*].contains(&to),)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($word => Ok($name::$variant),)* _ => Err(format!("the database holds an unknown {} ", stringify!($name))) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

pub(crate) use states;

states! {
    /// Where an order stands as a whole.
    OrderState {
        /// Being put together by the shop; not binding.
        Draft = "draft" => [Received, Cancelled],
        /// Taken in, checked, waiting for payment or files.
        Received = "received" => [Accepted, InReview, Ready, OnHold, Cancelled, Failed],
        /// Paid; files are being made.
        Accepted = "accepted" => [InReview, Ready, OnHold, Cancelled, Failed],
        /// A person looks at it.
        InReview = "in_review" => [Received, Accepted, Ready, OnHold, Cancelled],
        /// Everything needed for the printer is there.
        Ready = "ready" => [Accepted, Submitting, InReview, OnHold, Cancelled],
        /// A job is placing it at the printer.
        Submitting = "submitting" => [OutcomeUnknown, InProduction, Ready, OnHold, Failed],
        /// An answer of the printer was lost: it may have the order or not, and only a look-up there tells.
        OutcomeUnknown = "outcome_unknown" => [Submitting, InProduction, OnHold, Failed],
        /// The printer has it.
        InProduction = "in_production" => [Shipped, Delivered, OnHold, Cancelled, Failed],
        /// At least one parcel is on its way.
        Shipped = "shipped" => [Delivered, OnHold],
        /// Every parcel has arrived.
        Delivered = "delivered" => [Closed],
        /// Nothing more will happen.
        Closed = "closed" => [],
        /// Will not be made.
        Cancelled = "cancelled" => [],
        /// Could not be made.
        Failed = "failed" => [Ready, Cancelled],
        /// Needs a person.
        OnHold = "on_hold" => [Received, Accepted, Ready, OutcomeUnknown, InProduction, Shipped, Delivered, Cancelled, Failed],
    }
}

states! {
    /// What is known of the money.
    PaymentState {
        /// Nothing received.
        Unpaid = "unpaid" => [Paid],
        /// The total has been received.
        Paid = "paid" => [PartRefunded, Refunded],
        /// Some was given back.
        PartRefunded = "part_refunded" => [Refunded],
        /// All was given back.
        Refunded = "refunded" => [],
    }
}

states! {
    /// Where the parcels are.
    FulfilmentState {
        /// Not at the printer yet.
        Unfulfilled = "unfulfilled" => [InProduction, PartlyShipped, Shipped, Delivered, Returned],
        /// Being made.
        InProduction = "in_production" => [PartlyShipped, Shipped, Delivered, Returned],
        /// Some parts have left.
        PartlyShipped = "partly_shipped" => [Shipped, Delivered, Returned],
        /// All parts have left.
        Shipped = "shipped" => [Delivered, Returned],
        /// All parts have arrived.
        Delivered = "delivered" => [Returned],
        /// Something came back to the sender.
        Returned = "returned" => [],
    }
}

states! {
    /// What a person decided.
    ReviewState {
        /// Nobody was asked.
        None = "none" => [Pending],
        /// Waiting for a person.
        Pending = "pending" => [Approved, Rejected],
        /// May be made.
        Approved = "approved" => [Pending],
        /// Must not be made.
        Rejected = "rejected" => [Pending],
    }
}

states! {
    /// What became of a wish to cancel.
    CancelState {
        /// The printer is being asked.
        Pending = "pending" => [Done, TooLate],
        /// Nothing will be made.
        Done = "done" => [],
        /// Something is made all the same.
        TooLate = "too_late" => [Done],
    }
}

states! {
    /// What the printer said when it was asked for a price.
    QuoteState {
        /// It is being asked.
        Asked = "asked" => [Accepted, Refused],
        /// It can make and send all of it.
        Accepted = "accepted" => [Asked],
        /// It cannot, whatever the form in which it said so.
        Refused = "refused" => [Asked],
    }
}

/// Where a part of an order is at the provider, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Parked, costs nothing.
    Draft,
    /// Accepted by the provider's front, nothing checked.
    Submitted,
    /// Files and data are being checked.
    Validating,
    /// The merchant must act there.
    NeedsAction,
    /// Accepted; the last moment to cancel.
    Accepted,
    /// Being printed.
    InProduction,
    /// Printed.
    Produced,
    /// With the carrier.
    Shipped,
    /// Moving.
    InTransit,
    /// Arrived.
    Delivered,
    /// Back at the sender.
    Returned,
    /// Will not be made.
    Canceled,
    /// Could not be made.
    Failed,
}

impl Stage {
    /// Every stage.
    pub const ALL: &'static [Stage] = &[
        Stage::Draft,
        Stage::Submitted,
        Stage::Validating,
        Stage::NeedsAction,
        Stage::Accepted,
        Stage::InProduction,
        Stage::Produced,
        Stage::Shipped,
        Stage::InTransit,
        Stage::Delivered,
        Stage::Returned,
        Stage::Canceled,
        Stage::Failed,
    ];

    /// The word in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stage::Draft => "draft",
            Stage::Submitted => "submitted",
            Stage::Validating => "validating",
            Stage::NeedsAction => "needs_action",
            Stage::Accepted => "accepted",
            Stage::InProduction => "in_production",
            Stage::Produced => "produced",
            Stage::Shipped => "shipped",
            Stage::InTransit => "in_transit",
            Stage::Delivered => "delivered",
            Stage::Returned => "returned",
            Stage::Canceled => "canceled",
            Stage::Failed => "failed",
        }
    }

    /// The stage of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Stage> {
        Stage::ALL.iter().copied().find(|s| s.word() == word)
    }

    fn rank(self) -> u8 {
        match self {
            Stage::Draft => 0,
            Stage::Submitted => 1,
            Stage::Validating => 2,
            Stage::NeedsAction | Stage::Accepted => 3,
            Stage::InProduction => 4,
            Stage::Produced => 5,
            Stage::Shipped => 6,
            Stage::InTransit => 7,
            Stage::Delivered => 8,
            Stage::Returned | Stage::Canceled | Stage::Failed => 9,
        }
    }

    /// Nothing will follow.
    #[must_use]
    pub fn terminal(self) -> bool {
        self.rank() >= 8
    }

    /// It has left the printer.
    #[must_use]
    pub fn shipped(self) -> bool {
        matches!(self, Stage::Shipped | Stage::InTransit | Stage::Delivered | Stage::Returned)
    }

    /// What is known after hearing `news`: the higher rank wins, with three exceptions. A part may need action at any time before it
    /// leaves and come back from that; a delivered part can still come back to the sender; what is final stays final.
    #[must_use]
    pub fn merge(self, news: Stage) -> Stage {
        self.merge_as_of(news, true)
    }

    /// The same, knowing whether the news is as new as what is known. Old news may only add rank: that a part needed action, or that it did
    /// not need any more, is over.
    #[must_use]
    pub fn merge_as_of(self, news: Stage, fresh: bool) -> Stage {
        if !fresh && news == Stage::NeedsAction {
            return self;
        }
        let held = fresh && self == Stage::NeedsAction && matches!(news, Stage::Accepted | Stage::Validating);
        let stopped = news == Stage::NeedsAction && self.rank() < Stage::Shipped.rank();
        let returned = self == Stage::Delivered && news == Stage::Returned;
        let higher = news.rank() > self.rank() && !self.terminal();
        if held || stopped || returned || higher { news } else { self }
    }
}

/// The fulfilment of an order from the stages of all its parts; `None` while nothing is known.
#[must_use]
pub fn fulfilment(parts: &[Stage]) -> Option<FulfilmentState> {
    let live: Vec<_> = parts.iter().filter(|s| !matches!(s, Stage::Canceled | Stage::Failed)).collect();
    if live.is_empty() {
        return None;
    }
    let gone = live.iter().filter(|s| s.shipped()).count();
    Some(if live.iter().any(|s| **s == Stage::Returned) {
        FulfilmentState::Returned
    } else if live.iter().all(|s| **s == Stage::Delivered) {
        FulfilmentState::Delivered
    } else if gone == live.len() {
        FulfilmentState::Shipped
    } else if gone > 0 {
        FulfilmentState::PartlyShipped
    } else {
        FulfilmentState::InProduction
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payout::{BatchState, PayoutState, RefundState};
    use crate::domain::work_order::WorkState;

    /// Every pair, written out: the table's text is checked in, so a changed move shows in the diff.
    #[test]
    fn every_pair_of_every_machine_is_decided() {
        let mut table = String::new();
        let mut line =
            |name: &str, from: &str, to: Vec<&str>| table.push_str(&format!("{name}: {from} -> {}\n", to.join(", ")));
        macro_rules! machines {
            ($($name:literal $states:ident),+) => {$(
                for from in $states::ALL {
                    let to = $states::ALL.iter().filter(|to| from.may_become(**to));
                    line($name, from.word(), to.map(|state| state.word()).collect());
                }
            )+};
        }
        machines!(
            "order" OrderState, "payment" PaymentState, "fulfilment" FulfilmentState, "review" ReviewState, "refund" RefundState,
            "payout batch" BatchState, "payout" PayoutState, "cancellation" CancelState, "quote" QuoteState, "work order" WorkState
        );
        for from in Stage::ALL {
            line(
                "stage",
                from.word(),
                Stage::ALL.iter().filter(|to| from != *to && from.merge(**to) == **to).map(|s| s.word()).collect(),
            );
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/state-machines.txt");
        if std::env::var_os("PLATEN_ACCEPT").is_some() {
            std::fs::write(file, &table).expect("write the table");
        }
        assert_eq!(
            table,
            std::fs::read_to_string(file).expect("fixtures/state-machines.txt"),
            "a move changed; if it was meant: cargo xtask golden"
        );
    }

    #[test]
    fn no_state_may_become_itself_and_words_read_back() {
        for state in OrderState::ALL {
            assert!(!state.may_become(*state));
            assert_eq!(state.word().parse::<OrderState>().as_ref(), Ok(state));
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::from_word(stage.word()), Some(*stage));
        }
    }

    #[test]
    fn a_late_fact_never_moves_a_part_backwards() {
        for a in Stage::ALL {
            for b in Stage::ALL {
                let merged = a.merge(*b);
                assert_eq!(merged.merge(*b), merged, "hearing it twice changes nothing");
                let recovers = *a == Stage::NeedsAction || *b == Stage::NeedsAction;
                assert!(recovers || merged.rank() >= a.rank(), "{a:?} heard {b:?} and became {merged:?}");
            }
        }
        assert_eq!(Stage::Delivered.merge(Stage::Shipped), Stage::Delivered);
    }

    #[test]
    fn fulfilment_follows_the_slowest_part() {
        use Stage as S;
        for (parts, state) in [
            (vec![S::Accepted, S::InProduction], Some(FulfilmentState::InProduction)),
            (vec![S::Shipped, S::InProduction], Some(FulfilmentState::PartlyShipped)),
            (vec![S::Delivered, S::InTransit], Some(FulfilmentState::Shipped)),
            (vec![S::Delivered, S::Delivered], Some(FulfilmentState::Delivered)),
            (vec![S::Delivered, S::Canceled], Some(FulfilmentState::Delivered)),
            (vec![S::Failed], None),
        ] {
            assert_eq!(fulfilment(&parts), state, "{parts:?}");
        }
    }
}
