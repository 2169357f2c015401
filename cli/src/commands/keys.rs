//! `platen keys`: API keys, directly in the database, for whoever operates the installation.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_shared::id::KeyId;
use platen_shared::ledger::Ledger;
use platen_shared::store::keys::{self, ApiKey, SCOPES, WIDGET};
use serde_json::{Value, json};

use super::tenant;
use crate::config::{Config, Sources};
use crate::wire;

/// More keys than any tenant should have.
const KEYS_MAX: i64 = 1000;

/// What can be done with keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Make a key and print it; it is shown this once and stored nowhere
    Create(Create),
    /// List a tenant's keys
    List {
        /// The tenant's name or id
        #[arg(long)]
        tenant: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key from now on
    Revoke {
        /// The key's id (key_…)
        id: KeyId,
        /// The tenant's name or id
        #[arg(long)]
        tenant: String,
        /// For the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// A key to be.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The tenant's name or id
    #[arg(long)]
    tenant: String,
    /// Make the tenant if there is none of this name
    #[arg(long)]
    create_tenant: bool,
    /// The new tenant's currency
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// What the key is called
    #[arg(long, default_value = "command line")]
    name: String,
    /// read, write, approve, operate, admin; or widget alone, for a key that stands in web pages
    #[arg(long, value_delimiter = ',', default_value = "read,write,approve,operate,admin")]
    scopes: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let clock = std::sync::Arc::new(wire::LedgerClock::of(&db).await?);
    let ledger = Ledger::new(db, clock);
    match args {
        Args::Create(args) => create(&ledger, &args).await?,
        Args::List { tenant, json } => list(&ledger, &tenant, json).await?,
        Args::Revoke { id, tenant, reason } => revoke(&ledger, id, &tenant, &reason).await?,
    }
    ledger.db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn create(ledger: &Ledger, args: &Create) -> Result<()> {
    let publishable = args.scopes == [WIDGET];
    if let Some(unknown) = args.scopes.iter().find(|scope| !publishable && !SCOPES.contains(&scope.as_str())) {
        bail!("{unknown} is not a scope; the scopes are {}, or {WIDGET} alone", SCOPES.join(", "));
    }
    let found = tenant::find(&ledger.db, &args.tenant).await?;
    let mut tx = ledger.db.begin("keys_create").await?;
    let tenant = match found {
        Some(tenant) => tenant,
        None if args.create_tenant => tenant::create(&mut tx, ledger, &args.tenant, &args.currency).await?,
        None => bail!("there is no tenant called {}; --create-tenant makes it", args.tenant),
    };
    let known = SCOPES.iter().copied().chain([WIDGET]);
    let scopes: Vec<&str> = known.filter(|scope| args.scopes.iter().any(|s| s == scope)).collect();
    let (key, token) = ApiKey::mint(tenant.id, &args.name, &scopes, ledger.now())?;
    keys::insert(&mut tx, &key).await?;
    tenant::note(&mut tx, ledger, tenant.id, "key.create", key.id, "").await?;
    tx.commit().await?;
    if args.json {
        return super::print_json(&json!({ "tenant": tenant.id, "id": key.id, "scopes": scopes, "key": token }));
    }
    eprintln!("Key {} of tenant {} ({}); it is not shown again:", key.id, tenant.name, tenant.id);
    super::print(&format!("{token}\n"));
    Ok(())
}

async fn list(ledger: &Ledger, wanted: &str, as_json: bool) -> Result<()> {
    let tenant = tenant::of(&ledger.db, wanted).await?;
    let keys = keys::list(&mut ledger.db.reader(), tenant.id, None, KEYS_MAX).await?;
    if as_json {
        let rows: Vec<Value> = keys.iter().map(row).collect();
        return super::print_json(&json!({ "tenant": tenant.id, "items": rows }));
    }
    let mut text = format!("{:30}  {:12}  {:9}  {:36}  name\n", "id", "prefix", "state", "scopes");
    for key in &keys {
        let state = if key.revoked_at.is_some() { "revoked" } else { "good" };
        text.push_str(&format!(
            "{:30}  {:12}  {state:9}  {:36}  {}\n",
            key.id.to_string(),
            key.prefix,
            key.scopes,
            key.name
        ));
    }
    super::print(&text);
    Ok(())
}

fn row(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "name": key.name, "prefix": key.prefix, "scopes": key.scopes.split(' ').collect::<Vec<_>>(),
        "createdAt": key.created_at, "lastUsedAt": key.last_used_at, "revokedAt": key.revoked_at,
    })
}

async fn revoke(ledger: &Ledger, id: KeyId, wanted: &str, reason: &str) -> Result<()> {
    let tenant = tenant::of(&ledger.db, wanted).await?;
    let mut tx = ledger.db.begin("keys_revoke").await?;
    let known = keys::revoke(&mut tx, ledger.now(), tenant.id, id).await?;
    known.then_some(()).with_context(|| format!("tenant {} has no key {id}", tenant.id))?;
    tenant::note(&mut tx, ledger, tenant.id, "key.revoke", id, reason).await?;
    tx.commit().await?;
    super::print(&format!("{id} is refused everywhere within a second.\n"));
    Ok(())
}
