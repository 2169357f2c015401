//! In whose name messages go out, in which words, and when an order is late.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use platen_shared::db::{At, Json as Column};
use platen_shared::domain::address::is_email;
use platen_shared::domain::business_days::Date;
use platen_shared::domain::notice::Topic;
use platen_shared::letters::{self, LANGUAGES};
use platen_shared::store::message_settings::{self, MessageSettings, Template};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, made, whole};
use crate::check::Checks;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

const NONE_YET: &str = "No message settings are there yet: PUT them, with a senderName.";
/// Thresholds, holidays.
const LIST_MAX: usize = 100;
/// Characters of a template.
const WORDS_MAX: usize = 20_000;

/// How a tenant writes to people.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MessageSettings)]
pub(crate) struct SettingsBody {
    /// What customers see as the sender: 1 to 60 characters.
    sender_name: String,
    /// Where the tenant's own people are told of trouble, and where answers of customers go.
    support_email: Option<String>,
    /// `en` or `fr`: for whoever said nothing.
    #[serde(default = "english")]
    language: String,
    /// Topics that are not sent by e-mail.
    #[serde(default = "quiet")]
    muted: Vec<String>,
    /// A page for parcels whose carrier has none: `https://…` with `{number}` in it.
    tracking_page: Option<String>,
    /// Business days in production after which an order is late, ascending.
    #[serde(default = "late")]
    delay_days: Vec<u32>,
    /// Days (`YYYY-MM-DD`) on which nobody works, beside Saturdays and Sundays.
    #[serde(default)]
    holidays: Vec<String>,
}

fn english() -> String {
    "en".to_owned()
}

fn quiet() -> Vec<String> {
    vec![Topic::RenderReady.word().to_owned()]
}

fn late() -> Vec<u32> {
    vec![5, 8]
}

impl SettingsBody {
    fn check(&self) -> Reply<()> {
        let mut checks = Checks::default();
        checks.text("/senderName", &self.sender_name, 1, 60);
        let email = self.support_email.as_deref().is_none_or(is_email);
        checks.need(email, "email", "/supportEmail", "This must be an address like name@example.org.");
        language(&mut checks, "/language", &self.language);
        for (i, topic) in self.muted.iter().enumerate() {
            let known = topic.parse::<Topic>().is_ok();
            checks.need(known, "topic", &format!("/muted/{i}"), "There is no such topic; docs/messages.md names them.");
        }
        let page = self.tracking_page.as_deref().is_none_or(|page| {
            page.starts_with("https://") && page.len() <= 500 && page.matches("{number}").count() == 1
        });
        checks.need(page, "url", "/trackingPage", "The page must begin with https:// and hold {number} once.");
        let days = &self.delay_days;
        let ascending = days.is_sorted_by(|a, b| a < b) && days.iter().all(|days| (1..=90).contains(days));
        let message = "Up to 100 thresholds of 1 to 90 business days are taken, each larger than the one before.";
        checks.need(ascending && days.len() <= LIST_MAX, "range", "/delayDays", message);
        let dates = self.holidays.iter().all(|day| day.parse::<Date>().is_ok());
        let message = "Up to 100 days such as 2026-12-25 are taken.";
        checks.need(dates && self.holidays.len() <= LIST_MAX, "date", "/holidays", message);
        checks.done()
    }
}

fn language(checks: &mut Checks, pointer: &str, word: &str) {
    checks.need(LANGUAGES.contains(&word), "language", pointer, "Letters are written in en or fr.");
}

impl From<MessageSettings> for SettingsBody {
    fn from(s: MessageSettings) -> Self {
        SettingsBody {
            sender_name: s.sender_name,
            support_email: s.support_email,
            language: s.language,
            muted: s.muted.0,
            tracking_page: s.tracking_page,
            delay_days: s.delay_days.0,
            holidays: s.holidays.0,
        }
    }
}

/// Sets in whose name messages go out. Before that nobody gets e-mail in the tenant's name.
#[utoipa::path(put, path = "/v1/message-settings", tag = "messages", request_body = SettingsBody, responses((status = 200, body = SettingsBody)))]
pub(crate) async fn put(call: Call, Input(body): Input<SettingsBody>) -> Reply<Json<SettingsBody>> {
    body.check()?;
    let row = MessageSettings {
        sender_name: body.sender_name,
        support_email: body.support_email,
        language: body.language,
        muted: Column(body.muted),
        tracking_page: body.tracking_page,
        delay_days: Column(body.delay_days),
        holidays: Column(body.holidays),
        updated_at: call.now(),
    };
    let mut tx = call.begin("put_message_settings").await?;
    message_settings::put(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "messages.settings", call.tenant(), "").await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// In whose name messages go out.
#[utoipa::path(get, path = "/v1/message-settings", tag = "messages", responses((status = 200, body = SettingsBody)))]
pub(crate) async fn show(call: Call) -> Reply<Json<SettingsBody>> {
    let row = message_settings::get(&mut call.read(), call.tenant()).await?;
    Ok(Json(row.ok_or_else(|| Problem::new(Code::NotFound, NONE_YET))?.into()))
}

/// A tenant's own words for a letter.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageTemplate)]
pub(crate) struct TemplateView {
    name: String,
    language: String,
    subject: String,
    body: String,
    html: Option<String>,
    updated_at: At,
    /// The letter about a made-up order, when the words were just stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<SampleView>,
}

/// A letter about a made-up order.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageSample)]
pub(crate) struct SampleView {
    subject: String,
    text: String,
    html: String,
}

impl From<Template> for TemplateView {
    fn from(t: Template) -> Self {
        let Template { name, language, subject, body, html, updated_at } = t;
        TemplateView { name, language, subject, body, html, updated_at, sample: None }
    }
}

/// Words.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateBody {
    /// One line; `{{ order.number }}` and the like stand for what it is about.
    subject: String,
    /// Plain text.
    body: String,
    /// The same as HTML, if it is not to be made from the text.
    html: Option<String>,
}

/// The tenant's own words; letters that are not here are written in ours.
#[utoipa::path(get, path = "/v1/message-templates", tag = "messages", responses((status = 200, body = Page<TemplateView>)))]
pub(crate) async fn templates(call: Call) -> Reply<Json<Page<TemplateView>>> {
    Ok(whole(message_settings::templates(&mut call.read(), call.tenant()).await?))
}

/// Puts a tenant's own words in the place of ours. They are tried on a made-up order first, and refused with the line that does not run.
#[utoipa::path(put, path = "/v1/message-templates/{name}/{language}", tag = "messages", request_body = TemplateBody,
    params(("name" = String, Path, description = "The letter, such as `order_confirmed`."), ("language" = String, Path, description = "`en` or `fr`.")),
    responses((status = 200, body = TemplateView)))]
pub(crate) async fn put_template(
    call: Call,
    Named((name, word)): Named<(String, String)>,
    Input(body): Input<TemplateBody>,
) -> Reply<Response> {
    known(&name, &word)?;
    let mut checks = Checks::default();
    checks.text("/subject", &body.subject, 1, 500);
    let long = |text: &str| text.chars().count() <= WORDS_MAX;
    let fits = long(&body.body) && body.html.as_deref().is_none_or(long);
    checks.need(fits && !body.body.trim().is_empty(), "too-long", "/body", "1 to 20,000 characters are taken here.");
    checks.done()?;
    let TemplateBody { subject, body, html } = body;
    let row = Template { name, language: word, subject, body, html, updated_at: call.now() };
    let sample = letters::check(&row)
        .map_err(|refused| Problem::field("template", "/body", &format!("It does not run: {refused}.")))?;
    let mut tx = call.begin("put_message_template").await?;
    message_settings::put_template(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "messages.template", format!("{}/{}", row.name, row.language), "").await?;
    tx.commit().await?;
    let sample = SampleView { subject: sample.subject, text: sample.text, html: sample.html };
    Ok(made(false, TemplateView { sample: Some(sample), ..row.into() }))
}

/// Takes a tenant's own words back; ours hold again.
#[utoipa::path(delete, path = "/v1/message-templates/{name}/{language}", tag = "messages",
    params(("name" = String, Path, description = "The letter."), ("language" = String, Path, description = "`en` or `fr`.")),
    responses((status = 204)))]
pub(crate) async fn remove_template(call: Call, Named((name, word)): Named<(String, String)>) -> Reply<StatusCode> {
    let mut tx = call.begin("remove_message_template").await?;
    if !message_settings::remove_template(&mut tx, call.tenant(), &name, &word).await? {
        return Err(Problem::missing("template"));
    }
    call.audit(&mut tx, "messages.template.remove", format!("{name}/{word}"), "").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(name: &str, word: &str) -> Reply<()> {
    let there = letters::names().any(|known| known == name) && LANGUAGES.contains(&word);
    if there { Ok(()) } else { Err(Problem::missing("letter")) }
}
