//! Whether a printer can use an uploaded file, on demand. A process of its own reads it, under limits.

use axum::Json;
use platen_press::preflight::{Report, Target, rules_of};
use platen_shared::id::UploadId;
use platen_shared::preflight::PreflightError;
use platen_shared::store::uploads;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// What the file is to become.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The provider's uid of the product; its size is read from it where it says one.
    product: Option<String>,
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
    let target = target(&wanted)?;
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

fn target(wanted: &Wanted) -> Reply<Target> {
    let mut target = wanted.product.as_deref().map(Target::of_uid).unwrap_or_default();
    if let Some(size) = &wanted.size {
        let size = Target::size(size);
        let sentence = "The size is millimetres such as 210x297, or a paper's name such as A5.";
        target.size_um = Some(size.ok_or_else(|| Problem::field("size", "/size", sentence))?);
    }
    if let Some(pages) = wanted.pages {
        target.pages = Some(pages as usize);
    }
    Ok(target)
}
