//! Work through Redis: apalis-redis with every edge filed off. It carries ids and nothing else, and cannot fail to decode them; one id is
//! fetched at a time; a worker's name is new at every start; retries, time-outs and results are the ledger's. Redis may be slow, emptied or
//! gone: the ids in it are offers, and the relay makes them again.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{BackendExt, Data, Monitor, WorkerBuilder};
use apalis_core::backend::Vacuum;
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use futures::StreamExt;
use platen_shared::ledger::Queue;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::link::{JobRef, Link, RefCodec};
use super::relay;
use crate::Redis;
use crate::execute::Runner;
use crate::lanes::Lanes;

/// How often it is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// A lane that failed rests so long.
const RESTART_AFTER: Duration = Duration::from_millis(500);
/// A worker looks so often even if nothing rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Finished ids are removed so often, by one of the replicas.
const VACUUM_EVERY: Duration = Duration::from_secs(60);

/// Hands out work until `stop`, or until Redis is gone. What runs then goes on by itself.
pub(super) async fn serve(runner: &Arc<Runner>, lanes: &Arc<Lanes>, link: &Link, stop: &CancellationToken) {
    let here = stop.child_token();
    let working = work(runner, lanes, link, here.clone());
    let watching = async {
        tokio::select! {
            () = here.cancelled() => {}
            () = gone(link) => {}
            ended = relay::run(runner, lanes, link) => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "Redis does not take what it is given");
                }
            }
            () = listen(link) => {}
            () = vacuum(link) => {}
        }
        here.cancel();
    };
    let (worked, ()) = tokio::join!(working, watching);
    if let Err(error) = worked {
        tracing::warn!(%error, "the dispatcher over Redis ended badly; jobs that run go on");
    }
}

/// Waits until Redis takes what it is given again, or until it does not matter any more. A ping is not enough: a server that is full or
/// read-only answers those too.
pub(super) async fn until_back(settings: &Redis, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
        let Ok(client) = redis::Client::open(settings.url.expose_secret()) else { continue };
        let asked = tokio::time::timeout(ASK_EVERY, async {
            let mut conn = client.get_multiplexed_async_connection().await?;
            let key = format!("{}:probe", settings.prefix);
            redis::cmd("SET").arg(key).arg(1).arg("EX").arg(10).exec_async(&mut conn).await
        });
        if matches!(asked.await, Ok(Ok(()))) {
            tracing::info!("Redis answers again");
            return;
        }
    }
}

/// One apalis worker per lane.
async fn work(runner: &Arc<Runner>, lanes: &Arc<Lanes>, link: &Link, stop: CancellationToken) -> Result<()> {
    let mut monitor = Monitor::new()
        // What runs is waited for by the worker itself, who knows of every slot.
        .shutdown_timeout(Duration::from_secs(2))
        .should_restart(|worker, error| {
            tracing::warn!(worker = worker.name(), %error, "a lane over Redis restarts");
            true
        });
    for lane in lanes.all() {
        let (queue, concurrency) = (lane.queue, lane.concurrency.max(1));
        let start = Start { runner: runner.clone(), lanes: lanes.clone(), queue, stop: stop.clone() };
        let (link, last) = (link.clone(), Mutex::new(None));
        monitor = monitor.register(move |_| {
            let name = format!("{}-{}", queue.word(), uuid::Uuid::now_v7().simple());
            let failed = last.lock().unwrap_or_else(PoisonError::into_inner).replace(name.clone());
            let mending = link.clone();
            let backend = link
                .storage(queue)
                .before_start(move |_| {
                    let (link, failed) = (mending.clone(), failed.clone());
                    async move {
                        if let Some(failed) = failed {
                            tokio::time::sleep(RESTART_AFTER).await;
                            link.empty(queue, &failed).await;
                        }
                        Ok(())
                    }
                })
                .with_codec(RefCodec)
                .poll_with_stream(rings(link.clone(), queue));
            WorkerBuilder::new(name)
                .backend(backend)
                .concurrency(concurrency)
                .parallelize(tokio::spawn)
                .data(start.clone())
                .build(take)
        });
    }
    let stopped = async move {
        stop.cancelled().await;
        Ok(())
    };
    Ok(monitor.run_with_signal(stopped).await?)
}

/// What a lane's worker needs to run a job.
#[derive(Clone)]
struct Start {
    runner: Arc<Runner>,
    lanes: Arc<Lanes>,
    queue: Queue,
    stop: CancellationToken,
}

/// What apalis calls for each id. It never fails: how the job ended, or that it was not to be had, is the ledger's to know.
async fn take(job: JobRef, start: Data<Start>) -> Result<(), Infallible> {
    let Some((tenant, id)) = job.ids() else {
        tracing::warn!("Redis held something that names no job; it is left aside");
        return Ok(());
    };
    tokio::select! {
        biased;
        // Not claimed, so not charged: the offer goes stale and is made again.
        () = start.stop.cancelled() => {}
        slot = start.lanes.take(start.queue) => {
            start.runner.take(tenant, id).await;
            drop(slot);
        }
    }
    Ok(())
}

/// Rings when somebody pushed to the queue, and now and then.
fn rings(link: Link, queue: Queue) -> impl futures::Stream<Item = ()> + Unpin + Send + 'static {
    Box::pin(futures::stream::unfold(link, move |link| async move {
        if let Some(bell) = link.bell(queue) {
            let _ = tokio::time::timeout(LOOK_EVERY, bell.notified()).await;
        }
        Some(((), link))
    }))
}

/// Passes other processes' rings on; without them, lanes look once a second.
async fn listen(link: &Link) {
    loop {
        if let Err(error) = hear(link).await {
            tracing::warn!(%error, "Redis' bell is not heard; looking goes on, and listening is tried again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn hear(link: &Link) -> Result<()> {
    let mut ear = redis::Client::open(link.url.as_str())?.get_async_pubsub().await?;
    ear.subscribe(link.channel()).await?;
    let mut messages = ear.on_message();
    while let Some(message) = messages.next().await {
        let queue = message.get_payload::<String>()?.parse::<Queue>();
        if let Some(bell) = queue.ok().and_then(|queue| link.bell(queue)) {
            bell.notify_one();
        }
    }
    Ok(())
}

/// Ends when Redis has not answered for a while.
async fn gone(link: &Link) {
    while link.answers().await {
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Removes what is done, which apalis-redis keeps for ever; one replica a minute.
async fn vacuum(link: &Link) {
    loop {
        tokio::time::sleep(VACUUM_EVERY).await;
        if let Err(error) = vacuum_once(link).await {
            tracing::warn!(%error, "finished ids were not removed from Redis; the next try comes in a minute");
        }
    }
}

async fn vacuum_once(link: &Link) -> Result<()> {
    let mut conn = link.conn.clone();
    let mine: Option<String> = redis::cmd("SET")
        .arg(format!("{}:vacuum", link.prefix))
        .arg(1)
        .arg("NX")
        .arg("EX")
        .arg(VACUUM_EVERY.as_secs() - 5)
        .query_async(&mut conn)
        .await?;
    if mine.is_none() {
        return Ok(());
    }
    for queue in Queue::ALL {
        link.storage(*queue).vacuum().await?;
        let name = format!("{}:{}", link.prefix, queue.word());
        redis::cmd("UNLINK").arg(format!("{name}:done")).arg(format!("{name}:dead")).exec_async(&mut conn).await?;
    }
    Ok(())
}
