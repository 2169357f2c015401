//! What every page shows around its content: who looks, at whose work, and the way to the other pages. And refusals as pages.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_shared::id::TenantId;
use platen_shared::store::tenants;
use serde::Deserialize;

use super::session::Session;
use super::show::When;
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::error::Problem;
use crate::extract::Filters;
use crate::observe::Correlation;

/// An operator at work: on one tenant, or, with the root key and no tenant chosen, on the installation as a whole.
pub(super) struct Operator {
    pub(super) call: Call,
    session: Session,
    /// Signed in with the root key.
    pub(super) root: bool,
    /// The tenant's name.
    name: String,
}

/// Parameters that pages take beside their own.
#[derive(Deserialize)]
struct Chosen {
    tenant: Option<TenantId>,
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refused> {
        let session = parts.extensions.get::<Session>().cloned();
        let session = session.ok_or_else(|| Problem::internal(&"a page that needs a session let one without pass"))?;
        let root = session.principal().is_none();
        let who = match session.principal() {
            Some(principal) => principal.clone(),
            None => {
                let Filters(chosen) = Filters::<Chosen>::from_request_parts(parts, app).await?;
                Principal::root_for(chosen.tenant.unwrap_or(TenantId::INSTALLATION))
            }
        };
        let name = match who.tenant {
            TenantId::INSTALLATION => "The installation".to_owned(),
            id => {
                let row = tenants::get(&mut app.app.ledger.db.reader(), id).await?;
                row.ok_or_else(|| Problem::missing("tenant"))?.name
            }
        };
        let correlation = parts.extensions.get::<Correlation>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Operator { call: Call::of(app.clone(), who, correlation), session, root, name })
    }
}

impl Operator {
    /// Whose work pauses are about: the tenant's, or everybody's for `None`.
    pub(super) fn whose(&self) -> Option<TenantId> {
        Some(self.call.tenant()).filter(|tenant| *tenant != TenantId::INSTALLATION)
    }

    /// The root key with no tenant chosen.
    pub(super) fn everybody(&self) -> bool {
        self.root && self.whose().is_none()
    }

    /// A path with the chosen tenant in it.
    pub(super) fn to(&self, path: &str) -> String {
        match self.whose().filter(|_| self.root) {
            Some(tenant) if path.contains('?') => format!("{path}&tenant={tenant}"),
            Some(tenant) => format!("{path}?tenant={tenant}"),
            None => path.to_owned(),
        }
    }

    /// The frame of a page; `here` is its place in the navigation.
    pub(super) fn frame(&self, here: &'static str, title: impl Into<String>) -> Frame {
        Frame {
            title: title.into(),
            here,
            name: self.name.clone(),
            who: self.call.actor(),
            root: self.root,
            everybody: self.everybody(),
            suffix: self.whose().filter(|_| self.root).map(|tenant| tenant.to_string()),
            csrf: self.session.csrf().to_owned(),
            refresh_s: 0,
            said: "",
            at: When::plain(self.call.ledger_now()),
        }
    }
}

/// What a page is asked for, where a refusal is a page too.
pub(super) struct Asked<E>(pub(super) E);

impl<S: Send + Sync, E: FromRequestParts<S, Rejection = Problem>> FromRequestParts<S> for Asked<E> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Ok(Asked(E::from_request_parts(parts, state).await?))
    }
}

/// What stands around a page's content.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) here: &'static str,
    pub(super) name: String,
    pub(super) who: String,
    pub(super) root: bool,
    pub(super) everybody: bool,
    suffix: Option<String>,
    pub(super) csrf: String,
    /// Loads itself again so often; 0 is never.
    pub(super) refresh_s: u32,
    /// What was just done.
    pub(super) said: &'static str,
    pub(super) at: When,
}

impl Frame {
    /// The tenant that the root key chose.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.suffix.as_deref()
    }

    /// A path with the chosen tenant in it, for templates.
    pub(super) fn to(&self, path: impl AsRef<str>) -> String {
        let path = path.as_ref();
        match self.suffix.as_ref().filter(|_| !path.starts_with('#')) {
            Some(tenant) if path.contains('?') => format!("{path}&tenant={tenant}"),
            Some(tenant) => format!("{path}?tenant={tenant}"),
            None => path.to_owned(),
        }
    }
}

/// A page as an answer.
pub(super) fn html(page: &impl Template) -> Result<Response, Refused> {
    let text = page.render().map_err(|e| Problem::internal(&e))?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// A refusal, as a page.
pub(super) struct Refused(Problem);

impl<E: Into<Problem>> From<E> for Refused {
    fn from(problem: E) -> Refused {
        Refused(problem.into())
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    status: u16,
    title: &'static str,
    detail: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = self.0.code;
        let page =
            RefusedPage { status: code.status().as_u16(), title: code.title(), detail: self.0.detail().to_owned() };
        match page.render() {
            Ok(text) => (code.status(), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
