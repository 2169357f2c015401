//! Whether a printer can use an uploaded file, on demand. A process of its own reads it, under limits.

use axum::Json;
use platen_press::preflight::{Area, Report, Target, TargetError, rules_of};
use platen_shared::id::UploadId;
use platen_shared::preflight::PreflightError;
use platen_shared::store::{catalogue, products, uploads};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// What the file is to become.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    /// A product of your own, whose print areas say the size, or the provider's uid of one: its uid says the size, or the provider's catalogue.
    product: Option<String>,
    /// Which print area (zone) of your product, where it has several sizes.
    zone: Option<String>,
    /// Trimmed size in millimetres, such as `210x297`, or a paper's name, such as `A5`.
    size: Option<String>,
    /// Pages that the file must have.
    pages: Option<u32>,
    /// Whose rules; `gelato` unless it says so.
    provider: Option<String>,
}

/// Looks at an uploaded file as a printer would. The answer is a report; nothing is stored.
#[utoipa::path(post, path = "/v1/uploads/{id}/preflight", tag = "uploads", request_body = Wanted, params(("id" = UploadId, Path, description = "The upload.")),
    responses((status = 200, body = Value, description = "The report: `verdict` is `pass`, `warn` or `refuse`, the worst of its `checks`.")))]
pub(crate) async fn create(call: Call, Named(id): Named<UploadId>, Input(wanted): Input<Wanted>) -> Reply<Json<Value>> {
    let upload = uploads::get(&mut call.read(), call.tenant(), id).await?.ok_or_else(|| Problem::missing("upload"))?;
    let provider = wanted.provider.as_deref().unwrap_or("gelato");
    let rules = rules_of(provider)
        .ok_or_else(|| Problem::field("provider", "/provider", "Nobody knows the rules of this provider."))?;
    let target = target(&call, &wanted, provider).await?;
    let Some(preflighter) = &call.app().settings.preflighter else {
        return Err(Problem::new(Code::Unavailable, "This installation looks at no files."));
    };
    let _place = call.shared().decoders.acquire().await.map_err(|e| Problem::internal(&e))?;
    let file = call.app().blobs.stream(call.tenant(), &upload.sha256).await.map_err(|e| Problem::internal(&e))?;
    let request = json!({ "provider": provider, "target": target }).to_string();
    let bytes = u64::try_from(upload.bytes).unwrap_or(0);
    let report = match preflighter.pieces(file.bytes, &request).await {
        Ok(answer) => serde_json::from_slice(&answer).map_err(|e| Problem::internal(&e))?,
        Err(error @ PreflightError::Beyond) => {
            json!(Report::refused(rules, target, "unknown", bytes, &error.to_string()))
        }
        Err(error) => return Err(Problem::internal(&error)),
    };
    Ok(Json(report))
}

async fn target(call: &Call, wanted: &Wanted, provider: &str) -> Reply<Target> {
    let size = match wanted.size.as_deref() {
        Some(size) => Some(Target::size(size).ok_or_else(|| {
            Problem::field("size", "/size", "The size is millimetres such as 210x297, or a paper's name such as A5.")
        })?),
        None => None,
    };
    let mut target = match wanted.product.as_deref() {
        Some(name) => product(call, provider, name, wanted.zone.as_deref(), size.is_some()).await?,
        None => Target::default(),
    };
    target.size_um = size.or(target.size_um);
    if let Some(pages) = wanted.pages {
        target.pages = Some(pages as usize);
    }
    Ok(target)
}

/// What a product asks: the tenant's own product, or what the provider says of it.
async fn product(call: &Call, provider: &str, name: &str, zone: Option<&str>, sized: bool) -> Reply<Target> {
    if let Some(own) = products::latest(&mut call.read(), call.tenant(), name).await? {
        let areas: Vec<Area> = serde_json::from_value(own.zones.0).map_err(|e| Problem::internal(&e))?;
        let on = Target::of_uid(&own.provider_uid).on(&own.kind, &areas, zone);
        return on.map_err(|error| Problem::field("zone", "/zone", &error.to_string()));
    }
    if zone.is_some() {
        return Err(Problem::field("zone", "/zone", "Only a product of your own has zones, and this is none."));
    }
    let mut target = Target::of_uid(name);
    let row = catalogue::item(&mut call.read(), call.tenant(), provider, name).await?;
    if row.is_none() && !sized && !target.says_anything() {
        let error = TargetError::UnknownProduct(name.to_owned());
        return Err(Problem::field("product", "/product", &error.to_string()));
    }
    let area = row.and_then(|row| row.areas.0.into_iter().next()).filter(|_| target.is_flat());
    let side = |um: Option<i64>| um.and_then(|um| i32::try_from(um).ok());
    if let Some(area) = area
        && let (Some(width), Some(height), None) = (side(area.width_um), side(area.height_um), target.size_um)
    {
        target.size_um = Some((width, height));
    }
    Ok(target)
}
