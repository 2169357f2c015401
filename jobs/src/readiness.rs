//! What an order still waits for before it can go to the printer, in words: the same facts that the workflow and the submission look at.

use platen_shared::db::{Result, Source};
use platen_shared::domain::address::{Limits, Recipient};
use platen_shared::domain::money::Money;
use platen_shared::domain::order::{OrderState, PaymentState, QuoteState, ReviewState};
use platen_shared::store::orders::Order;
use platen_shared::store::{artefacts, order_details, order_quotes, tenants};

use crate::build_bundle::BuildBundle;
use crate::job::Job;
use crate::submit_order::gelato;

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// A word for programs.
    pub code: &'static str,
    /// What it is called in a list.
    pub name: &'static str,
    /// A sentence: what it is and what to do.
    pub sentence: String,
}

/// States in which something can be missing.
const BEFORE: [OrderState; 7] = [
    OrderState::Draft,
    OrderState::Received,
    OrderState::Accepted,
    OrderState::InReview,
    OrderState::Ready,
    OrderState::OnHold,
    OrderState::Failed,
];

/// Everything that is missing of an order, most fundamental first; nothing once it is on its way to the printer.
///
/// # Errors
/// Whatever the database says.
pub async fn missing(source: &mut impl Source, order: &Order, recipient: Option<&Recipient>) -> Result<Vec<Missing>> {
    let mut found = Vec::new();
    if !BEFORE.iter().any(|state| state.word() == order.state) {
        return Ok(found);
    }
    let mut add = |code, name, sentence: String| found.push(Missing { code, name, sentence });
    let details = order_details::get(source, order.tenant, order.id).await?;
    money(order, details.due_minor, &mut add);
    if let Some(problem) = recipient.and_then(|to| to.problems(Limits::of(&gelato())).into_iter().next()) {
        add("address", "address", format!("The address cannot be used: {}", problem.message));
    }
    quote(source, order, &mut add).await?;
    if order.review_state == ReviewState::Pending.word() {
        add("review", "review", "A person has yet to approve it.".to_owned());
    }
    if details.held {
        add("held", "an operator", format!("An operator stopped it: {}.", clause(&order.state_why)));
    } else if [OrderState::OnHold, OrderState::Failed].map(OrderState::word).contains(&order.state.as_str()) {
        add("attention", "a person", format!("It needs a person: {}.", clause(&order.state_why)));
    }
    let bundle = BuildBundle { order: order.id, revision: order.revision.clone() };
    if artefacts::get(source, order.tenant, BuildBundle::KIND, &bundle.key().text).await?.is_none() {
        add("print_files", "print files", "Its print files are not made yet; they are once it is paid.".to_owned());
    }
    tenant(source, order, &mut add).await?;
    Ok(found)
}

fn money(order: &Order, due_minor: i64, add: &mut impl FnMut(&'static str, &'static str, String)) {
    let due = Money { minor: due_minor.abs(), currency: order.currency };
    if order.payment_state == PaymentState::Unpaid.word() {
        add("payment", "payment", "Its payment has not been recorded.".to_owned());
    } else if order.payment_state == PaymentState::Refunded.word() {
        add("payment", "payment", "All its money was given back: nothing is printed.".to_owned());
    } else if due_minor > 0 {
        add(
            "payment",
            "payment",
            format!("Since its quantities changed, {due} more are to be paid: record them as a payment."),
        );
    } else if due_minor < 0 {
        add("payment", "payment", format!("Since its quantities changed, {due} are owed to the buyer: refund them."));
    }
}

async fn quote(
    source: &mut impl Source,
    order: &Order,
    add: &mut impl FnMut(&'static str, &'static str, String),
) -> Result<()> {
    if !order_quotes::gate(source, order.tenant).await? {
        return Ok(());
    }
    match order_quotes::get(source, order.tenant, order.id).await? {
        Some(quote) if quote.state == QuoteState::Accepted.word() => {}
        Some(quote) if quote.state == QuoteState::Refused.word() => {
            add("quote", "quote", format!("The printer refuses it: {}.", quote.why));
        }
        _ => add("quote", "quote", "The printer has not answered what it would cost.".to_owned()),
    }
    Ok(())
}

async fn tenant(
    source: &mut impl Source,
    order: &Order,
    add: &mut impl FnMut(&'static str, &'static str, String),
) -> Result<()> {
    let Some(tenant) = tenants::get(source, order.tenant).await? else { return Ok(()) };
    if order.test || tenant.test_mode {
        add("test_mode", "test mode", "In test mode nothing is sent to the printer.".to_owned());
    }
    if tenant.frozen {
        add("frozen", "the freeze", "Nothing of the tenant is submitted while it is frozen.".to_owned());
    }
    if order.state == OrderState::Ready.word() && !tenant.auto_submit {
        add(
            "submission",
            "submission",
            "Somebody has to submit it: orders of the tenant do not go by themselves.".to_owned(),
        );
    }
    Ok(())
}

/// `waits for: payment, address`, or that nothing is missing.
#[must_use]
pub fn sentence(missing: &[Missing]) -> String {
    let names: Vec<&str> = missing.iter().map(|missing| missing.name).collect();
    if names.is_empty() { "nothing is missing".to_owned() } else { format!("waits for: {}", names.join(", ")) }
}
/// A reason as a part of a sentence: whoever gave it may have ended it.
pub(crate) fn clause(why: &str) -> &str {
    why.trim_end_matches('.')
}
