//! The printer's catalogue, as the last sync found it.

use axum::Json;
use axum::response::Response;
use platen_jobs::sync_catalog::SyncCatalog;
use platen_shared::db::At;
use platen_shared::domain::money::Money;
use platen_shared::store::catalogue::{self, ItemRow, SyncRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::jobs::JobView;
use crate::call::{Call, Page, Paging, whole};
use crate::check::{Checks, PROVIDER, provider};
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// Which provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSync {
    /// `gelato`.
    provider: String,
}

/// Reads the provider's whole catalogue, page by page, each page a job.
#[utoipa::path(post, path = "/v1/catalogue/syncs", tag = "catalogue", request_body = NewSync,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "Its first page has ended, and you waited for it.")))]
pub(crate) async fn sync(call: Call, Input(body): Input<NewSync>) -> Reply<Response> {
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", &body.provider);
    checks.done()?;
    // Every request is a sync of its own; an Idempotency-Key makes a repeat the same one.
    let generation = uuid::Uuid::now_v7().simple().to_string();
    let job = SyncCatalog { provider: body.provider, generation, cursor: None };
    let mut tx = call.begin("sync_catalogue").await?;
    let id = platen_jobs::enqueue(&mut tx, &call.origin(0), &job).await?.id();
    tx.commit().await?;
    call.work(id).await
}

/// How a provider's catalogue stands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueState)]
pub(crate) struct SyncView {
    provider: String,
    /// `running` or `done`.
    state: String,
    generation: String,
    pages: i64,
    items: i64,
    started_at: At,
    /// When the last complete sync ended.
    last_sync_at: Option<At>,
}

impl From<SyncRow> for SyncView {
    fn from(s: SyncRow) -> Self {
        SyncView {
            provider: s.provider,
            state: s.state,
            generation: s.generation,
            pages: s.pages,
            items: s.items,
            started_at: s.started_at,
            last_sync_at: s.last_sync_at,
        }
    }
}

/// How each provider's catalogue stands.
#[utoipa::path(get, path = "/v1/catalogue", tag = "catalogue", responses((status = 200, body = Page<SyncView>)))]
pub(crate) async fn show(call: Call) -> Reply<Json<Page<SyncView>>> {
    Ok(whole(catalogue::syncs(&mut call.read(), call.tenant()).await?))
}

/// A product of a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueItem)]
pub(crate) struct ItemView {
    /// What a product's `providerUid` copies.
    uid: String,
    catalogue: String,
    title: String,
    #[schema(value_type = Object)]
    attributes: Value,
    /// Of one piece; null where the provider names none.
    cost: Option<Money>,
    stock: String,
    /// Since when the provider has it no more.
    retired_at: Option<At>,
    updated_at: At,
}

impl From<ItemRow> for ItemView {
    fn from(i: ItemRow) -> Self {
        let cost = i.cost_minor.and_then(|minor| Some(Money { minor, currency: i.currency.parse().ok()? }));
        ItemView {
            uid: i.uid,
            catalogue: i.catalogue,
            title: i.title,
            attributes: i.attributes.0,
            cost,
            stock: i.stock,
            retired_at: i.retired_at,
            updated_at: i.updated_at,
        }
    }
}

/// Which products, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ItemFilter {
    /// `gelato`, which it also is when left out.
    provider: Option<String>,
    /// Only this catalogue.
    catalogue: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// Products that can be ordered, by uid.
#[utoipa::path(get, path = "/v1/catalogue/items", tag = "catalogue", params(ItemFilter), responses((status = 200, body = Page<ItemView>)))]
pub(crate) async fn items(call: Call, Filters(filter): Filters<ItemFilter>) -> Reply<Json<Page<ItemView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let named = filter.provider.as_deref().unwrap_or(PROVIDER);
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", named);
    checks.done()?;
    let after = paging.after.clone().unwrap_or_default();
    let only = filter.catalogue.as_deref();
    let rows = catalogue::list(&mut call.read(), call.tenant(), named, only, &after, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.uid.clone()))
}

/// One product, retired or not.
#[utoipa::path(get, path = "/v1/catalogue/items/{uid}", tag = "catalogue", params(("uid" = String, Path, description = "The provider's uid.")),
    responses((status = 200, body = ItemView)))]
pub(crate) async fn item(call: Call, Named(uid): Named<String>) -> Reply<Json<ItemView>> {
    let found = catalogue::item(&mut call.read(), call.tenant(), PROVIDER, &uid).await?;
    found.map(|item| Json(item.into())).ok_or_else(|| Problem::missing("product in the catalogue"))
}
