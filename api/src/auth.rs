//! Who calls: an API key of a tenant, or the installation's root key. Deny by default: a route names the scope it needs, in the table of
//! [`crate::router`].

use std::sync::PoisonError;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use platen_shared::id::{KeyId, TenantId};
use platen_shared::store::keys::{self, ApiKey, WIDGET};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::app::Inner;
use crate::error::{Code, Problem, Reply};

/// Last use is written at most so often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Look.
    Read,
    /// Make and change designs, products and orders.
    Write,
    /// Approve and lock designs.
    Approve,
    /// Payments, submissions, jobs, pauses, schedules.
    Operate,
    /// Keys, connections, the tenant itself.
    Admin,
}

impl Scope {
    /// The word in keys and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Approve => "approve",
            Scope::Operate => "operate",
            Scope::Admin => "admin",
        }
    }
}

/// A known caller.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) tenant: TenantId,
    /// The key; `None` is the root key, which acts for tenants on the status page only.
    pub(crate) key: Option<KeyId>,
    /// How many requests a second the key may make, where it has a number of its own.
    pub(crate) per_second: Option<u32>,
    scopes: String,
}

impl Principal {
    pub(crate) fn of(key: &ApiKey) -> Principal {
        let per_second = key.per_second.and_then(|n| u32::try_from(n).ok());
        Principal { tenant: key.tenant, key: Some(key.id), per_second, scopes: key.scopes.clone() }
    }

    /// The root key, looking after one tenant.
    pub(crate) fn root_for(tenant: TenantId) -> Principal {
        Principal { tenant, key: None, per_second: None, scopes: "read operate".to_owned() }
    }

    /// Who, as audit and history name them.
    pub(crate) fn actor(&self) -> String {
        self.key.map_or_else(|| "root".to_owned(), |key| key.to_string())
    }

    /// Whether the key stands in a web page, for everybody to read.
    pub(crate) fn publishable(&self) -> bool {
        self.scopes == WIDGET
    }

    /// Refuses a caller without the scope.
    pub(crate) fn need(&self, scope: Scope) -> Reply<()> {
        if self.scopes.split(' ').any(|held| held == scope.word()) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("This needs a key with the scope `{}`.", scope.word())))
    }
}

/// The caller of a request, by its `Authorization` header.
pub(crate) async fn principal(app: &Inner, headers: &HeaderMap) -> Reply<Principal> {
    holder(app, bearer(headers)?).await
}

/// The caller who holds a token.
pub(crate) async fn holder(app: &Inner, token: &str) -> Reply<Principal> {
    let key = key_of(app, token).await?.map_err(refused)?;
    touch(app, &key).await;
    Ok(Principal::of(&key))
}

/// The key that a token opens, or why it opens none.
pub(crate) async fn key_of(app: &Inner, token: &str) -> Reply<Result<ApiKey, &'static str>> {
    let Some(prefix) = ApiKey::prefix_of(token) else { return Ok(Err("malformed")) };
    let asked = match app.keys.find(prefix, app.app.ledger.now()) {
        Ok(key) => return Ok(if key.opens(token) { Ok(key) } else { Err("wrong") }),
        Err(asked) => asked,
    };
    Ok(match keys::by_prefix(&mut app.app.ledger.db.reader(), prefix).await? {
        Some(key) if key.opens(token) => {
            app.keys.keep(&key, asked);
            Ok(key)
        }
        Some(key) if key.revoked_at.is_some() => Err("revoked"),
        Some(_) => Err("wrong"),
        None => Err("unknown"),
    })
}

fn refused(reason: &'static str) -> Problem {
    platen_shared::secrets::refused("key", reason);
    unauthorized()
}

/// Whether a token is the installation's root key.
pub(crate) fn is_root(app: &Inner, token: &str) -> bool {
    let held = app.app.settings.root_key.as_ref().map(|key| key.expose_secret().as_bytes()).unwrap_or_default();
    !held.is_empty() && bool::from(held.ct_eq(token.as_bytes()))
}

/// Lets only the installation's root key pass.
pub(crate) async fn root(app: &Inner, headers: &HeaderMap) -> Reply<()> {
    let token = bearer(headers)?;
    if is_root(app, token) {
        return Ok(());
    }
    principal(app, headers).await?;
    Err(Problem::new(Code::Forbidden, "Only the installation's root key creates tenants."))
}

fn bearer(headers: &HeaderMap) -> Reply<&str> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unauthorized)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(unauthorized()) }
}

fn unauthorized() -> Problem {
    Problem::new(Code::Unauthorized, "Send `Authorization: Bearer plk_…` with a key that is known and not revoked.")
}

/// Notes the use, once a minute and process. A note that fails is no reason to refuse the request.
pub(crate) async fn touch(app: &Inner, key: &ApiKey) {
    let now = app.app.ledger.now();
    let stale = now.minus(TOUCH_EVERY);
    {
        let mut touched = app.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.get(&key.id).is_some_and(|at| *at > stale) {
            return;
        }
        touched.retain(|_, at| *at > stale);
        touched.insert(key.id, now);
    }
    let noted = async {
        let mut tx = app.app.ledger.db.begin("touch_key").await?;
        keys::touch(&mut tx, now, stale, key.tenant, key.id).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(key = %key.id, %error, "the last use of key {} was not noted: {error}", key.id);
    }
}
