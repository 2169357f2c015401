//! The widget's door: what an editor in a web page begins with, and the pages that may have it.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_press::spec::Version;
use platen_press::spec::limits::{IMAGE_LAYERS_MAX, LAYERS_MAX, TEXT_GRAPHEMES_MAX};
use platen_press::text::{Choice, choices, font_file};
use platen_shared::canon;
use platen_shared::domain::money::Money;
use platen_shared::store::widget;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, holds, immutable};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};
use crate::template::template;

/// Most origins of a tenant.
const ORIGINS_MAX: usize = 50;

/// Everything an editor for one product begins with.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetConfig {
    product: WidgetProduct,
    /// What its zones allow; a rule that is left out restricts nothing.
    #[schema(value_type = Object)]
    rules: Value,
    /// Every font there is; a zone's rules may allow fewer.
    fonts: Vec<WidgetFont>,
    /// The version in which specs are written.
    spec_version: &'static str,
    limits: WidgetLimits,
}

/// The product, in its newest version.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetProduct {
    id: String,
    template_version: i64,
    title: String,
    kind: String,
    /// In millimetres.
    #[schema(value_type = Vec<Object>)]
    zones: Value,
    price: Money,
}

/// A font that texts can be set in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetFont {
    name: &'static str,
    /// Where its file is: drawn with it, a page shows what will be printed.
    url: String,
    sha256: String,
    /// ISO 15924; letters of other scripts come from another font.
    scripts: Vec<&'static str>,
}

impl From<&Choice> for WidgetFont {
    fn from(font: &Choice) -> Self {
        WidgetFont {
            name: font.name,
            url: format!("/v1/widget/fonts/{}", font.sha256),
            sha256: font.sha256.clone(),
            scripts: font.scripts.clone(),
        }
    }
}

/// What no design exceeds.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetLimits {
    layers: usize,
    image_layers: usize,
    text_graphemes: usize,
}

/// Zones, rules, fonts and palettes of a product. Keep it for an hour; after that, ask with its ETag.
#[utoipa::path(get, path = "/v1/widget/config/{product}", tag = "widget", params(("product" = String, Path, description = "The product's name.")),
    responses((status = 200, body = WidgetConfig), (status = 304, description = "You hold it already.")))]
pub(crate) async fn config(call: Call, Named(id): Named<String>, headers: HeaderMap) -> Reply<Response> {
    let template = template(&call, &id, None).await?.ok_or_else(|| Problem::missing("product"))?;
    let product = &template.product;
    let config = WidgetConfig {
        product: WidgetProduct {
            id: product.id.clone(),
            template_version: product.version,
            title: product.title.clone(),
            kind: product.kind.clone(),
            zones: product.wire_zones.0.clone(),
            price: product.price(),
        },
        rules: product.rules.0.clone(),
        fonts: choices().iter().map(WidgetFont::from).collect(),
        spec_version: Version::NEWEST.word(),
        limits: WidgetLimits { layers: LAYERS_MAX, image_layers: IMAGE_LAYERS_MAX, text_graphemes: TEXT_GRAPHEMES_MAX },
    };
    let etag = format!("\"{}\"", canon::digest(&config).map_err(|e| Problem::internal(&e))?);
    let mut response =
        if holds(&headers, &etag) { StatusCode::NOT_MODIFIED.into_response() } else { Json(config).into_response() };
    let set = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    // Private: the same address answers another tenant's key with another product.
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    set.append(header::VARY, HeaderValue::from_static("authorization"));
    Ok(response)
}

/// A font's file, by its hash.
#[utoipa::path(get, path = "/v1/widget/fonts/{sha256}", tag = "widget", params(("sha256" = String, Path, description = "As the config says.")),
    responses((status = 200, content_type = "font/ttf", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn font(Named(sha256): Named<String>, headers: HeaderMap) -> Reply<Response> {
    let (bytes, media_type) = font_file(&sha256).ok_or_else(|| Problem::missing("font"))?;
    let mut response = immutable(&headers, &sha256, media_type, Some(bytes::Bytes::from_static(bytes)));
    // The same for everybody, and under an open licence.
    let public = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, public);
    Ok(response)
}

/// Web origins whose pages may use the tenant's publishable keys.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origins {
    /// At most 50, each like `https://shop.example`; `http` on a loopback address only.
    origins: Vec<String>,
}

/// Sets the origins whose pages may use the tenant's publishable keys, in place of those before.
#[utoipa::path(put, path = "/v1/widget/origins", tag = "widget", request_body = Origins, responses((status = 200, body = Origins)))]
pub(crate) async fn put_origins(call: Call, Input(mut body): Input<Origins>) -> Reply<Json<Origins>> {
    let mut checks = Checks::default();
    checks.need(body.origins.len() <= ORIGINS_MAX, "too-many", "/origins", "At most 50 origins are taken.");
    for (n, origin) in body.origins.iter().enumerate() {
        let message = "An origin is a scheme, a host and perhaps a port, such as https://shop.example, and https unless it is this machine.";
        checks.need(is_origin(origin), "origin", &format!("/origins/{n}"), message);
    }
    checks.done()?;
    body.origins.sort();
    body.origins.dedup();
    let mut tx = call.begin("put_widget_origins").await?;
    widget::set_origins(&mut tx, call.ledger_now(), call.tenant(), &body.origins).await?;
    call.audit(&mut tx, "widget.origins", call.tenant(), &body.origins.join(" ")).await?;
    let done = tx.commit().await;
    call.shared().origins.forget();
    done?;
    Ok(Json(body))
}

/// The origins whose pages may use the tenant's publishable keys.
#[utoipa::path(get, path = "/v1/widget/origins", tag = "widget", responses((status = 200, body = Origins)))]
pub(crate) async fn list_origins(call: Call) -> Reply<Json<Origins>> {
    Ok(Json(Origins { origins: widget::origins(&mut call.read(), call.tenant()).await? }))
}

/// As browsers write it: no path, no star, small letters.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'.' || c == b'-';
    let local = ["localhost", "127.0.0.1"].contains(&host);
    text.len() <= 200
        && (scheme == "https" || (scheme == "http" && local))
        && !host.is_empty()
        && host.bytes().all(plain)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_no_address_of_a_page() {
        for good in
            ["https://shop.example", "https://shop.example:8443", "http://localhost:3000", "http://127.0.0.1:80"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "https://*",
            "https://shop.example/",
            "http://shop.example",
            "https://",
            "null",
            "https://Shop.example",
            "shop.example",
            "https://shop.example:0",
            "https://user@shop.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
