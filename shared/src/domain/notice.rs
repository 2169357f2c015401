//! What somebody is told of: the topics, and who hears of each by which channel.

use serde::{Deserialize, Serialize};

use super::order::{OrderState, states};

/// A topic's audience by e-mail. Webhook endpoints hear of every topic they did not leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The buyer of the order.
    Customer,
    /// The tenant's own people.
    Operator,
    /// The creators whose designs are in the order.
    Creators,
}

states! {
    /// What happened.
    Topic {
        /// An order was taken in.
        NewOrder = "NEW_ORDER" => [],
        /// The printer accepted it.
        OrderConfirmed = "ORDER_CONFIRMED" => [],
        /// It stands elsewhere than before.
        OrderStatusChanged = "ORDER_STATUS_CHANGED" => [],
        /// One of its parcels moved.
        ShippingUpdate = "SHIPPING_UPDATE" => [],
        /// It is in production for longer than usual.
        ProductionDelay = "PRODUCTION_DELAY" => [],
        /// Several are: what the tenant's people hear, all at once.
        ProductionDelays = "PRODUCTION_DELAYS" => [],
        /// It could not be placed at the printer. Kept apart from an error in production: nothing was made, nothing is owed there.
        SubmissionFailed = "SUBMISSION_FAILED" => [],
        /// The printer has trouble with it.
        ProductionError = "PRODUCTION_ERROR" => [],
        /// A picture of a design is there.
        RenderReady = "RENDER_READY" => [],
        /// A provider is slow.
        ServiceDegradation = "SERVICE_DEGRADATION" => [],
        /// A provider does not answer.
        ServiceUnavailable = "SERVICE_UNAVAILABLE" => [],
        /// It is as it was before.
        ServiceRestored = "SERVICE_RESTORED" => [],
        /// A webhook endpoint failed for so long that it was switched off.
        EndpointDisabled = "ENDPOINT_DISABLED" => [],
    }
}

impl Topic {
    /// Who hears of it by e-mail.
    #[must_use]
    pub fn audiences(self) -> &'static [Audience] {
        use Audience::{Creators, Customer, Operator};
        match self {
            Topic::NewOrder => &[Creators, Operator],
            Topic::OrderConfirmed | Topic::ShippingUpdate | Topic::ProductionDelay => &[Customer],
            Topic::OrderStatusChanged => &[Customer, Creators],
            Topic::SubmissionFailed => &[Customer, Operator],
            Topic::ProductionError
            | Topic::ProductionDelays
            | Topic::RenderReady
            | Topic::ServiceDegradation
            | Topic::ServiceUnavailable
            | Topic::ServiceRestored
            | Topic::EndpointDisabled => &[Operator],
        }
    }

    /// The topic of an order's move, and whether people hear of it or machines alone; `None` for a beginning that nobody has to know.
    /// Steps before the printer accepted it are our own affair.
    #[must_use]
    pub fn of_move(from: Option<OrderState>, to: OrderState) -> Option<(Topic, bool)> {
        use OrderState as S;
        Some(match (from, to) {
            (None, S::Received) => (Topic::NewOrder, true),
            (None, _) => return None,
            (Some(S::Submitting | S::OutcomeUnknown), S::OnHold | S::Failed) => (Topic::SubmissionFailed, true),
            (Some(S::InProduction | S::Shipped), S::OnHold | S::Failed) => (Topic::ProductionError, true),
            (Some(S::Submitting | S::OutcomeUnknown | S::OnHold), S::InProduction) => (Topic::OrderConfirmed, true),
            (_, S::Shipped | S::Delivered | S::Cancelled | S::Failed) => (Topic::OrderStatusChanged, true),
            _ => (Topic::OrderStatusChanged, false),
        })
    }
}

/// How a message is carried.
pub mod channel {
    /// By e-mail.
    pub const EMAIL: &str = "email";
    /// By a signed POST.
    pub const WEBHOOK: &str = "webhook";
}

/// Who a message is for, as its row names them.
pub mod recipient {
    /// The order's buyer.
    pub const CUSTOMER: &str = "customer";
    /// The tenant's own people.
    pub const OPERATOR: &str = "operator";

    /// A party of the books.
    #[must_use]
    pub fn party(name: &str) -> String {
        format!("party:{name}")
    }
}

states! {
    /// Where a message stands.
    MessageState {
        /// Written; its job is not enqueued yet.
        New = "new" => [Queued],
        /// A job carries it.
        Queued = "queued" => [Sent, Unknown, Failed, Dropped],
        /// It arrived where it is taken.
        Sent = "sent" => [Queued],
        /// The mail server's last answer was lost: it may have arrived, and is not sent again unasked.
        Unknown = "unknown" => [Queued],
        /// It was refused, or given up.
        Failed = "failed" => [Queued],
        /// Nobody is there to take it: no address, an endpoint that is gone or off.
        Dropped = "dropped" => [Queued],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_told_for_what_it_means() {
        use OrderState as S;
        let told = |from: Option<S>, to: S| Topic::of_move(from, to).map(|(topic, people)| (topic.word(), people));
        assert_eq!(told(None, S::Received), Some(("NEW_ORDER", true)));
        assert_eq!(told(None, S::Draft), None);
        assert_eq!(told(Some(S::Received), S::Accepted), Some(("ORDER_STATUS_CHANGED", false)));
        assert_eq!(told(Some(S::Submitting), S::InProduction), Some(("ORDER_CONFIRMED", true)));
        assert_eq!(told(Some(S::OnHold), S::InProduction), Some(("ORDER_CONFIRMED", true)), "placed after all");
        assert_eq!(told(Some(S::Submitting), S::OnHold), Some(("SUBMISSION_FAILED", true)));
        assert_eq!(told(Some(S::OutcomeUnknown), S::InProduction), Some(("ORDER_CONFIRMED", true)));
        assert_eq!(told(Some(S::OutcomeUnknown), S::OnHold), Some(("SUBMISSION_FAILED", true)));
        assert_eq!(told(Some(S::Shipped), S::OnHold), Some(("PRODUCTION_ERROR", true)));
        assert_eq!(told(Some(S::Accepted), S::OnHold), Some(("ORDER_STATUS_CHANGED", false)));
        assert_eq!(told(Some(S::InProduction), S::Delivered), Some(("ORDER_STATUS_CHANGED", true)));
    }

    #[test]
    fn every_topic_has_somebody_to_hear_it() {
        for topic in Topic::ALL {
            assert!(!topic.audiences().is_empty() && topic.word().parse() == Ok(*topic));
        }
    }
}
