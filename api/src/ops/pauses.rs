//! Pauses: what is held, by whom and why, and a form for another one.

use askama::Template;
use axum::response::Response;
use platen_shared::ledger::Queue;
use serde::Deserialize;

use super::actions::said;
use super::frame::{Asked, Frame, Operator, Refused, html};
use super::show::When;
use crate::check::PROVIDER;
use crate::extract::Filters;

/// A pause in a list.
pub(super) struct Row {
    pub(super) id: String,
    /// `queue previews`.
    pub(super) what: String,
    pub(super) reason: String,
    pub(super) actor: String,
    pub(super) since: When,
    /// Whose work it holds, in words.
    pub(super) of: String,
    /// It holds every tenant's work.
    pub(super) everybody: bool,
    /// Whoever looks may take it away.
    pub(super) own: bool,
}

/// The pauses that touch what the operator looks at.
pub(super) async fn rows(operator: &Operator) -> Result<Vec<Row>, Refused> {
    let (call, whose) = (&operator.call, operator.whose());
    let pauses = call.app().ledger.pauses(whose).await?;
    let row = |pause: platen_shared::ledger::control::Pause| Row {
        id: pause.id.to_string(),
        what: match pause.scope.as_str() {
            "tenant" => "all work".to_owned(),
            scope => format!("{scope} {}", pause.value),
        },
        reason: pause.reason,
        actor: pause.actor,
        since: When::seen(pause.created_at, call.ledger_now()),
        of: match pause.tenant {
            None => "everybody's work".to_owned(),
            Some(tenant) if whose.is_none() => format!("the work of {tenant}"),
            Some(_) => "this tenant's work".to_owned(),
        },
        everybody: pause.tenant.is_none(),
        own: whose.is_none() || pause.tenant == whose,
    };
    Ok(pauses.into_iter().map(row).collect())
}

/// What can be paused: the form's word, and how people call it.
struct Choice {
    word: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "pauses.html")]
struct PausesPage {
    f: Frame,
    rows: Vec<Row>,
    choices: Vec<Choice>,
}

/// Which one the form begins with, and what was just done.
#[derive(Deserialize)]
pub(super) struct Look {
    what: Option<String>,
    said: Option<String>,
}

/// The page.
pub(super) async fn show(operator: Operator, Asked(Filters(look)): Asked<Filters<Look>>) -> Result<Response, Refused> {
    let queues = Queue::ALL.iter().map(|queue| ("queue", queue.word()));
    let kinds = platen_jobs::KINDS.iter().map(|entry| ("kind", entry.kind));
    let named = queues.chain(kinds).chain([("provider", PROVIDER)]);
    let mut choices: Vec<(String, String)> =
        named.map(|(scope, word)| (format!("{scope}:{word}"), format!("{scope} {word}"))).collect();
    if !operator.everybody() {
        choices.push(("tenant:".to_owned(), "all work of this tenant".to_owned()));
    }
    let choice = |(word, name): (String, String)| Choice { chosen: look.what.as_deref() == Some(&word), word, name };
    let mut f = operator.frame("pauses", "Pauses");
    f.said = said(look.said.as_deref());
    html(&PausesPage { f, rows: rows(&operator).await?, choices: choices.into_iter().map(choice).collect() })
}
