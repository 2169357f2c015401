//! Parties: creators and royalty holders, what they hold, and where they are paid.

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::address::is_email;
use platen_shared::domain::money::{Currency, MINOR_MAX, Money};
use platen_shared::domain::terms::is_party;
use platen_shared::store::books;
use platen_shared::store::parties::{self, Party, bound};
use serde::{Deserialize, Serialize};

use super::money::{BalanceView, Moment};
use crate::call::{Call, Page, Pages, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// A party.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Party)]
pub(crate) struct PartyView {
    /// In the books.
    name: String,
    display_name: String,
    /// Of its statements.
    language: String,
    /// Whether it says where it is paid; that itself is sealed and never shown.
    payable: bool,
    payout_minimum_minor: Option<i64>,
    active: bool,
    created_at: At,
    updated_at: At,
}

impl From<Party> for PartyView {
    fn from(p: Party) -> Self {
        PartyView {
            name: p.name,
            display_name: p.display_name,
            language: p.language,
            payable: p.payout_to.is_some(),
            payout_minimum_minor: p.payout_minimum_minor,
            active: p.active,
            created_at: p.created_at,
            updated_at: p.updated_at,
        }
    }
}

/// A party as it should be; what is left out stays as it is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PartyBody {
    /// For people, and for the bank: 1 to 100 characters.
    display_name: Option<String>,
    /// `en` or `fr`.
    language: Option<String>,
    /// Where it is paid: an IBAN, or what else the payout rail takes; 4 to 200 characters.
    payout_to: Option<String>,
    /// Where it is written to; sealed, and never shown. Empty takes it away.
    email: Option<String>,
    /// No payout to it is smaller, in the place of the tenant's minimum.
    payout_minimum_minor: Option<i64>,
    /// False: its balance grows, and it is not paid.
    active: Option<bool>,
}

/// Introduces a party, or changes it.
#[utoipa::path(put, path = "/v1/parties/{name}", tag = "money", request_body = PartyBody,
    params(("name" = String, Path, description = "Its name in the books: 1 to 40 of a-z, 0-9 and the hyphen.")),
    responses((status = 201, body = PartyView), (status = 200, body = PartyView, description = "It was known.")))]
pub(crate) async fn put(call: Call, Named(name): Named<String>, Input(body): Input<PartyBody>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.need(is_party(&name), "name", "", "A party's name takes 1 to 40 of a-z, 0-9 and the hyphen.");
    checks.text("/displayName", body.display_name.as_deref().unwrap_or("-"), 1, 100);
    let language = body.language.as_deref().is_none_or(|language| ["en", "fr"].contains(&language));
    checks.need(language, "language", "/language", "Statements are written in en or fr.");
    checks.text("/payoutTo", body.payout_to.as_deref().unwrap_or("----"), 4, 200);
    let email = body.email.as_deref().is_none_or(|email| email.is_empty() || is_email(email));
    checks.need(email, "email", "/email", "This must be an address like name@example.org, or empty.");
    let minimum = (0..=MINOR_MAX).contains(&body.payout_minimum_minor.unwrap_or(0));
    checks.need(minimum, "range", "/payoutMinimumMinor", "The amount must be between 0 and 2^53 - 1 minor units.");
    checks.done()?;
    let mut tx = call.begin("put_party").await?;
    let known = parties::get(&mut tx, call.tenant(), &name).await?;
    let fresh = known.is_none();
    let (now, seal) = (call.now(), bound(call.tenant(), &name));
    let mut party = known.unwrap_or_else(|| Party {
        display_name: name.clone(),
        name,
        language: "en".to_owned(),
        payout_to: None,
        payout_minimum_minor: None,
        active: true,
        created_at: now,
        updated_at: now,
    });
    party.display_name = body.display_name.unwrap_or(party.display_name);
    party.language = body.language.unwrap_or(party.language);
    if let Some(to) = &body.payout_to {
        party.payout_to = Some(call.app().keyring.seal(to, &seal)?);
    }
    party.payout_minimum_minor = body.payout_minimum_minor.or(party.payout_minimum_minor);
    party.active = body.active.unwrap_or(party.active);
    party.updated_at = now;
    parties::put(&mut tx, call.tenant(), &party).await?;
    if let Some(email) = &body.email {
        let sealed = if email.is_empty() { None } else { Some(call.app().keyring.seal(email, &seal)?) };
        parties::put_email(&mut tx, call.tenant(), &party.name, sealed).await?;
    }
    let what = if body.payout_to.is_some() { "where it is paid" } else { "" };
    call.audit(&mut tx, "party.put", &party.name, what).await?;
    tx.commit().await?;
    Ok(made(fresh, PartyView::from(party)))
}

/// Parties, by name.
#[utoipa::path(get, path = "/v1/parties", tag = "money", params(Pages), responses((status = 200, body = Page<PartyView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<PartyView>>> {
    let paging = pages.read()?;
    let after = paging.after.clone().unwrap_or_default();
    let rows = parties::list(&mut call.read(), call.tenant(), &after, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.name.clone()))
}

/// A party of the caller's tenant.
pub(crate) async fn own(call: &Call, name: &str) -> Reply<Party> {
    parties::get(&mut call.read(), call.tenant(), name).await?.ok_or_else(|| Problem::missing("party"))
}

/// One party, by its name in the books.
#[utoipa::path(get, path = "/v1/parties/{name}", tag = "money", params(("name" = String, Path, description = "Its name in the books.")),
    responses((status = 200, body = PartyView)))]
pub(crate) async fn show(call: Call, Named(name): Named<String>) -> Reply<Json<PartyView>> {
    Ok(Json(own(&call, &name).await?.into()))
}

/// What a party holds at a moment.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PartyBalance {
    party: String,
    /// All its accounts together, per currency; a negative one is owed by the party, and is netted with what comes.
    total: Vec<Money>,
    /// One by one.
    accounts: Vec<BalanceView>,
}

/// What a party holds, now or at any past instant. What is on its way to it has left already.
#[utoipa::path(get, path = "/v1/parties/{name}/balance", tag = "money",
    params(("name" = String, Path, description = "Its name in the books."), Moment), responses((status = 200, body = PartyBalance)))]
pub(crate) async fn balance(
    call: Call,
    Named(name): Named<String>,
    Filters(moment): Filters<Moment>,
) -> Reply<Json<PartyBalance>> {
    own(&call, &name).await?;
    let held = books::party(&mut call.read(), call.tenant(), &name, moment.or_now()).await?;
    let mut total: Vec<Money> = Vec::new();
    for balance in &held {
        let same = |money: &&mut Money| money.currency == balance.currency;
        match total.iter_mut().find(same) {
            Some(sum) => sum.minor += balance.minor,
            None => total.push(Money { minor: balance.minor, currency: balance.currency }),
        }
    }
    total.sort_by_key(|money: &Money| Currency::code(money.currency));
    Ok(Json(PartyBalance { party: name, total, accounts: held.into_iter().map(BalanceView::from).collect() }))
}
