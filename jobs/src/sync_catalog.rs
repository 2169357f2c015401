//! Reads one page of the printer's catalogue, and leaves the next page as the next job.
//!
//! Twice is harmless: reading changes nothing outside, rows are written by product id, and the next page has a key of its own. A sync that
//! is killed goes on at its page. Only the last page sets the time of the sync and retires what was not met; when more than a fifth would
//! vanish, nothing is retired and a person is told. Its end also compares what the tenant sells with what was found, and raises alarms. Of two syncs at a time the later one goes on, the earlier one stops at its next page. Fatal means that the account is missing or refused: a person mends the connection and
//! retries the job.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::Currency;
use platen_shared::ledger::Queue;
use platen_shared::ports::provider::CataloguePage;
use platen_shared::store::{catalogue, catalogue_alarms, money_settings, tenants};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::workflow::into_db;

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
}

/// A page as read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Costs are in this currency.
    pub currency: Currency,
    /// The products and where to go on.
    pub page: CataloguePage,
}

impl Job for SyncCatalog {
    const KIND: &'static str = "sync_catalog";
    const QUEUE: Queue = Queue::Sync;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(600);
    const POINTS: &'static [&'static str] = &["fetched"];
    type Output = Page;

    fn key(&self) -> Key {
        Key::effect(&self.provider, format!("{}:{}", self.generation, self.cursor.as_deref().unwrap_or("begin")))
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
        let page = provider.catalogue_page(self.cursor.as_deref(), currency).await?;
        ctx.point("fetched").await;
        Ok(Page { currency, page })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Page) -> db::Result<()> {
        let (tenant, provider, generation) = (done.tenant, self.provider.as_str(), self.generation.as_str());
        if self.cursor.is_none() {
            catalogue::begin(tx, done.business_now, tenant, provider, generation).await?;
        }
        let items = &out.page.items;
        let at = done.business_now;
        if !catalogue::page(tx, at, tenant, provider, generation, out.currency.code(), items).await? {
            return Ok(());
        }
        if let Some(cursor) = &out.page.next {
            let next = SyncCatalog { cursor: Some(cursor.clone()), ..self.clone() };
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
        Ok(serde_json::json!({ "items": out.page.items.len(), "next": out.page.next }))
    }
}
