//! One order from a design to two delivered parcels, told as it happens. Everything here speaks to Platen only over its public HTTP API.

mod client;
mod design;
mod desk;
mod follow;
mod order;
mod people;
mod report;
mod shop;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use platen_shared::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::stack::{Folder, Plan, Stack, WorkerProcess};
pub(crate) use client::Client;
pub(crate) use desk::DemoDesk;
pub(crate) use follow::{Follower, Story};
pub(crate) use people::Cast;
pub(crate) use shop::Shop;

/// Three days at the printer in a quarter of a minute.
pub(crate) const SPEED: u32 = 20_000;
/// Where `--crash` kills the worker: the printer has accepted, and our ledger does not know it yet.
pub(crate) const CRASH_AT: &str = "submit_order:released";
/// The file that marks a folder as the demo's own.
const MARK: &str = "demo.toml";
/// The whole demo takes no longer than this.
const DEADLINE: Duration = Duration::from_secs(180);
/// A worker that should be killed is, by then.
const KILL_WITHIN: Duration = Duration::from_secs(90);

/// What the demo is asked to do.
pub(crate) struct Wish {
    /// Where everything is kept; emptied first.
    pub(crate) folder: Folder,
    /// Kill the worker at this crash point.
    pub(crate) crash_at: Option<String>,
    /// Names, prices and the stand-in's catalogue.
    pub(crate) seed: u64,
    /// How many times faster than the wall business time runs.
    pub(crate) speed: u32,
}

/// Runs it; answers what it came to, true or not.
pub(crate) async fn run(wish: Wish) -> Result<report::Summary> {
    let began = std::time::Instant::now();
    wish.folder.afresh(MARK)?;
    let stop = CancellationToken::new();
    let plan = Plan {
        folder: wish.folder.clone(),
        config_name: MARK,
        port: 0,
        gelato_url: None,
        seed: wish.seed,
        sim_port: 0,
        sim_state: false,
        speed: wish.speed,
        anchor: SystemClock::wall(),
        log_level: "error",
        demo: None,
    };
    let mut stack = Stack::start(plan, stop.clone()).await?;
    let story = Story::new(began);
    story.say(&format!(
        "Platen is at {}, the stand-in for Gelato at {}; a second here is {:.1} hours there.",
        stack.url,
        stack.gelato_url,
        f64::from(wish.speed) / 3600.0
    ));
    let told = tokio::time::timeout(DEADLINE, tell(&wish, &mut stack, &story)).await;
    let mut summary = match told {
        Ok(told) => told?,
        Err(_) => bail!("the demo did not end within {} s", DEADLINE.as_secs()),
    };
    stack.stop().await.context("the stack did not stop in good order")?;
    summary.seconds = began.elapsed().as_secs_f64();
    Ok(summary)
}

async fn tell(wish: &Wish, stack: &mut Stack, story: &Story) -> Result<report::Summary> {
    let cast = Cast::of(wish.seed);
    let client = Client::new(&stack.url)?;
    let relay = match &wish.crash_at {
        Some(point) => {
            let doomed = stack.work_apart("first", Some(point))?;
            story
                .say(&format!("A worker runs as process {}; it will be killed at the crash point {point}.", doomed.id));
            Some(tokio::spawn(takeover(stack.config_file.clone(), story.clone(), doomed)))
        }
        None => {
            stack.work_here()?;
            None
        }
    };
    let shop = Shop::open(&client, story, &stack.root_key, &cast, crate::stack::SIM_KEY).await?;
    let follower = Follower::start(shop.clone(), story.clone());
    let done = async {
        shop.sync_catalogue().await?;
        let [mug, tee] = shop.stock(&cast).await?;
        shop.refusals(&cast).await?;
        let mug = shop.design(&mug, &cast).await?;
        let tee = shop.design(&tee, &cast).await?;
        shop.render(&wish.folder, &mug).await?;
        for design in [&mug, &tee] {
            shop.freeze(design).await?;
        }
        let order = shop.order(&cast, &mug, &tee).await?;
        shop.pay(&order).await?;
        shop.bundle(&wish.folder, &order).await?;
        shop.submit(&order).await?;
        shop.delivered(&order).await?;
        let summary = report::gather(&shop, stack, &wish.folder, &mug, &order).await?;
        if let Some(relay) = relay {
            let second = relay.await.context("the relay of workers panicked")??;
            // Asked to stop while it still begins, it would end as if it had been killed.
            shop.works(second.id).await?;
            second.stop().await?;
        }
        Ok(summary)
    };
    let done = done.await;
    follower.stop().await;
    match done {
        Ok(summary) => Ok(summary),
        Err(error) => {
            story.say(&shop.troubles().await);
            Err(error)
        }
    }
}

/// Waits for the kill, and lets another worker process go on.
async fn takeover(config: PathBuf, story: Story, doomed: WorkerProcess) -> Result<WorkerProcess> {
    let id = doomed.id;
    let killed = tokio::time::timeout(KILL_WITHIN, doomed.killed()).await;
    killed.context("waited in vain for the worker to be killed")??;
    story.say(&format!("Process {id} was killed (SIGKILL); what it was doing is in nobody's hands."));
    let second = WorkerProcess::start("second", &config, None)?;
    story.say(&format!(
        "Another worker starts as process {}; the job comes back when the dead one's heart has been missed for six seconds.",
        second.id
    ));
    Ok(second)
}
