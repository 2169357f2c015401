//! Everything that is sealed at rest, row by row, so that an installation's key can be changed. Of every tenant: the installation's own
//! work, never a tenant's.

use crate::db::{Db, Result, Source, Tx};
use crate::id::{ConnectionId, EndpointId, OrderId, SnapshotId, TenantId};
use crate::secrets::Keyring;
use crate::sql;
use crate::store::{connections, parties, webhook_endpoints};

/// Rows of one page.
const PAGE: i64 = 500;

/// Where a sealed text stands.
#[derive(Clone, Debug)]
enum Place {
    /// A provider's key.
    Credential(ConnectionId, String),
    /// A webhook's secret.
    Hook(ConnectionId),
    /// The webhook's secret before that.
    HookBefore(ConnectionId),
    /// Where an order goes.
    Recipient(OrderId),
    /// What an order's form said.
    Form(OrderId),
    /// Where a party is paid to.
    Party(String),
    /// Where a party is written to.
    Email(String),
    /// What signs notices to an endpoint.
    Endpoint(EndpointId),
    /// What signed them before that.
    EndpointBefore(EndpointId),
    /// Who made a snapshot with what.
    Origin(SnapshotId),
}

/// A sealed text.
#[derive(Clone, Debug)]
struct Row {
    /// Whose.
    tenant: TenantId,
    /// Where.
    place: Place,
    /// The text as it is sealed.
    sealed: String,
}

impl Row {
    /// What it is sealed to.
    fn bound(&self) -> String {
        match &self.place {
            Place::Credential(_, provider) => connections::bound(self.tenant, provider),
            Place::Hook(id) | Place::HookBefore(id) => connections::hook_bound(self.tenant, *id),
            Place::Recipient(order) | Place::Form(order) => format!("{}:{order}", self.tenant),
            Place::Party(name) | Place::Email(name) => parties::bound(self.tenant, name),
            Place::Endpoint(id) | Place::EndpointBefore(id) => webhook_endpoints::bound(self.tenant, *id),
            Place::Origin(snapshot) => format!("{}:{snapshot}", self.tenant),
        }
    }
}

/// What was found when everything was sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sealed anew with the keyring's own key.
    pub rewrapped: u64,
    /// Sealed with it already.
    pub already: u64,
    /// Opened by neither of its keys.
    pub shut: u64,
}

/// Seals everything with the keyring's own key that its other key sealed, a page in a short transaction; may be stopped and begun again.
///
/// # Errors
/// Whatever the database says.
pub async fn rewrap(db: &Db, keyring: &Keyring) -> Result<Counts> {
    let mut counts = Counts::default();
    page(db, keyring, few(&mut db.reader()).await?, &mut counts).await?;
    let mut after = None;
    loop {
        let rows = recipients(&mut db.reader(), after).await?;
        let Some(Place::Recipient(last)) = rows.last().map(|row| row.place.clone()) else { break };
        after = Some(last);
        page(db, keyring, rows, &mut counts).await?;
    }
    let mut after = None;
    loop {
        let rows = forms(&mut db.reader(), after).await?;
        let Some(Place::Form(last)) = rows.last().map(|row| row.place.clone()) else { break };
        after = Some(last);
        page(db, keyring, rows, &mut counts).await?;
    }
    let mut after = None;
    loop {
        let rows = origins(&mut db.reader(), after).await?;
        let Some(Place::Origin(last)) = rows.last().map(|row| row.place.clone()) else { break };
        after = Some(last);
        page(db, keyring, rows, &mut counts).await?;
    }
    Ok(counts)
}

/// A row that changed meanwhile was sealed by whoever changed it.
async fn page(db: &Db, keyring: &Keyring, rows: Vec<Row>, counts: &mut Counts) -> Result<()> {
    let mut tx = db.begin("rewrap").await?;
    for row in rows {
        match keyring.rewrap(&row.sealed, &row.bound()) {
            Ok(Some(anew)) => counts.rewrapped += u64::from(replace(&mut tx, &row, &anew).await?),
            Ok(None) => counts.already += 1,
            Err(_) => counts.shut += 1,
        }
    }
    tx.commit().await
}

/// Everything that is sealed and of which there is little: credentials, webhooks, endpoints, parties.
async fn few(db: &mut impl Source) -> Result<Vec<Row>> {
    type Connection = (TenantId, ConnectionId, String, String, Option<String>, Option<String>);
    let connections: Vec<Connection> = db
        .query(sql!(
            "SELECT tenant, id, provider, credential, hook_secret, hook_secret_before FROM connections ORDER BY id"
        ))
        .all()
        .await?;
    let parties: Vec<(TenantId, String, String)> = db
        .query(sql!("SELECT tenant, name, payout_to FROM parties WHERE payout_to IS NOT NULL ORDER BY tenant, name"))
        .all()
        .await?;
    let emails: Vec<(TenantId, String, String)> = db
        .query(sql!("SELECT tenant, name, email FROM parties WHERE email IS NOT NULL ORDER BY tenant, name"))
        .all()
        .await?;
    let endpoints: Vec<(TenantId, EndpointId, String, Option<String>)> =
        db.query(sql!("SELECT tenant, id, secret, old_secret FROM webhook_endpoints ORDER BY id")).all().await?;
    let mut rows = Vec::new();
    for (tenant, id, sealed, before) in endpoints {
        rows.push(Row { tenant, place: Place::Endpoint(id), sealed });
        rows.extend(before.map(|sealed| Row { tenant, place: Place::EndpointBefore(id), sealed }));
    }
    rows.extend(emails.into_iter().map(|(tenant, name, sealed)| Row { tenant, place: Place::Email(name), sealed }));
    for (tenant, id, provider, credential, hook, before) in connections {
        rows.push(Row { tenant, place: Place::Credential(id, provider), sealed: credential });
        rows.extend(hook.map(|sealed| Row { tenant, place: Place::Hook(id), sealed }));
        rows.extend(before.map(|sealed| Row { tenant, place: Place::HookBefore(id), sealed }));
    }
    rows.extend(parties.into_iter().map(|(tenant, name, sealed)| Row { tenant, place: Place::Party(name), sealed }));
    Ok(rows)
}

/// The next page of orders' recipients after an order; none is the end.
async fn recipients(db: &mut impl Source, after: Option<OrderId>) -> Result<Vec<Row>> {
    let rows: Vec<(TenantId, OrderId, String)> = db
        .query(sql!("SELECT tenant, id, recipient FROM orders WHERE id > $1 AND recipient <> '' ORDER BY id LIMIT $2"))
        .bind(after.unwrap_or(OrderId(uuid::Uuid::nil())))
        .bind(PAGE)
        .all()
        .await?;
    let row = |(tenant, order, sealed)| Row { tenant, place: Place::Recipient(order), sealed };
    Ok(rows.into_iter().map(row).collect())
}

/// The next page of orders' forms after an order; none is the end.
async fn forms(db: &mut impl Source, after: Option<OrderId>) -> Result<Vec<Row>> {
    let rows: Vec<(TenantId, OrderId, String)> = db
        .query(sql!(
            "SELECT tenant, order_id, form FROM order_details WHERE form IS NOT NULL AND order_id > $1 ORDER BY order_id LIMIT $2"
        ))
        .bind(after.unwrap_or(OrderId(uuid::Uuid::nil())))
        .bind(PAGE)
        .all()
        .await?;
    let row = |(tenant, order, sealed)| Row { tenant, place: Place::Form(order), sealed };
    Ok(rows.into_iter().map(row).collect())
}

/// The next page of snapshots' origins after a snapshot; none is the end.
async fn origins(db: &mut impl Source, after: Option<SnapshotId>) -> Result<Vec<Row>> {
    let rows: Vec<(TenantId, SnapshotId, String)> = db
        .query(sql!(
            "SELECT tenant, snapshot, sealed FROM snapshot_origins WHERE snapshot > $1 ORDER BY snapshot LIMIT $2"
        ))
        .bind(after.unwrap_or(SnapshotId(uuid::Uuid::nil())))
        .bind(PAGE)
        .all()
        .await?;
    let row = |(tenant, snapshot, sealed)| Row { tenant, place: Place::Origin(snapshot), sealed };
    Ok(rows.into_iter().map(row).collect())
}

/// Writes a text sealed anew in the place of the one that was read; `false` when that was changed meanwhile.
async fn replace(tx: &mut Tx, row: &Row, sealed: &str) -> Result<bool> {
    macro_rules! put {
        ($text:literal, $id:expr) => {
            tx.query(sql!($text)).bind(row.tenant).bind($id).bind(&row.sealed).bind(sealed)
        };
    }
    let query = match &row.place {
        Place::Credential(id, _) => {
            put!("UPDATE connections SET credential = $4 WHERE tenant = $1 AND id = $2 AND credential = $3", *id)
        }
        Place::Hook(id) => {
            put!("UPDATE connections SET hook_secret = $4 WHERE tenant = $1 AND id = $2 AND hook_secret = $3", *id)
        }
        Place::HookBefore(id) => put!(
            "UPDATE connections SET hook_secret_before = $4 WHERE tenant = $1 AND id = $2 AND hook_secret_before = $3",
            *id
        ),
        Place::Recipient(id) => {
            put!("UPDATE orders SET recipient = $4 WHERE tenant = $1 AND id = $2 AND recipient = $3", *id)
        }
        Place::Form(id) => {
            put!("UPDATE order_details SET form = $4 WHERE tenant = $1 AND order_id = $2 AND form = $3", *id)
        }
        Place::Party(name) => {
            put!("UPDATE parties SET payout_to = $4 WHERE tenant = $1 AND name = $2 AND payout_to = $3", name)
        }
        Place::Email(name) => {
            put!("UPDATE parties SET email = $4 WHERE tenant = $1 AND name = $2 AND email = $3", name)
        }
        Place::Endpoint(id) => {
            put!("UPDATE webhook_endpoints SET secret = $4 WHERE tenant = $1 AND id = $2 AND secret = $3", *id)
        }
        Place::EndpointBefore(id) => {
            put!("UPDATE webhook_endpoints SET old_secret = $4 WHERE tenant = $1 AND id = $2 AND old_secret = $3", *id)
        }
        Place::Origin(id) => {
            put!("UPDATE snapshot_origins SET sealed = $4 WHERE tenant = $1 AND snapshot = $2 AND sealed = $3", *id)
        }
    };
    Ok(query.exec().await? == 1)
}
