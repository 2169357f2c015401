//! Which tenant a command is about.

use anyhow::{Context, Result, bail};
use platen_shared::db::{Db, Tx};
use platen_shared::domain::money::Currency;
use platen_shared::id::{EventId, TenantId};
use platen_shared::ledger::Ledger;
use platen_shared::store::audit::{self, Audit};
use platen_shared::store::tenants::{self, Tenant};

/// What the audit names for whoever types commands beside the database.
pub(super) const ACTOR: &str = "cli";

/// The tenant of an id or a name; `None` when there is none of that name.
pub(super) async fn find(db: &Db, wanted: &str) -> Result<Option<Tenant>> {
    if let Ok(id) = wanted.parse::<TenantId>() {
        return Ok(Some(tenants::get(&mut db.reader(), id).await?.context("there is no tenant with this id")?));
    }
    let mut named: Vec<Tenant> = tenants::list(&mut db.reader()).await?;
    named.retain(|tenant| tenant.name == wanted);
    if named.len() > 1 {
        let ids: Vec<String> = named.iter().map(|tenant| tenant.id.to_string()).collect();
        bail!("several tenants are called so; name one by its id: {}", ids.join(", "));
    }
    Ok(named.pop())
}

/// The tenant of an id or a name, which must be there.
pub(super) async fn of(db: &Db, wanted: &str) -> Result<Tenant> {
    let found = find(db, wanted).await?;
    found.with_context(|| format!("there is no tenant called {wanted}; `platen keys create --create-tenant` makes one"))
}

/// The tenants that a command is about: the named one, all, or the only one there is.
pub(super) async fn chosen(db: &Db, named: Option<&str>, all: bool) -> Result<Vec<Tenant>> {
    if let Some(named) = named {
        return Ok(vec![of(db, named).await?]);
    }
    let tenants = tenants::list(&mut db.reader()).await?;
    if !all && tenants.len() > 1 {
        bail!("there are {} tenants: name one with --tenant, or take all with --all", tenants.len());
    }
    Ok(tenants)
}

/// Writes a new tenant, in the caller's transaction.
pub(super) async fn create(tx: &mut Tx, ledger: &Ledger, name: &str, currency: &str) -> Result<Tenant> {
    let currency: Currency =
        currency.parse().map_err(|_| anyhow::anyhow!("{currency} is not a currency of ISO 4217"))?;
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        bail!("a tenant's name has 1 to 100 characters, none of them a control character");
    }
    let tenant = Tenant {
        id: TenantId::new(),
        name: name.to_owned(),
        currency,
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: ledger.now(),
    };
    tenants::create(tx, &tenant).await?;
    note(tx, ledger, tenant.id, "tenant.create", tenant.id, "").await?;
    Ok(tenant)
}

/// The audit's line of a command, in the command's transaction.
pub(super) async fn note(
    tx: &mut Tx,
    ledger: &Ledger,
    tenant: TenantId,
    action: &str,
    subject: impl std::fmt::Display,
    reason: &str,
) -> Result<()> {
    let (id, at) = (EventId::new(), ledger.now());
    let line = Audit {
        id,
        tenant,
        at,
        actor: ACTOR.to_owned(),
        action: action.to_owned(),
        subject: subject.to_string(),
        reason: reason.to_owned(),
    };
    Ok(audit::write(tx, &line).await?)
}
