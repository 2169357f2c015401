//! One process's way to Redis: the ids it carries, the names of its keys, and what is done to a queue there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use apalis::prelude::{BackendExt, Codec, TaskSink};
use apalis_redis::{Config, RedisStorage};
use platen_shared::db::At;
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::Queue;
use platen_shared::redis::{ConnectionManager, connect};
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::Redis;

/// Redis that does not answer for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(4);

/// Two ids, the tenant's and the job's, as bytes from anywhere.
#[derive(Clone, Debug)]
pub(super) struct JobRef(String);

impl JobRef {
    fn new((tenant, job): (TenantId, JobId)) -> JobRef {
        JobRef(format!("{tenant}/{job}"))
    }

    /// `None` when the bytes name no job.
    pub(super) fn ids(&self) -> Option<(TenantId, JobId)> {
        let (tenant, job) = self.0.split_once('/')?;
        Some((tenant.parse().ok()?, job.parse().ok()?))
    }
}

/// Decodes everything: garbage in Redis ends no worker, it only names no job.
#[derive(Clone, Debug, Default)]
pub(super) struct RefCodec;

impl Codec<JobRef> for RefCodec {
    type Compact = Vec<u8>;
    type Error = Infallible;

    fn encode(&self, job: &JobRef) -> Result<Vec<u8>, Infallible> {
        Ok(job.0.clone().into_bytes())
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<JobRef, Infallible> {
        Ok(JobRef(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// A name for a task of apalis: a ULID, which is what the part of a TypeID behind its prefix is too.
fn fresh_ulid() -> String {
    let id = JobId::new().to_string();
    id.rsplit('_').next().unwrap_or_default().to_uppercase()
}

/// One process's way to Redis.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) url: String,
    pub(super) prefix: String,
    pub(super) conn: ConnectionManager,
    bells: Arc<Vec<(Queue, Notify)>>,
}

impl Link {
    /// `None` when Redis does not answer; the log says why.
    pub(super) async fn open(settings: &Redis) -> Option<Link> {
        let url = settings.url.expose_secret().to_owned();
        let opened = tokio::time::timeout(GONE_AFTER, connect(&url)).await.map_err(|_| "no answer".to_owned());
        let conn = match opened.and_then(|opened| opened.map_err(|error| error.to_string())) {
            Ok(conn) => conn,
            Err(error) => {
                tracing::warn!(%error, "Redis cannot be reached");
                return None;
            }
        };
        let bells = Arc::new(Queue::ALL.iter().map(|queue| (*queue, Notify::new())).collect());
        Some(Link { url, prefix: settings.prefix.clone(), conn, bells })
    }

    fn config(&self, queue: Queue) -> Config {
        Config::default()
            .queue(format!("{}:{}", self.prefix, queue.word()))
            // A worker whose buffer holds more than it runs stops beating and is taken for dead.
            .batch_size(1)
            .heartbeat_interval(Duration::from_secs(5))
            .missed_heartbeats(6)
            .emit_events(false)
            .lock_tasks(false)
    }

    pub(super) fn storage(&self, queue: Queue) -> RedisStorage<JobRef> {
        RedisStorage::new(self.conn.clone()).with_config(self.config(queue))
    }

    pub(super) fn channel(&self) -> String {
        format!("{}:wake", self.prefix)
    }

    pub(super) fn bell(&self, queue: Queue) -> Option<&Notify> {
        self.bells.iter().find(|(of, _)| *of == queue).map(|(_, bell)| bell)
    }

    /// How many ids of a queue Redis holds that nobody has fetched, and since when it forgot nothing: `now` when it was emptied since it was
    /// asked last.
    pub(super) async fn held(&self, queue: Queue, now: At) -> Result<(i64, At)> {
        let name = format!("{}:{}", self.prefix, queue.word());
        let since = format!("{name}:since");
        let mut pipe = redis::pipe();
        pipe.set_nx(&since, now.0).ignore().get(&since);
        pipe.zcard(format!("{name}:scheduled")).llen(format!("{name}:active"));
        let (since, scheduled, active): (Option<i64>, i64, i64) = pipe.query_async(&mut self.conn.clone()).await?;
        Ok((scheduled + active, since.map_or(now, At)))
    }

    /// Hands ids over and rings for all replicas.
    pub(super) async fn push(&self, queue: Queue, ids: &[(TenantId, JobId)]) -> Result<()> {
        let refs = ids.iter().copied().map(JobRef::new).collect();
        self.storage(queue).with_codec(RefCodec).push_bulk(refs).await.context("the ids were not taken")?;
        self.ring(queue).await
    }

    /// The same in front of all that the queue holds. apalis-redis knows only the other end, so this writes what its own push writes.
    pub(super) async fn push_first(&self, queue: Queue, ids: &[(TenantId, JobId)]) -> Result<()> {
        let name = format!("{}:{}", self.prefix, queue.word());
        let mut pipe = redis::pipe();
        pipe.atomic();
        // The last one pushed is the first one fetched.
        for (tenant, job) in ids.iter().rev() {
            let task = fresh_ulid();
            pipe.hset(format!("{name}:data"), &task, JobRef::new((*tenant, *job)).0);
            let meta = [("attempts", "0"), ("max_attempts", "25"), ("status", "Pending"), ("idempotency_key", "")];
            pipe.hset_multiple(format!("{name}:meta:{task}"), &meta);
            pipe.lpush(format!("{name}:active"), task);
        }
        pipe.del(format!("{name}:signal")).lpush(format!("{name}:signal"), 1);
        pipe.exec_async(&mut self.conn.clone()).await.context("the ids were not taken")?;
        self.ring(queue).await
    }

    async fn ring(&self, queue: Queue) -> Result<()> {
        redis::cmd("PUBLISH").arg(self.channel()).arg(queue.word()).exec_async(&mut self.conn.clone()).await?;
        Ok(())
    }

    /// Drops what a queue holds, and what a worker had that failed over it: whatever made it fail is gone, and the offers are made again.
    pub(super) async fn empty(&self, queue: Queue, failed: &str) {
        let name = format!("{}:{}", self.prefix, queue.word());
        let mut conn = self.conn.clone();
        let emptied = async {
            let ids: Vec<String> = redis::cmd("HKEYS").arg(format!("{name}:data")).query_async(&mut conn).await?;
            let mut pipe = redis::pipe();
            for key in ["active", "scheduled", "data", "since"] {
                pipe.cmd("UNLINK").arg(format!("{name}:{key}"));
            }
            pipe.cmd("UNLINK").arg(format!("{name}:inflight:{failed}"));
            pipe.cmd("ZREM").arg(format!("{name}:workers")).arg(failed);
            for id in ids {
                pipe.cmd("UNLINK").arg(format!("{name}:meta:{id}"));
            }
            pipe.exec_async(&mut conn).await
        };
        match emptied.await {
            Ok(()) => tracing::warn!("the queue {} in Redis was emptied; its jobs are offered again", queue.word()),
            Err(error) => tracing::warn!(%error, "the queue {} in Redis could not be emptied", queue.word()),
        }
    }

    pub(super) async fn answers(&self) -> bool {
        let ping = async { redis::cmd("PING").exec_async(&mut self.conn.clone()).await };
        matches!(tokio::time::timeout(GONE_AFTER, ping).await, Ok(Ok(())))
    }
}
