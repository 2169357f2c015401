//! Designs. A spec is checked whole, stored as its canonical text, and named by its hash.

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use platen_press::spec::Version;
use platen_press::{Checked, check_str, from_canonical, text};
use platen_shared::canon::is_sha256;
use platen_shared::db::{At, Source, Tx};
use platen_shared::id::TenantId;
use platen_shared::store::specs::{self, StoredSpec};
use platen_shared::store::uploads;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::call::{Call, immutable_json, made};
use crate::error::{Code, Fault, Problem, Reply};
use crate::extract::{Named, RawJson};
use crate::template::rules_of;

/// A stored design.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Spec)]
pub(crate) struct SpecView {
    /// SHA-256 of the canonical text.
    hash: String,
    product_id: String,
    template_version: i64,
    /// The press in force when it was stored.
    press_version: String,
    /// The design it was in an earlier version of the format.
    #[serde(skip_serializing_if = "Option::is_none")]
    migrated_from: Option<String>,
    /// The design in canonical form (RFC 8785; lengths in micrometres).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    canonical: Option<Box<RawValue>>,
    created_at: At,
}

impl SpecView {
    fn new(spec: StoredSpec, whole: bool) -> Self {
        let canonical = if whole { RawValue::from_string(spec.canonical).ok() } else { None };
        let (hash, product_id) = (spec.hash, spec.product_id);
        let (press_version, migrated_from) = (spec.press_version, spec.migrated_from);
        let (template_version, created_at) = (spec.template_version, spec.created_at);
        SpecView { hash, product_id, template_version, press_version, migrated_from, canonical, created_at }
    }
}

/// Stores a design, if it can be printed. The same design again answers 200.
#[utoipa::path(post, path = "/v1/specs", tag = "specs", request_body(content = Object, description = "A spec, lengths in millimetres."),
    responses((status = 201, body = SpecView), (status = 200, body = SpecView, description = "It was there.")))]
pub(crate) async fn create(call: Call, RawJson(raw): RawJson) -> Reply<Response> {
    let checked = look(raw).await?.map_err(refused)?;
    // Versions of products and uploads never change, so that what was read before the write still holds in it.
    let faults = fits_product(&mut call.read(), call.tenant(), &checked).await?;
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let mut tx = call.begin("create_spec").await?;
    let (fresh, kept) = store(&call, &mut tx, checked, None).await?;
    tx.commit().await?;
    Ok(made(fresh, SpecView::new(kept, false)))
}

/// Writes a checked design, unless it is there; answers whether it is new, and the row.
async fn store(call: &Call, tx: &mut Tx, checked: Checked, from: Option<String>) -> Reply<(bool, StoredSpec)> {
    let spec = StoredSpec {
        tenant: call.tenant(),
        hash: checked.hash,
        product_id: checked.spec.product_id().to_owned(),
        template_version: checked.spec.template_version().into(),
        press_version: call.app().press_version.to_owned(),
        migrated_from: from,
        canonical: checked.canonical,
        created_at: call.now(),
    };
    let fresh = specs::insert(tx, &spec).await?;
    Ok((fresh, specs::get(tx, call.tenant(), &spec.hash).await?.unwrap_or(spec)))
}

/// Moves a stored design to the newest version of the format: another design with another hash that looks the same. The old one stays,
/// under its hash, for ever.
#[utoipa::path(post, path = "/v1/specs/{hash}/migrate", tag = "specs", request_body(content = Object, description = "Nothing."),
    params(("hash" = String, Path, description = "Its hash.")),
    responses((status = 201, body = SpecView), (status = 200, body = SpecView, description = "It was moved before, or is written so already.")))]
pub(crate) async fn migrate(call: Call, Named(hash): Named<String>) -> Reply<Response> {
    let mut tx = call.begin("migrate_spec").await?;
    let old = specs::get(&mut tx, call.tenant(), &hash).await?.ok_or_else(|| Problem::missing("spec"))?;
    let spec = from_canonical(&old.canonical).map_err(|problem| Problem::internal(&problem))?;
    let Some(moved) = spec.migrated(Version::NEWEST) else { return Ok(made(false, SpecView::new(old, false))) };
    let (fresh, kept) = store(&call, &mut tx, Checked::from(moved), Some(hash)).await?;
    tx.commit().await?;
    Ok(made(fresh, SpecView::new(kept, false)))
}

/// The JSON Schema (2020-12) of designs, of every version of the format.
#[utoipa::path(get, path = "/v1/schemas/spec", tag = "specs", responses((status = 200, content_type = "application/schema+json", body = Object)))]
pub(crate) async fn schema() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/schema+json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, platen_press::spec::schema().to_string())
}

/// A malformed text is no spec at all; anything else is one with faults.
fn refused(faults: Vec<Fault>) -> Problem {
    match faults.as_slice() {
        [one] if one.code == "not_json" => Problem::new(Code::BadRequest, "The body is not well-formed JSON."),
        _ => Problem::fields(faults),
    }
}

/// The press's own checks, off the reactor: shape and limits.
async fn look(raw: String) -> Reply<Result<Checked, Vec<Fault>>> {
    let looked = tokio::task::spawn_blocking(move || check_str(&raw)).await.map_err(|e| Problem::internal(&e))?;
    Ok(looked.map_err(|problems: Vec<platen_press::Problem>| problems.into_iter().map(Fault::from).collect()))
}

/// What the tenant's rows say: the product's version exists, its zones are these, its rules are kept and every letter prints, and every
/// picture was uploaded.
async fn fits_product(source: &mut impl Source, tenant: TenantId, checked: &Checked) -> Reply<Vec<Fault>> {
    let spec = &checked.spec;
    let (product, rules) = rules_of(source, tenant, spec).await?;
    let judged = spec.clone();
    let judge = tokio::task::spawn_blocking(move || text::judge(&judged, &rules));
    let problems = judge.await.map_err(|e| Problem::internal(&e))?;
    let mut faults: Vec<Fault> = problems.into_iter().map(Fault::from).collect();
    if let Some(product) = product {
        let zones = serde_json::to_value(spec.zones()).map_err(|e| Problem::internal(&e))?;
        if by_name(&zones) != by_name(&product.zones.0) {
            faults.push(Fault::new(
                "zones-differ",
                "/product/zones",
                "The zones are not those of the stored product version.",
            ));
        }
        if spec.product_kind() != product.kind {
            faults.push(Fault::new(
                "kind-differs",
                "/product/kind",
                "The kind is not that of the stored product version.",
            ));
        }
    } else {
        faults.push(Fault::new("unknown-product", "/product", "There is no such product, or it has no such version."));
    }
    for (i, layer) in spec.layers().iter().enumerate() {
        let platen_press::spec::Content::Image(image) = &layer.content else { continue };
        let known = is_sha256(&image.href) && uploads::of_hash(source, tenant, &image.href).await?.is_some();
        if !known {
            let message = "href must be the sha256 of a picture that was uploaded.";
            faults.push(Fault::new("unknown-upload", format!("/layers/{i}/href"), message));
        }
    }
    Ok(faults)
}

/// Zones sorted by name: their order means nothing.
fn by_name(zones: &serde_json::Value) -> Vec<&serde_json::Value> {
    let mut zones: Vec<_> = zones.as_array().map(|zones| zones.iter().collect()).unwrap_or_default();
    zones.sort_by_key(|zone: &&serde_json::Value| zone["id"].as_str().unwrap_or_default().to_owned());
    zones
}

/// What a check found.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Verdict {
    /// Whether the design would be stored.
    valid: bool,
    /// Its name, when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// What is wrong with it.
    errors: Vec<Fault>,
}

/// Checks a design as storing would, and stores nothing.
#[utoipa::path(post, path = "/v1/specs/validate", tag = "specs", request_body(content = Object, description = "A spec, lengths in millimetres."),
    responses((status = 200, body = Verdict)))]
pub(crate) async fn validate(call: Call, RawJson(raw): RawJson) -> Reply<Json<Verdict>> {
    let (hash, errors) = match look(raw).await? {
        Ok(checked) => {
            let faults = fits_product(&mut call.read(), call.tenant(), &checked).await?;
            (Some(checked.hash).filter(|_| faults.is_empty()), faults)
        }
        Err(faults) if faults.iter().any(|fault| fault.code == "not_json") => return Err(refused(faults)),
        Err(faults) => (None, faults),
    };
    Ok(Json(Verdict { valid: hash.is_some(), hash, errors }))
}

/// A stored design, in canonical form. It never changes.
#[utoipa::path(get, path = "/v1/specs/{hash}", tag = "specs", params(("hash" = String, Path, description = "Its hash.")),
    responses((status = 200, body = SpecView), (status = 304, description = "You hold it already.")))]
pub(crate) async fn show(call: Call, Named(hash): Named<String>, headers: HeaderMap) -> Reply<Response> {
    let spec = specs::get(&mut call.read(), call.tenant(), &hash).await?.ok_or_else(|| Problem::missing("spec"))?;
    immutable_json(&headers, &hash, &SpecView::new(spec, true))
}
