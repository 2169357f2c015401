//! A tenant's accounts at providers. Credentials go in and never come out.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::ConnectionId;
use platen_shared::store::connections::{self, Connection};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, whole};
use crate::check::{Checks, PROVIDER};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// An account at a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Connection)]
pub(crate) struct ConnectionView {
    id: ConnectionId,
    provider: String,
    created_at: At,
    /// When the credential last changed.
    updated_at: At,
}

impl From<Connection> for ConnectionView {
    fn from(c: Connection) -> Self {
        ConnectionView { id: c.id, provider: c.provider, created_at: c.created_at, updated_at: c.updated_at }
    }
}

/// A credential.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Credential {
    /// The provider's API key, 1 to 512 visible characters. Kept sealed.
    api_key: String,
}

/// Sets the credential for a provider.
#[utoipa::path(put, path = "/v1/connections/{provider}", tag = "connections", request_body = Credential,
    params(("provider" = String, Path, description = "`gelato`.")), responses((status = 200, body = ConnectionView)))]
pub(crate) async fn put(
    call: Call,
    Named(provider): Named<String>,
    Input(body): Input<Credential>,
) -> Reply<Json<ConnectionView>> {
    if provider != PROVIDER {
        return Err(Problem::missing("provider"));
    }
    let visible = (1..=512).contains(&body.api_key.len()) && body.api_key.bytes().all(|b| b.is_ascii_graphic());
    let mut checks = Checks::default();
    checks.need(visible, "credential", "/apiKey", "An API key takes 1 to 512 visible ASCII characters.");
    checks.done()?;
    let sealed = call.app().keyring.seal(&body.api_key, &connections::bound(call.tenant(), &provider))?;
    let mut tx = call.begin("put_connection").await?;
    let row = connections::put(&mut tx, call.now(), call.tenant(), &provider, &sealed).await?;
    call.audit(&mut tx, "connection.put", row.id, "").await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// The tenant's connections, without their credentials.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", responses((status = 200, body = Page<ConnectionView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<ConnectionView>>> {
    Ok(whole(connections::list(&mut call.read(), call.tenant()).await?))
}
