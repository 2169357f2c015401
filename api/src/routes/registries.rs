//! Registries of royalty holders: lists and CSV files that sales freeze.

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::terms::Holding;
use platen_shared::ports::PortError;
use platen_shared::ports::registry::{CsvFile, HolderRegistry, StaticList, Unit};
use platen_shared::store::registries::{self, HolderList};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, made, whole};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// A registry's newest list.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Registry)]
pub(crate) struct RegistryView {
    name: String,
    /// Grows with every change; orders name the one they froze.
    version: i64,
    /// `bps` or `tokens`.
    unit: String,
    /// `static`, `csv`, or the name of a plug-in.
    source: String,
    holders: Vec<Holding>,
    created_at: At,
}

impl From<HolderList> for RegistryView {
    fn from(l: HolderList) -> Self {
        RegistryView {
            name: l.name,
            version: l.version,
            unit: l.unit,
            source: l.source,
            holders: l.holders.0,
            created_at: l.created_at,
        }
    }
}

/// Holders, as a list or as a CSV file.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistryBody {
    /// What weights are counted in: basis points sum to 10,000, tokens to anything.
    unit: Unit,
    /// Each party once.
    holders: Option<Vec<Holding>>,
    /// In its place: text with the columns `party,weight`.
    csv: Option<String>,
}

/// Takes a registry's list over: the next version, for sales from now on. The same list is the same version.
#[utoipa::path(put, path = "/v1/registries/{name}", tag = "money", request_body = RegistryBody,
    params(("name" = String, Path, description = "Your name for it: 1 to 64 of a-z, 0-9 and the hyphen.")),
    responses((status = 201, body = RegistryView), (status = 200, body = RegistryView, description = "It was there.")))]
pub(crate) async fn put(call: Call, Named(name): Named<String>, Input(body): Input<RegistryBody>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.name("", &name);
    checks.done()?;
    let (unit, pointer) = (body.unit, if body.csv.is_some() { "/csv" } else { "/holders" });
    let registry: Box<dyn HolderRegistry> = match (body.holders, body.csv) {
        (Some(holders), None) => Box::new(StaticList { unit, holders }),
        (None, Some(text)) => Box::new(CsvFile { unit, text }),
        _ => return Err(Problem::field("required", "/holders", "Give `holders` or `csv`, one of them.")),
    };
    let held = registry.holdings().await.map_err(|error| refused(&error, pointer))?;
    let mut tx = call.begin("put_registry").await?;
    let (list, fresh) = registries::put(&mut tx, call.now(), call.tenant(), &name, &held, &call.actor()).await?;
    if fresh {
        call.audit(&mut tx, "registry.put", &name, &format!("version {}", list.version)).await?;
    }
    tx.commit().await?;
    Ok(made(fresh, RegistryView::from(list)))
}

fn refused(error: &PortError, pointer: &str) -> Problem {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    Problem::field("holders", pointer, &format!("{first}{}.", chars.as_str()))
}

/// Every registry's newest list, by name.
#[utoipa::path(get, path = "/v1/registries", tag = "money", responses((status = 200, body = Page<RegistryView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<RegistryView>>> {
    Ok(whole(registries::list(&mut call.read(), call.tenant()).await?))
}

/// A registry's newest list.
#[utoipa::path(get, path = "/v1/registries/{name}", tag = "money", params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, body = RegistryView)))]
pub(crate) async fn show(call: Call, Named(name): Named<String>) -> Reply<Json<RegistryView>> {
    let found = registries::latest(&mut call.read(), call.tenant(), &name).await?;
    found.map(|list| Json(list.into())).ok_or_else(|| Problem::missing("registry"))
}
