//! Reads one page of the printer's catalogue, and leaves the next page as the next job; after the last one, the templates that the tenant
//! listed, some at a time.
//!
//! Twice is harmless: reading changes nothing outside, rows are written by product id, and the next page has a key of its own. A sync that
//! is killed goes on at its page. Only the last page sets the time of the sync and retires what was not met; when more than a fifth would
//! vanish, nothing is retired and a person is told. Its end also compares what the tenant sells with what was found, and raises alarms. Of two syncs at a time the later one goes on, the earlier one stops at its next page. Fatal means that the account is missing or refused: a person mends the connection and
//! retries the job.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::Currency;
use platen_shared::id::TenantId;
use platen_shared::ledger::Queue;
use platen_shared::ports::PortError;
use platen_shared::ports::provider::{CataloguePage, PrintProvider};
use platen_shared::store::catalogue_templates::{self, Found};
use platen_shared::store::{catalogue, catalogue_alarms, money_settings, tenants};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Templates that one job reads.
const TEMPLATES_AT_ONCE: i64 = 20;

/// One page of one sync.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncCatalog {
    /// The printer.
    pub provider: String,
    /// The sync's name: the same name is the same sync. A schedule writes `{fire}` here, which becomes the time it fired.
    pub generation: String,
    /// Where to go on; absent on the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// All pages are read: the templates after this id are next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates_after: Option<String>,
}

/// A page as read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Costs are in this currency.
    pub currency: Currency,
    /// The products and where to go on.
    pub page: CataloguePage,
    /// Templates, once the products are over.
    #[serde(default)]
    pub templates: Vec<Found>,
}

impl Job for SyncCatalog {
    const KIND: &'static str = "sync_catalog";
    const QUEUE: Queue = Queue::Sync;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(600);
    const POINTS: &'static [&'static str] = &["fetched"];
    type Output = Page;

    fn key(&self) -> Key {
        let place = match (&self.templates_after, &self.cursor) {
            (Some(after), _) => format!("templates:{after}"),
            (None, cursor) => cursor.clone().unwrap_or_else(|| "begin".to_owned()),
        };
        Key::effect(&self.provider, format!("{}:{place}", self.generation))
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Page, Failure> {
        let tenant = tenants::get(&mut ctx.read(), ctx.tenant)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such tenant"))?;
        let currency: Currency = tenant.currency;
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        let (page, templates) = match &self.templates_after {
            Some(after) => {
                (CataloguePage { items: Vec::new(), next: None }, self.templates(ctx, &*provider, after).await?)
            }
            None => (provider.catalogue_page(self.cursor.as_deref(), currency).await?, Vec::new()),
        };
        ctx.point("fetched").await;
        Ok(Page { currency, page, templates })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Page) -> db::Result<()> {
        let (tenant, provider, generation) = (done.tenant, self.provider.as_str(), self.generation.as_str());
        if self.cursor.is_none() && self.templates_after.is_none() {
            catalogue::begin(tx, done.business_now, tenant, provider, generation).await?;
        }
        let items = &out.page.items;
        let at = done.business_now;
        let ours = match self.templates_after {
            Some(_) => catalogue::step(tx, tenant, provider, generation, 0).await?,
            None => catalogue::page(tx, at, tenant, provider, generation, out.currency.code(), items).await?,
        };
        if !ours {
            return Ok(());
        }
        catalogue_templates::found(tx, at, tenant, provider, &out.templates).await?;
        if let Some(next) = self.next(tx, tenant, out).await? {
            return enqueue(tx, &done.follow(), &next).await.map(drop).map_err(into_db);
        }
        let ended = catalogue::end(tx, done.business_now, tenant, provider, generation).await?;
        let drift_bps = money_settings::latest(tx, tenant).await?.settings.catalogue_drift_bps;
        let (raised, resolved) = catalogue_alarms::review(tx, at, tenant, provider, drift_bps).await?;
        if raised + resolved > 0 {
            metrics::counter!("platen_catalogue_alarms_total").increment(raised);
            tracing::warn!(%tenant, provider, raised, resolved, "{raised} alarms about what is sold were raised, {resolved} resolved: GET /v1/catalogue/alarms");
        }
        if let Err(gone) = ended {
            tracing::warn!(%tenant, provider, gone, "{gone} products vanished at once, more than a fifth: none were retired, look at the printer's account");
        }
        Ok(())
    }

    fn keep(out: &Page) -> serde_json::Result<serde_json::Value> {
        Ok(
            serde_json::json!({ "items": out.page.items.len(), "templates": out.templates.len(), "next": out.page.next }),
        )
    }
}

impl SyncCatalog {
    /// The next templates of the tenant's list. One that the printer does not have, or does not give, is told to whoever looks at the
    /// list; any other trouble ends the job, to be tried again.
    async fn templates(&self, ctx: &Ctx, provider: &dyn PrintProvider, after: &str) -> Result<Vec<Found>, Failure> {
        let listed =
            catalogue_templates::after(&mut ctx.read(), ctx.tenant, &self.provider, after, TEMPLATES_AT_ONCE).await?;
        let mut found = Vec::new();
        for row in listed {
            let answer = match provider.template(&row.id).await {
                Ok(template) => Ok(template),
                Err(PortError::NotFound(_)) => {
                    Err("The printer has no template of this id: take it off the list.".to_owned())
                }
                Err(PortError::Invalid(why) | PortError::Conflict(why)) => Err(why),
                Err(error) => return Err(error.into()),
            };
            found.push((row.id, answer));
        }
        Ok(found)
    }

    /// What comes after this page: the next one, then the templates; nothing at the end.
    async fn next(&self, tx: &mut Tx, tenant: TenantId, out: &Page) -> db::Result<Option<SyncCatalog>> {
        if let Some(cursor) = &out.page.next {
            return Ok(Some(SyncCatalog { cursor: Some(cursor.clone()), ..self.clone() }));
        }
        let began = || self.templates_after.clone().unwrap_or_default();
        let after = out.templates.last().map_or_else(began, |(id, _)| id.clone());
        if self.templates_after.as_ref() == Some(&after) {
            return Ok(None);
        }
        let left = catalogue_templates::after(tx, tenant, &self.provider, &after, 1).await?;
        let templates_after = Some(after).filter(|_| !left.is_empty());
        Ok(templates_after.map(|after| SyncCatalog { cursor: None, templates_after: Some(after), ..self.clone() }))
    }
}
