//! An order in the words of others: the two vocabularies that web apps were written against, read from our own dimensions.
//! docs/orders.md shows the tables; a test holds it to them.

use super::order::{OrderState, Stage};

/// The word of the print-on-demand documents: PENDING, PROCESSING, SHIPPED, IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED, ERROR, FAILED.
/// `furthest` is the stage of the part that is furthest.
#[must_use]
pub fn print_on_demand(state: OrderState, furthest: Option<Stage>) -> &'static str {
    match state {
        OrderState::Draft | OrderState::Received | OrderState::Accepted | OrderState::InReview | OrderState::Ready => {
            "PENDING"
        }
        OrderState::Submitting | OrderState::OutcomeUnknown | OrderState::InProduction => "PROCESSING",
        OrderState::Shipped => parcel(furthest).unwrap_or("SHIPPED"),
        OrderState::Delivered | OrderState::Closed => "DELIVERED",
        OrderState::OnHold => "ERROR",
        OrderState::Cancelled | OrderState::Failed => "FAILED",
    }
}

/// The tracking word, which adds NOT_SHIPPED.
#[must_use]
pub fn tracking(state: OrderState, furthest: Option<Stage>) -> &'static str {
    match state {
        OrderState::Delivered | OrderState::Closed => "DELIVERED",
        _ => parcel(furthest).unwrap_or("NOT_SHIPPED"),
    }
}

fn parcel(furthest: Option<Stage>) -> Option<&'static str> {
    match furthest? {
        Stage::Shipped => Some("SHIPPED"),
        Stage::InTransit => Some("IN_TRANSIT"),
        Stage::Delivered => Some("DELIVERED"),
        _ => None,
    }
}

/// The word of the product-order documents: pending, processing, completed, failed, cancelled.
#[must_use]
pub fn product_order(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft | OrderState::Received => "pending",
        OrderState::Accepted
        | OrderState::InReview
        | OrderState::Ready
        | OrderState::Submitting
        | OrderState::OutcomeUnknown
        | OrderState::InProduction
        | OrderState::Shipped
        | OrderState::OnHold => "processing",
        OrderState::Delivered | OrderState::Closed => "completed",
        OrderState::Failed => "failed",
        OrderState::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_tables_are_what_is_answered() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/orders.md")).expect("docs/orders.md");
        for state in OrderState::ALL {
            let row = format!("| `{state}` | {} | {} |", print_on_demand(*state, None), product_order(*state));
            assert!(page.contains(&row), "docs/orders.md lacks the row {row}");
        }
    }

    #[test]
    fn a_parcels_word_follows_the_furthest_part_and_never_precedes_the_order() {
        for stage in Stage::ALL {
            for state in OrderState::ALL {
                let (word, parcel) = (print_on_demand(*state, Some(*stage)), tracking(*state, Some(*stage)));
                assert!(*state == OrderState::Shipped || word == print_on_demand(*state, None), "{state} {stage:?}");
                assert!(stage.shipped() || parcel == tracking(*state, None), "{state} {stage:?}");
            }
        }
        assert_eq!(print_on_demand(OrderState::Shipped, Some(Stage::InTransit)), "IN_TRANSIT");
        assert_eq!(tracking(OrderState::InProduction, None), "NOT_SHIPPED");
    }
}
