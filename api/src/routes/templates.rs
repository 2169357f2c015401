//! Templates at the printer that a tenant sells from: which they are, and how the last sync found them.

use std::collections::BTreeSet;

use axum::Json;
use platen_shared::db::At;
use platen_shared::store::catalogue_templates::{self, TEMPLATES_MAX, TemplateRow};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, whole};
use crate::check::{Checks, PROVIDER};
use crate::error::Reply;
use crate::extract::Input;

/// How a template stands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueTemplate)]
pub(crate) struct TemplateView {
    /// The printer's id of it.
    id: String,
    /// `listed` (the next sync reads it), `read` or `refused`.
    state: String,
    title: Option<String>,
    /// Why it was refused.
    why: Option<String>,
    /// When a sync last asked for it.
    synced_at: Option<At>,
}

impl From<TemplateRow> for TemplateView {
    fn from(row: TemplateRow) -> Self {
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        TemplateView {
            id: row.id,
            state: row.state,
            title: known(row.title),
            why: known(row.why),
            synced_at: row.synced_at,
        }
    }
}

/// Which templates.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateList {
    /// Their ids at the printer, as its dashboard shows them; at most 200, in the place of all those before.
    ids: Vec<String>,
}

/// Your templates at the printer, and how the last sync found them.
#[utoipa::path(get, path = "/v1/catalogue/templates", tag = "catalogue", responses((status = 200, body = Page<TemplateView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<TemplateView>>> {
    Ok(whole(catalogue_templates::list(&mut call.read(), call.tenant(), PROVIDER).await?))
}

/// Says which templates at the printer you sell from; the next sync of the catalogue reads them. An empty list forgets all.
#[utoipa::path(put, path = "/v1/catalogue/templates", tag = "catalogue", request_body = TemplateList,
    responses((status = 200, body = Page<TemplateView>)))]
pub(crate) async fn put(call: Call, Input(body): Input<TemplateList>) -> Reply<Json<Page<TemplateView>>> {
    let mut checks = Checks::default();
    checks.need(body.ids.len() <= TEMPLATES_MAX, "count", "/ids", "At most 200 templates are listed.");
    let plain = |id: &str| {
        (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    for (n, _) in body.ids.iter().enumerate().filter(|(_, id)| !plain(id)) {
        let sentence = "The id of a template has 1 to 100 letters, digits, - and _.";
        checks.need(false, "form", &format!("/ids/{n}"), sentence);
    }
    checks.done()?;
    let ids: BTreeSet<String> = body.ids.into_iter().collect();
    let mut tx = call.begin("put_templates").await?;
    catalogue_templates::put(&mut tx, call.tenant(), PROVIDER, &ids).await?;
    let rows = catalogue_templates::list(&mut tx, call.tenant(), PROVIDER).await?;
    call.audit(&mut tx, "catalogue.templates", PROVIDER, "").await?;
    tx.commit().await?;
    Ok(whole(rows))
}
