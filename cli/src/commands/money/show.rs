//! What can be read of the books, as tables and as JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_api::paper;
use platen_shared::db::{At, Db};
use platen_shared::domain::money::Money;
use platen_shared::domain::statement::Month;
use platen_shared::id::OrderId;
use platen_shared::store::books::{self, Balance};
use platen_shared::store::payouts::{self, LATEST};
use platen_shared::store::{journal, orders, parties, settle, statements};
use serde_json::{Value, json};

use super::super::{print, print_json};
use super::{Whose, whose};

fn balance_json(balance: &Balance) -> Value {
    json!({ "account": balance.account, "minor": balance.minor, "currency": balance.currency })
}

fn money_of(balance: &Balance) -> Money {
    Money { minor: balance.minor, currency: balance.currency }
}

fn list(balances: &[Balance], as_json: bool) -> Result<ExitCode> {
    if as_json {
        print_json(&json!({ "items": balances.iter().map(balance_json).collect::<Vec<_>>() }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
    for balance in balances {
        text.push_str(&format!("{:44}  {:>20}\n", balance.account.to_string(), money_of(balance).to_string()));
        let sum = sums.entry(balance.currency.code()).or_insert(Money::zero(balance.currency));
        sum.minor += balance.minor;
    }
    for sum in sums.values() {
        text.push_str(&format!("{:44}  {:>20}\n", "sum", sum.to_string()));
    }
    if balances.is_empty() {
        text = "Nothing is held.\n".to_owned();
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn trial(db: &Db, of: &Whose, at: Option<At>) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    list(&books::trial(&mut db.reader(), tenant.id, at.unwrap_or(LATEST)).await?, of.json)
}

pub(super) async fn balance(db: &Db, party: &str, of: &Whose, at: Option<At>) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    if parties::get(&mut db.reader(), tenant.id, party).await?.is_none() {
        bail!("there is no such party");
    }
    list(&books::party(&mut db.reader(), tenant.id, party, at.unwrap_or(LATEST)).await?, of.json)
}

pub(super) async fn margin(db: &Db, from: Month, to: Month, of: &Whose) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    let (first, until) = (from.first_day(), to.next().first_day());
    if first >= until {
        bail!("the last month comes after the first");
    }
    let reports = statements::margin(&mut db.reader(), tenant.id, first, until).await?;
    if of.json {
        print_json(&json!({ "items": reports }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for report in &reports {
        let money = |minor| Money { minor, currency: report.currency }.to_string();
        for (name, minor) in [
            ("gross", report.gross),
            ("- tax", report.tax),
            ("- provider cost", report.provider_cost),
            ("- converted for providers", report.converted),
            ("- packaging", report.packaging),
            ("- payment fee", report.payment_fee),
            ("= margin", report.margin),
            ("  platform fee", report.platform_fee),
            ("  creators", report.creators),
            ("  royalties", report.royalties),
            ("  loss", -report.loss),
            ("received, not shared out yet", report.waiting),
        ] {
            text.push_str(&format!("{name:32}  {:>20}\n", money(minor)));
        }
        text.push('\n');
    }
    if reports.is_empty() {
        text = "Nothing moved in that time.\n".to_owned();
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn statement(
    db: &Db,
    party: &str,
    month: Month,
    of: &Whose,
    (format, language, output): (&str, Option<&str>, Option<&Path>),
) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    let row = parties::get(&mut db.reader(), tenant.id, party).await?.context("there is no such party")?;
    let statement = statements::of_month(&mut db.reader(), tenant.id, party, month).await?;
    let bytes = match if of.json { "json" } else { format } {
        "json" => format!("{}\n", serde_json::to_string_pretty(&statement)?).into_bytes(),
        "csv" => statement.csv()?,
        _ => {
            let language = language.unwrap_or(&row.language);
            let language = language.parse().map_err(|()| anyhow::anyhow!("papers are written in en or fr"))?;
            paper::statement(&statement, &tenant.name, language)?
        }
    };
    match output {
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))?,
        None => std::io::stdout().lock().write_all(&bytes)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn order(db: &Db, id: OrderId, of: &Whose) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    let read = &mut db.reader();
    let order = orders::get(read, tenant.id, id).await?.context("there is no such order")?;
    let rows = journal::of_order(read, tenant.id, id).await?;
    let case = settle::load(read, LATEST, &order).await?;
    if of.json {
        let entries = rows.iter().map(|row| {
            json!({ "entry": row.entry, "at": row.at, "purpose": row.purpose, "corrects": row.corrects, "why": row.why,
                "account": row.account, "minor": row.minor, "currency": row.currency })
        });
        let breakdown = case.as_ref().ok().map(|case| case.breakdown(&order));
        let missing = case.as_ref().err().map(ToString::to_string);
        let lines = entries.collect::<Vec<_>>();
        print_json(&json!({ "order": id, "breakdown": breakdown, "missing": missing, "lines": lines }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    let mut last = None;
    for row in &rows {
        if last.replace(row.entry) != Some(row.entry) {
            let words = if row.why.is_empty() { String::new() } else { format!(": {}", row.why) };
            text.push_str(&format!("{}  {}{words}\n", row.at, row.purpose));
        }
        let money = Money { minor: row.minor, currency: row.currency };
        text.push_str(&format!("  {:42}  {:>20}\n", row.account.to_string(), money.to_string()));
    }
    if rows.is_empty() {
        text.push_str("The books know nothing of this order yet.\n");
    }
    if let Err(missing) = case {
        text.push_str(&format!("It cannot be shared out: {missing}.\n"));
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn payouts(db: &Db, of: &Whose) -> Result<ExitCode> {
    let tenant = whose(db, of.tenant.as_deref()).await?;
    let read = &mut db.reader();
    let mut items = Vec::new();
    let mut text = String::new();
    for batch in payouts::batches(read, tenant.id, None, 200).await? {
        text.push_str(&format!("{}  {}  {:8}  {}\n", batch.id, batch.created_at, batch.state, batch.reason));
        let mut inside = Vec::new();
        for payout in payouts::of_batch(read, tenant.id, batch.id).await? {
            let money = Money { minor: payout.amount_minor, currency: payout.currency };
            let (state, party) = (&payout.state, &payout.party);
            text.push_str(&format!(
                "  {}  {party:40}  {:>20}  {state:10}  {}\n",
                payout.id,
                money.to_string(),
                payout.reason
            ));
            inside.push(
                json!({ "id": payout.id, "party": party, "amount": money, "state": state, "reference": payout.reference,
                "reason": payout.reason }),
            );
        }
        items.push(json!({ "id": batch.id, "state": batch.state, "createdBy": batch.created_by, "approvedBy": batch.approved_by,
            "payouts": inside }));
    }
    if of.json {
        print_json(&json!({ "items": items }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if items.is_empty() {
        text = "There is no batch of payouts yet.\n".to_owned();
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}
