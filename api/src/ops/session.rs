//! Signing in: an API key with the scope `operate`, or the root key, becomes a sealed cookie for eight hours. The key itself is in no
//! cookie, and a key that is revoked or changed meanwhile signs its browsers out with their next request.

use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use platen_shared::canon::sha256_hex;
use platen_shared::db::At;
use platen_shared::id::KeyId;
use platen_shared::secrets::refused;
use platen_shared::store::keys;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::frame::{Refused, html};
use super::guard::Fields;
use crate::app::Shared;
use crate::auth::{self, Principal, Scope};
use crate::error::Problem;

const COOKIE: &str = "platen_ops";
/// What the cookie is sealed for: nothing else that we seal opens as one.
const BOUND: &str = "ops:session";
const LASTS: Duration = Duration::from_secs(8 * 3600);

/// Who signed in, as the cookie holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Who {
    /// The visible prefix and the id of a key; what it may do is read anew with each request.
    Key(String, KeyId),
    /// The digest of the root key.
    Root(String),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    who: Who,
    csrf: String,
    until: i64,
}

/// A browser that signed in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    principal: Option<Principal>,
    csrf: String,
}

impl Session {
    /// The key's holder; `None` is the root key.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The key, for its rate; `None` for the root key.
    pub(super) fn key(&self) -> Option<KeyId> {
        self.principal.as_ref().and_then(|principal| principal.key)
    }

    /// What its forms carry.
    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// The session of a request, if its cookie is ours, not over, and its key still good.
pub(super) async fn of(app: &Shared, headers: &HeaderMap) -> Result<Option<Session>, Refused> {
    let Some(text) = cookie(headers) else { return Ok(None) };
    let opened = app.app.keyring.open(text, BOUND).ok().and_then(|text| serde_json::from_str::<Sealed>(&text).ok());
    let Some(Sealed { who, csrf, until }) = opened else { return Ok(none("forged")) };
    if At(until) <= app.app.ledger.now() {
        return Ok(none("over"));
    }
    let principal = match who {
        Who::Root(digest) if root_digest(app).as_deref() == Some(&digest) => None,
        Who::Root(_) => return Ok(none("changed")),
        Who::Key(prefix, id) => {
            let key = keys::by_prefix(&mut app.app.ledger.db.reader(), &prefix).await?;
            let key = key.filter(|key| key.id == id && key.revoked_at.is_none());
            let Some(principal) = key.as_ref().map(Principal::of) else { return Ok(none("revoked")) };
            principal.need(Scope::Operate)?;
            Some(principal)
        }
    };
    Ok(Some(Session { principal, csrf }))
}

fn none(reason: &'static str) -> Option<Session> {
    refused("session", reason);
    None
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn root_digest(app: &Shared) -> Option<String> {
    app.app.settings.root_key.as_ref().map(|key| sha256_hex(key.expose_secret()))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    said: &'static str,
}

/// The form.
pub(super) async fn form() -> Result<Response, Refused> {
    html(&LoginPage { said: "" })
}

/// Takes a key and answers with a cookie.
pub(super) async fn sign_in(
    State(app): State<Shared>,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refused> {
    let token = fields.text("key");
    let who = if auth::is_root(&app, token) {
        root_digest(&app).map(Who::Root).ok_or("unknown")
    } else {
        match auth::key_of(&app, token).await? {
            Ok(key) if Principal::of(&key).need(Scope::Operate).is_ok() => {
                auth::touch(&app, &key).await;
                Ok(Who::Key(key.prefix, key.id))
            }
            Ok(_) => return again("This key is good, but it lacks the scope “operate”."),
            Err(reason) => Err(reason),
        }
    };
    let Ok(who) = who.inspect_err(|reason| refused("key", reason)) else {
        return again("This key is not known here, or it was revoked.");
    };
    let sealed =
        Sealed { who, csrf: uuid::Uuid::new_v4().simple().to_string(), until: app.app.ledger.now().plus(LASTS).0 };
    let text = serde_json::to_string(&sealed).map_err(|e| Problem::internal(&e))?;
    let value = app.app.keyring.seal(&text, BOUND).map_err(Problem::from)?;
    let mut response = Redirect::to("/ops").into_response();
    set(&app, &mut response, &value, LASTS)?;
    Ok(response)
}

fn again(said: &'static str) -> Result<Response, Refused> {
    let mut page = html(&LoginPage { said })?;
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    Ok(page)
}

/// Forgets the cookie.
pub(super) async fn sign_out(State(app): State<Shared>) -> Result<Response, Refused> {
    let mut response = Redirect::to("/ops/login").into_response();
    set(&app, &mut response, "", Duration::ZERO)?;
    Ok(response)
}

fn set(app: &Shared, response: &mut Response, value: &str, lasts: Duration) -> Result<(), Refused> {
    let secure = if app.app.links.public_url().starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/ops; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lasts.as_secs());
    let value = HeaderValue::from_str(&text).map_err(|e| Problem::internal(&e))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}
