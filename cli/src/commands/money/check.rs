//! Every balance anew from all lines, compared with what the fast ways answer, and with what other tables say must be there.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use platen_shared::db::Db;
use platen_shared::domain::account::Account;
use platen_shared::id::TenantId;
use platen_shared::store::books::{self, Balance};
use platen_shared::store::payouts::{self, LATEST};
use platen_shared::store::{refunds, tenants};
use serde::Serialize;

use super::super::{print, print_json, tenant};

/// What was found of one tenant.
#[derive(Debug, Serialize)]
struct Found {
    tenant: TenantId,
    name: String,
    accounts: usize,
    wrong: Vec<String>,
}

pub(super) async fn run(db: &Db, wanted: Option<&str>, json: bool) -> Result<ExitCode> {
    let all = match wanted {
        Some(wanted) => vec![tenant::of(db, wanted).await?],
        None => tenants::list(&mut db.reader()).await?,
    };
    let mut found = Vec::new();
    for tenant in all {
        let (accounts, wrong) = look(db, tenant.id).await?;
        found.push(Found { tenant: tenant.id, name: tenant.name, accounts, wrong });
    }
    let sound = found.iter().all(|found| found.wrong.is_empty());
    if json {
        print_json(&serde_json::json!({ "sound": sound, "tenants": found }))?;
    } else {
        print(&told(&found));
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(found: &[Found]) -> String {
    let mut text = String::new();
    for Found { name, accounts, wrong, .. } in found {
        match wrong.as_slice() {
            [] => text.push_str(&format!("{name}: {accounts} balances, every one as its lines say\n")),
            wrong => {
                text.push_str(&format!("{name}: {} things are wrong\n", wrong.len()));
                wrong.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
    }
    if found.is_empty() {
        text.push_str("There is no tenant yet.\n");
    }
    text
}

type Sums = BTreeMap<(String, String), i64>;

fn sums(balances: &[Balance]) -> Sums {
    balances.iter().map(|b| ((b.account.to_string(), b.currency.code().to_owned()), b.minor)).collect()
}

/// How many accounts there are, and what is wrong with them.
async fn look(db: &Db, tenant: TenantId) -> Result<(usize, Vec<String>)> {
    let read = &mut db.reader();
    let mut wrong = Vec::new();
    let derived = sums(&books::trial_of_lines(read, tenant, LATEST).await?);
    differences(&mut wrong, "the trial balance", &derived, &sums(&books::trial(read, tenant, LATEST).await?));
    let mut whole: BTreeMap<&str, i64> = BTreeMap::new();
    for ((_, currency), minor) in &derived {
        *whole.entry(currency).or_default() += minor;
    }
    wrong
        .extend(whole.iter().filter(|(_, sum)| **sum != 0).map(|(c, sum)| format!("all accounts in {c} sum to {sum}")));
    for account in derived.keys().filter_map(|(account, _)| account.parse::<Account>().ok()) {
        let fast = sums(&books::balance(read, tenant, &account, LATEST).await?);
        let own = derived.iter().filter(|((name, _), _)| *name == account.to_string());
        let own: Sums = own.map(|(key, minor)| (key.clone(), *minor)).collect();
        differences(&mut wrong, "the balance", &own, &fast);
        if account == Account::Margin {
            wrong.push("the margin account holds something: it is a corridor".to_owned());
        }
    }
    let entries = books::unbalanced(read, tenant).await?;
    wrong.extend(entries.iter().map(|entry| format!("{entry} does not balance, or its lines bear another date")));
    for (account, currency, day) in books::wrong_days(read, tenant).await? {
        wrong.push(format!("what {account} moved in {currency} on day {day} is kept wrongly"));
    }
    for subject in books::uneven(read, tenant).await? {
        let order = platen_shared::id::OrderId(subject.0);
        wrong.push(format!("{order} was shared out, and its gross is not even"));
    }
    elsewhere(&mut wrong, read, tenant, &derived).await?;
    Ok((derived.len(), wrong))
}

/// What other tables say must be in the books: refunds that are owed, payouts that are on their way.
async fn elsewhere(
    wrong: &mut Vec<String>,
    read: &mut platen_shared::db::Read,
    tenant: TenantId,
    derived: &Sums,
) -> Result<()> {
    let held = |start: &str| -> Sums {
        derived
            .iter()
            .filter(|((name, _), _)| name.starts_with(start))
            .map(|(key, minor)| (key.clone(), *minor))
            .collect()
    };
    let owed = refunds::owed(read, tenant).await?;
    let owed: Sums =
        owed.into_iter().map(|(currency, minor)| ((Account::Refunds.to_string(), currency), minor)).collect();
    differences(wrong, "refunds by their rows", &held("refunds"), &owed);
    let sent = payouts::in_transit(read, tenant).await?.into_iter();
    let sent: Sums = sent.map(|(party, c, minor)| ((Account::InTransit(party).to_string(), c), minor)).collect();
    differences(wrong, "payouts by their rows", &held("payout_in_transit:"), &sent);
    Ok(())
}

/// Where two sums differ, said of the account.
fn differences(wrong: &mut Vec<String>, what: &str, lines: &Sums, other: &Sums) {
    let mut keys: Vec<_> = lines.keys().chain(other.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (own, said) = (lines.get(key).copied().unwrap_or(0), other.get(key).copied().unwrap_or(0));
        if own != said {
            let (account, currency) = key;
            wrong.push(format!("{account} holds {own} {currency} by its lines, and {said} by {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_nothing_else() {
        let sums =
            |of: &[(&str, i64)]| of.iter().map(|(a, m)| (((*a).to_owned(), "EUR".to_owned()), *m)).collect::<Sums>();
        let mut wrong = Vec::new();
        differences(&mut wrong, "x", &sums(&[("a", 1), ("b", 2), ("d", 0)]), &sums(&[("a", 1), ("b", 3), ("c", 4)]));
        assert_eq!(wrong, ["b holds 2 EUR by its lines, and 3 by x", "c holds 0 EUR by its lines, and 4 by x"]);
    }
}
