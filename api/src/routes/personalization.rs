//! Live validation: what an editor asks at every keystroke. Pure: nothing is stored, no job is made.

use axum::Json;
use platen_press::text::{self, Fitted};
use platen_press::{Checked, check_str};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::call::Call;
use crate::error::{Fault, Problem, Reply};
use crate::extract::{Input, RawJson, read};
use crate::template::{Template, template};

/// Most texts normalised at once.
const TEXTS_MAX: usize = 64;

/// Layers for a product. The zones are the product's own, so nobody repeats them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Personalization {
    product: ProductRef,
    /// Of the layers; the newest when left out.
    spec_version: Option<String>,
    /// As in a spec, lengths in millimetres.
    #[schema(value_type = Vec<Object>)]
    layers: Box<RawValue>,
}

/// A product, by the tenant's name for it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductRef {
    id: String,
    /// The newest when left out.
    template_version: Option<i64>,
}

/// What a check found.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Judgement {
    /// Whether the design may be stored and will print.
    valid: bool,
    /// The design's name, when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    spec_hash: Option<String>,
    /// The whole spec in millimetres, zones included: what `POST /v1/specs` takes.
    #[schema(value_type = Object)]
    spec: Box<RawValue>,
    /// What is wrong, each with its place below `/layers`, a code, and a sentence in English and French.
    errors: Vec<Fault>,
}

/// Checks layers by a product's rules, and whether every letter prints.
#[utoipa::path(post, path = "/v1/personalization/validate", tag = "personalization", request_body = Personalization,
    responses((status = 200, body = Judgement)))]
pub(crate) async fn validate(call: Call, RawJson(raw): RawJson) -> Reply<Json<Judgement>> {
    let (template, wire) = asked(&call, &raw).await?;
    let text = wire.get().to_owned();
    let judged = off_the_reactor(move || {
        let checked = check_str(&text)?;
        let problems = text::judge(&checked.spec, &template.rules);
        if problems.is_empty() { Ok(checked) } else { Err(problems) }
    })
    .await?;
    let (spec_hash, problems) = match judged {
        Ok(Checked { hash, .. }) => (Some(hash), Vec::new()),
        Err(problems) => (None, problems),
    };
    let errors = problems.into_iter().map(Fault::from).collect();
    Ok(Json(Judgement { valid: spec_hash.is_some(), spec_hash, spec: wire, errors }))
}

/// How texts will be printed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Fit {
    /// Whether every text fits and prints.
    fits: bool,
    /// Those that do.
    texts: Vec<FittedText>,
    /// Why the others do not.
    errors: Vec<Fault>,
}

/// One text layer as it will be printed; lengths in millimetres from the zone's top left trim corner.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FittedText {
    /// Its place among the layers.
    layer: usize,
    zone: String,
    /// The size it will be printed at.
    size_mm: f64,
    /// It is smaller than asked.
    shrunk: bool,
    line_height_mm: f64,
    /// Top to bottom.
    lines: Vec<FittedLine>,
}

/// One line of it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FittedLine {
    text: String,
    /// `ltr` or `rtl`.
    direction: &'static str,
    #[serde(rename = "box")]
    frame: Box4,
    /// Where its letters stand, from the top of the zone.
    baseline_mm: f64,
}

/// A rectangle in millimetres.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Box)]
pub(crate) struct Box4 {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// Sizes, lines and boxes of texts, as the press will set them: what an editor needs to draw them.
#[utoipa::path(post, path = "/v1/personalization/auto-fit", tag = "personalization", request_body = Personalization,
    responses((status = 200, body = Fit)))]
pub(crate) async fn auto_fit(call: Call, RawJson(raw): RawJson) -> Reply<Json<Fit>> {
    let (_, wire) = asked(&call, &raw).await?;
    let fitted = off_the_reactor(move || {
        let checked = check_str(wire.get())?;
        let fitted = text::fit_each(&checked.spec);
        Ok((checked, fitted))
    })
    .await?;
    let (checked, fitted) = match fitted {
        Ok(found) => found,
        Err(problems) => {
            let errors = problems.into_iter().map(Fault::from).collect();
            return Ok(Json(Fit { fits: false, texts: Vec::new(), errors }));
        }
    };
    let (mut texts, mut errors) = (Vec::new(), Vec::new());
    for (_, result) in fitted {
        match result {
            Ok(fitted) => texts.push(view(&checked, &fitted)),
            Err(problem) => errors.push(Fault::from(problem)),
        }
    }
    Ok(Json(Fit { fits: errors.is_empty(), texts, errors }))
}

fn mm(um: i32) -> f64 {
    f64::from(um) / 1000.0
}

fn view(checked: &Checked, fitted: &Fitted) -> FittedText {
    let layer = &checked.spec.layers()[fitted.layer];
    let wanted = match &layer.content {
        platen_press::spec::Content::Text(text) => text.size_um,
        _ => fitted.size_um,
    };
    let line = |line: &text::FittedLine| FittedLine {
        text: line.text.clone(),
        direction: if line.rtl { "rtl" } else { "ltr" },
        frame: Box4 { x: mm(line.frame.x_um), y: mm(line.frame.y_um), w: mm(line.frame.w_um), h: mm(line.frame.h_um) },
        baseline_mm: mm(line.baseline_um),
    };
    FittedText {
        layer: fitted.layer,
        zone: layer.zone.clone(),
        size_mm: mm(fitted.size_um),
        shrunk: fitted.size_um < wanted,
        line_height_mm: mm(fitted.line_height_um),
        lines: fitted.lines.iter().map(line).collect(),
    }
}

/// The product's version that is meant, and the whole spec of these layers for it.
async fn asked(call: &Call, raw: &str) -> Reply<(std::sync::Arc<Template>, Box<RawValue>)> {
    let body: Personalization = read(raw.as_bytes())?;
    let found = template(call, &body.product.id, body.product.template_version).await?;
    let unknown = || {
        let message = "There is no such product, or it has no such version.";
        Problem::field("unknown-product", "/product", message)
    };
    let template = found.ok_or_else(unknown)?;
    let product = &template.product;
    let version = body.spec_version.as_deref().unwrap_or(platen_press::spec::Version::NEWEST.word());
    let head = serde_json::json!({ "id": product.id, "kind": product.kind, "templateVersion": product.version, "zones": product.wire_zones.0 });
    // The layers stay the text they were sent as: numbers keep their digits.
    let spec = format!(
        "{{\"specVersion\":{},\"product\":{head},\"layers\":{}}}",
        serde_json::Value::from(version),
        body.layers.get()
    );
    let spec = RawValue::from_string(spec).map_err(|e| Problem::internal(&e))?;
    Ok((template, spec))
}

type Outcome<T> = Result<T, Vec<platen_press::Problem>>;

/// Shaping takes a millisecond or so; the reactor has better things to do meanwhile.
async fn off_the_reactor<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Reply<Outcome<T>> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::internal(&e))
}

/// Texts as people typed them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    /// 1 to 64.
    texts: Vec<String>,
}

/// The same texts in normal form.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NormalTexts {
    texts: Vec<NormalText>,
}

/// A text in the form in which it is hashed, set and stored.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NormalText {
    /// In NFC.
    text: String,
    /// It differs from what was sent.
    changed: bool,
    /// Characters as people count them.
    graphemes: usize,
    /// ISO 15924.
    scripts: Vec<&'static str>,
    /// `ltr` or `rtl`: of its first letter that has one.
    direction: &'static str,
    /// The text without what is refused in it, to offer to the person; null when nothing is, or nothing would be left.
    cleaned: Option<String>,
    /// Why it is refused wherever it stands.
    errors: Vec<Fault>,
}

/// Texts in normal form, and what no product prints.
#[utoipa::path(post, path = "/v1/personalization/normalize", tag = "personalization", request_body = Texts,
    responses((status = 200, body = NormalTexts)))]
pub(crate) async fn normalize(_: Call, Input(body): Input<Texts>) -> Reply<Json<NormalTexts>> {
    if !(1..=TEXTS_MAX).contains(&body.texts.len()) {
        return Err(Problem::field("range", "/texts", "1 to 64 texts are taken at once."));
    }
    let one = |(n, raw): (usize, &String)| {
        let normal = text::normalize(raw);
        let fault = |(code, words)| Fault::from(platen_press::Problem::new(code, format!("/texts/{n}"), words));
        NormalText {
            changed: normal.text != *raw,
            graphemes: normal.graphemes,
            scripts: normal.scripts,
            direction: if normal.rtl { "rtl" } else { "ltr" },
            cleaned: normal.cleaned,
            errors: normal.refused.into_iter().map(fault).collect(),
            text: normal.text,
        }
    };
    Ok(Json(NormalTexts { texts: body.texts.iter().enumerate().map(one).collect() }))
}
