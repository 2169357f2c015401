//! A party's statement of a month: JSON, CSV, or paper.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use platen_press::Language;
use platen_shared::domain::statement::Statement;
use platen_shared::store::statements;
use serde::Deserialize;

use super::money::month;
use super::parties::own;
use crate::call::Call;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Named};
use crate::paper;

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementForm {
    /// `json` (when left out), `csv` or `pdf`.
    format: Option<String>,
    /// Of a PDF: `en` or `fr`; the party's own when left out.
    language: Option<String>,
}

/// A party's statement of a month, in UTC: opening balance, every line, closing balance, per currency.
#[utoipa::path(get, path = "/v1/parties/{name}/statements/{month}", tag = "money",
    params(("name" = String, Path, description = "Its name in the books."), ("month" = String, Path, description = "Such as 2026-11."), StatementForm),
    responses((status = 200, description = "The statement.", content(
        (Statement = "application/json"), (String = "text/csv"), (Vec<u8> = "application/pdf")))))]
pub(crate) async fn show(
    call: Call,
    Named((name, text)): Named<(String, String)>,
    Filters(form): Filters<StatementForm>,
) -> Reply<Response> {
    let month = month("/month", &text)?;
    let party = own(&call, &name).await?;
    let language = form.language.as_deref().unwrap_or(&party.language);
    let language: Language =
        language.parse().map_err(|()| Problem::field("language", "/language", "Paper is written in en or fr."))?;
    let statement = statements::of_month(&mut call.read(), call.tenant(), &name, month).await?;
    let internal = |error: &dyn std::fmt::Display| Problem::internal(error);
    match form.format.as_deref().unwrap_or("json") {
        "json" => Ok(Json(statement).into_response()),
        "csv" => Ok(file(statement.csv().map_err(|e| internal(&e))?, "text/csv; charset=utf-8", &name, &text, "csv")),
        "pdf" => {
            let issuer = super::tenants::own(&call).await?.name;
            let bytes = paper::statement(&statement, &issuer, language).map_err(|e| internal(&e))?;
            Ok(file(bytes, "application/pdf", &name, &text, "pdf"))
        }
        _ => Err(Problem::field("format", "/format", "The format must be json, csv or pdf.")),
    }
}

fn file(bytes: Vec<u8>, media: &'static str, party: &str, month: &str, ending: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let name = format!("attachment; filename=\"statement-{party}-{month}.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
