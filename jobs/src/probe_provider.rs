//! Asks a tenant's print provider one cheap question with the tenant's own credential, and keeps how that went: what the provider page
//! shows.
//!
//! Twice is harmless: the question changes nothing, and of two answers the later one is kept. A provider that does not answer is a probe
//! that found something out, not a job that failed: it is recorded without a latency, never as 0 ms. Fatal means that the connection is
//! gone: nothing is to be done, the cron line asks no more.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::ledger::Queue;
use platen_shared::ports::PortError;
use platen_shared::store::gates::{self, Probe};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::watch;

/// One probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeProvider {
    /// The printer.
    pub provider: String,
    /// The probe's name: the same name is the same probe. A cron line writes `{fire}` here.
    pub run: String,
}

/// How it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probed {
    /// Whether it answered as it should.
    pub ok: bool,
    /// How long that took, in milliseconds.
    pub latency_ms: Option<i64>,
    /// What was wrong.
    pub said: String,
}

impl Job for ProbeProvider {
    const KIND: &'static str = "probe_provider";
    const QUEUE: Queue = Queue::Tracking;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const POINTS: &'static [&'static str] = &["probed"];
    type Output = Probed;

    fn key(&self) -> Key {
        Key::effect(&self.provider, &self.run)
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Probed, Failure> {
        let answer = ctx.ports.providers.open(ctx.tenant, &self.provider).await?.probe().await;
        ctx.point("probed").await;
        match answer {
            Ok(took) => {
                let ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX).max(1);
                Ok(Probed { ok: true, latency_ms: Some(ms), said: String::new() })
            }
            // Our own budget says nothing about the provider: the probe waits for its turn.
            Err(error @ PortError::Limited { .. }) => Err(error.into()),
            Err(error) => Ok(Probed { ok: false, latency_ms: None, said: error.to_string() }),
        }
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Probed) -> db::Result<()> {
        let probe = Probe {
            provider: self.provider.clone(),
            at: done.now,
            ok: out.ok,
            latency_ms: out.latency_ms,
            said: out.said.clone(),
        };
        gates::put_probe(tx, done.tenant, &probe).await?;
        watch::judged(tx, done, &self.provider, out.latency_ms, &out.said).await
    }
}
