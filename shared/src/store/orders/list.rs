//! Pages of orders, and how many there are of each kind. Each is read from one index alone, whatever is asked for, so that a rare word
//! costs a walk over narrow entries and not over rows; a page's rows are fetched by id afterwards.

use super::Order;
use crate::db::{At, Result, Source};
use crate::id::{OrderId, TenantId};
use crate::sql;

/// Which orders; what is `None` matters not.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// [`OrderState`](crate::domain::order::OrderState)'s word.
    pub state: Option<String>,
    /// [`PaymentState`](crate::domain::order::PaymentState)'s word.
    pub payment_state: Option<String>,
    /// [`FulfilmentState`](crate::domain::order::FulfilmentState)'s word.
    pub fulfilment_state: Option<String>,
    /// [`ReviewState`](crate::domain::order::ReviewState)'s word.
    pub review_state: Option<String>,
    /// Where they came from.
    pub channel: Option<String>,
    /// ISO 3166-1.
    pub country: Option<String>,
    /// Never released, or real.
    pub test: Option<bool>,
    /// The shop's own name for the buyer.
    pub customer: Option<String>,
    /// The keyed hash of the buyer; not together with the shop's own name.
    pub buyer: Option<String>,
    /// Taken in at this moment or later.
    pub since: Option<At>,
    /// Taken in before this moment.
    pub until: Option<At>,
}

impl Filter {
    /// Only those in a state.
    #[must_use]
    pub fn state(word: &str) -> Filter {
        Filter { state: Some(word.to_owned()), ..Filter::default() }
    }
}

/// How many orders there are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// [`OrderState`](crate::domain::order::OrderState)'s word.
    pub state: String,
    /// [`PaymentState`](crate::domain::order::PaymentState)'s word.
    pub payment_state: String,
    /// [`FulfilmentState`](crate::domain::order::FulfilmentState)'s word.
    pub fulfilment_state: String,
    /// [`ReviewState`](crate::domain::order::ReviewState)'s word.
    pub review_state: String,
    /// Never released.
    pub test: bool,
    /// ISO 4217.
    pub currency: String,
    /// So many.
    pub orders: i64,
    /// What they come to.
    pub total_minor: i64,
}

/// What a page asks of its rows, newest first; the parameters are those of [`list`].
macro_rules! wanted {
    () => {
        "($2 IS NULL OR id < $2) AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR payment_state = $4)
           AND ($5 IS NULL OR fulfilment_state = $5) AND ($6 IS NULL OR review_state = $6) AND ($7 IS NULL OR channel = $7)
           AND ($8 IS NULL OR country = $8) AND ($9 IS NULL OR test = $9) AND ($10 IS NULL OR created_at >= $10)
           AND ($11 IS NULL OR created_at < $11) ORDER BY id DESC LIMIT $12"
    };
}

/// A page of orders, newest first; `before` is the last order of the page before. Orders that are taken in meanwhile move nothing. One
/// buyer's are few: they are read from the buyer's rows, and not from everybody's.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    filter: &Filter,
    before: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>> {
    let query = match (&filter.customer, &filter.buyer) {
        (None, None) => db.query(sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM orders WHERE tenant = $1 AND id IN (SELECT id FROM orders WHERE tenant = $1 AND ",
            wanted!(),
            ") ORDER BY id DESC"
        ))),
        (Some(_), _) => db.query(sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM orders WHERE tenant = $1
               AND id IN (SELECT order_id FROM order_details WHERE tenant = $1 AND customer = $13 AND customer <> '') AND ",
            wanted!()
        ))),
        (None, Some(_)) => db.query(sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM orders WHERE tenant = $1
               AND id IN (SELECT order_id FROM order_details WHERE tenant = $1 AND buyer = $13 AND buyer <> '') AND ",
            wanted!()
        ))),
    };
    let query = query
        .bind(tenant)
        .bind(before)
        .bind(filter.state.clone())
        .bind(filter.payment_state.clone())
        .bind(filter.fulfilment_state.clone())
        .bind(filter.review_state.clone())
        .bind(filter.channel.clone())
        .bind(filter.country.clone())
        .bind(filter.test)
        .bind(filter.since)
        .bind(filter.until)
        .bind(limit);
    match filter.customer.as_ref().or(filter.buyer.as_ref()) {
        None => query.all().await,
        Some(who) => query.bind(who).all().await,
    }
}

/// How many orders there are of each kind, in one look: it never disagrees with itself, nor with [`list`] at the same moment.
///
/// Postgres compares six columns of every entry when it groups, which is most of the work. The kinds are few, so there it steps from each to
/// the next in the index, and counts what lies between: a third of the time, and no worker of its own.
///
/// # Errors
/// Whatever the database says.
pub async fn tally(db: &mut impl Source, tenant: TenantId) -> Result<Vec<Tally>> {
    db.query(sql!(
        "/*lite*/ SELECT state, payment_state, fulfilment_state, review_state, test, currency, count(*) AS orders,
           CAST(sum(total_minor) AS BIGINT) AS total_minor
         FROM orders WHERE tenant = $1 GROUP BY state, payment_state, fulfilment_state, review_state, test, currency
         ORDER BY state, payment_state, fulfilment_state, review_state, test, currency /*end*/
         /*pg WITH RECURSIVE kinds AS (
           (SELECT state, payment_state, fulfilment_state, review_state, test, currency FROM orders WHERE tenant = $1
            ORDER BY state, payment_state, fulfilment_state, review_state, test, currency LIMIT 1)
           UNION ALL
           SELECT next.* FROM kinds k CROSS JOIN LATERAL (
             SELECT state, payment_state, fulfilment_state, review_state, test, currency FROM orders o WHERE tenant = $1
               AND (o.state, o.payment_state, o.fulfilment_state, o.review_state, o.test, o.currency)
                 > (k.state, k.payment_state, k.fulfilment_state, k.review_state, k.test, k.currency)
             ORDER BY state, payment_state, fulfilment_state, review_state, test, currency LIMIT 1) next)
         SELECT k.state, k.payment_state, k.fulfilment_state, k.review_state, k.test, k.currency, counted.orders, counted.total_minor
         FROM kinds k CROSS JOIN LATERAL (
           SELECT count(*) AS orders, CAST(sum(total_minor) AS BIGINT) AS total_minor FROM orders o WHERE o.tenant = $1 AND o.state = k.state
             AND o.payment_state = k.payment_state AND o.fulfilment_state = k.fulfilment_state AND o.review_state = k.review_state
             AND o.test = k.test AND o.currency = k.currency) counted
         ORDER BY k.state, k.payment_state, k.fulfilment_state, k.review_state, k.test, k.currency */"
    ))
    .bind(tenant)
    .all()
    .await
}

/// The order of a number, as [`read_number`] reads it.
///
/// # Errors
/// Whatever the database says.
pub async fn by_number(db: &mut impl Source, tenant: TenantId, number: &str) -> Result<Option<Order>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM orders WHERE tenant = $1 AND number = $2")))
        .bind(tenant)
        .bind(number)
        .opt()
        .await
}

/// A number for people: the day, and eight letters and digits of chance that nobody guesses: `P-261129-7KQ2M9XA`.
#[must_use]
pub fn number(at: At, id: OrderId) -> String {
    let day = at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).strftime("%y%m%d").to_string();
    format!("P-{day}-{}", crate::id::encode(id.0)[18..].to_ascii_uppercase())
}

/// A number as somebody typed or dictated it: letters of any case, `O` for zero, `I` and `L` for one, hyphens left out or put elsewhere.
#[must_use]
pub fn read_number(text: &str) -> String {
    let solid = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    });
    let solid: String = solid.collect();
    let digits = solid.strip_prefix('P').unwrap_or(&solid);
    match digits.char_indices().nth(6) {
        Some((at, _)) if digits.chars().count() == 14 => format!("P-{}-{}", &digits[..at], &digits[at..]),
        _ => format!("P-{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_written() {
        let at = At(1_795_910_400_000_000);
        let id: OrderId = "ord_01kb7z4g2mfq5r7t9v0w1x2y3z".parse().expect("an id");
        let said = number(at, id);
        assert_eq!(said, "P-261129-0W1X2Y3Z");
        for text in ["p-261129-0w1x2y3z", " P261129OWIX2Y3Z ", "261129-owlx2y3z", "P-261129 0W1X-2Y3Z"] {
            assert_eq!(read_number(text), said, "{text}");
        }
        assert_eq!(read_number("p-7kq2m9xa10"), "P-7KQ2M9XA10", "numbers of earlier releases have no day");
    }

    #[test]
    fn numbers_of_one_moment_differ() {
        let at = At(1_795_910_400_000_000);
        let all: std::collections::BTreeSet<_> = (0..10_000).map(|_| number(at, OrderId::new())).collect();
        assert_eq!(all.len(), 10_000);
    }
}
