//! A party's month, and the platform's, read from the books.

use serde::Serialize;

use crate::db::{At, Result, Source};
use crate::domain::account::Account;
use crate::domain::money::Currency;
use crate::domain::statement::{Month, Section, Statement, StatementLine, subject_name};
use crate::id::TenantId;
use crate::store::books::{self, Movement};
use crate::store::parties;

/// A party's statement of a month.
///
/// # Errors
/// Whatever the database says.
pub async fn of_month(db: &mut impl Source, tenant: TenantId, party: &str, month: Month) -> Result<Statement> {
    let (from, until) = (month.first_day(), month.next().first_day());
    let before = At(At::of_day(from).0 - 1);
    let opening = books::party(db, tenant, party, before).await?;
    let mut lines = Vec::new();
    for account in Account::of_party(party) {
        lines.extend(books::movements(db, tenant, &account, from, until).await?);
    }
    lines.sort_by_key(|line| (line.at, line.entry));
    let mut currencies: Vec<Currency> =
        opening.iter().map(|balance| balance.currency).chain(lines.iter().map(|line| line.currency)).collect();
    currencies.sort_by_key(|currency| currency.code());
    currencies.dedup();
    let section = |currency: Currency| {
        let had = opening.iter().filter(|balance| balance.currency == currency).map(|balance| balance.minor).sum();
        Section::new(currency, had, lines.iter().filter(|line| line.currency == currency).map(line_of).collect())
    };
    let name = parties::get(db, tenant, party).await?.map_or_else(|| party.to_owned(), |row| row.display_name);
    Ok(Statement { party: party.to_owned(), name, month, currencies: currencies.into_iter().map(section).collect() })
}

fn line_of(line: &Movement) -> StatementLine {
    let role = if matches!(line.account, Account::Creator(_)) { "creator" } else { "royalty" };
    StatementLine {
        at: line.at,
        purpose: line.purpose.split(':').next().unwrap_or_default().to_owned(),
        subject: subject_name(line.subject, &line.purpose),
        role: role.to_owned(),
        minor: line.minor,
    }
}

/// What orders moved in a span of days, in one currency, by the names of X-01. Minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarginReport {
    /// ISO 4217.
    pub currency: Currency,
    /// Shared out: margin and everything before it.
    pub gross: i64,
    /// The tax office's.
    pub tax: i64,
    /// The printers', in this currency.
    pub provider_cost: i64,
    /// What came out of this currency to pay printers in another one.
    pub converted: i64,
    /// For packaging.
    pub packaging: i64,
    /// The payment provider's.
    pub payment_fee: i64,
    /// What was left.
    pub margin: i64,
    /// The platform's.
    pub platform_fee: i64,
    /// Creators'.
    pub creators: i64,
    /// Royalty holders'.
    pub royalties: i64,
    /// Negative margins, as a positive number.
    pub loss: i64,
    /// Received, and not shared out in this span: payments less refunds less what was shared out.
    pub waiting: i64,
}

/// The platform's margin from one day to another (not included), per currency.
///
/// # Errors
/// Whatever the database says.
pub async fn margin(db: &mut impl Source, tenant: TenantId, from: i64, until: i64) -> Result<Vec<MarginReport>> {
    let mut reports: Vec<MarginReport> = Vec::new();
    for books::Balance { account, currency, minor } in books::by_orders(db, tenant, from, until).await? {
        let at = reports.iter().position(|report| report.currency == currency).unwrap_or_else(|| {
            reports.push(MarginReport {
                currency,
                gross: 0,
                tax: 0,
                provider_cost: 0,
                converted: 0,
                packaging: 0,
                payment_fee: 0,
                margin: 0,
                platform_fee: 0,
                creators: 0,
                royalties: 0,
                loss: 0,
                waiting: 0,
            });
            reports.len() - 1
        });
        let report = &mut reports[at];
        match account {
            Account::Tax => report.tax += minor,
            Account::ProviderCost(_) => report.provider_cost += minor,
            Account::Conversion => report.converted += minor,
            Account::Packaging => report.packaging += minor,
            Account::PaymentFee => report.payment_fee += minor,
            Account::PlatformFee => report.platform_fee += minor,
            Account::Creator(_) => report.creators += minor,
            Account::Royalty(_) => report.royalties += minor,
            Account::Loss => report.loss -= minor,
            Account::Gross => report.waiting += minor,
            Account::Cash | Account::Refunds | Account::Margin | Account::InTransit(_) => {}
        }
    }
    for report in &mut reports {
        report.margin = report.platform_fee + report.creators + report.royalties - report.loss;
        let before = report.tax + report.provider_cost + report.converted + report.packaging + report.payment_fee;
        report.gross = report.margin + before;
    }
    Ok(reports)
}
