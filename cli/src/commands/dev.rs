//! `platen dev`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use platen_shared::clock::SystemClock;
use platen_shared::db::At;

use platen_api::demo::Shop;

use crate::demo::{Cast, Client, DemoDesk, Shop as Open, Story};
use crate::stack::{Folder, Plan, SIM_KEY, Stack};
use crate::stop;

/// The file of the tenant's admin key.
const ADMIN_KEY: &str = "admin.key";
/// The file of the demo page's publishable key.
const PAGE_KEY: &str = "page.key";
/// The file of the speed and its anchor.
const CLOCK: &str = "clock";

/// What the stack can be told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where everything is kept; a later start goes on with it
    #[arg(long, value_name = "DIR", default_value = ".platen/dev")]
    data: PathBuf,
    /// Port of the api; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the stand-in for Gelato; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    sim_port: u16,
    /// One base address for all of Gelato's APIs, in place of our own stand-in
    #[arg(long, value_name = "URL")]
    gelato_url: Option<String>,
    /// The API key there
    #[arg(long, value_name = "KEY", default_value = SIM_KEY)]
    gelato_key: String,
    /// How many times faster than the wall business time runs: 2000 delivers a parcel in two minutes
    #[arg(long, default_value_t = 2000)]
    speed: u32,
    /// Seed of names, prices and the stand-in's catalogue
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let stop = stop::on_signal()?;
    let folder = Folder::open(&args.data)?;
    let desk = DemoDesk::default();
    let plan = Plan {
        folder: folder.clone(),
        config_name: "dev.toml",
        port: args.port,
        gelato_url: args.gelato_url.clone(),
        seed: args.seed,
        sim_port: args.sim_port,
        sim_state: true,
        speed: args.speed,
        anchor: anchor(&folder, args.speed)?,
        log_level: "warn",
        demo: Some(Shop(std::sync::Arc::new(desk.clone()))),
    };
    let mut stack = Stack::start(plan, stop.clone()).await?;
    stack.work_here()?;
    let seeded = tokio::select! {
        seeded = seed(&stack, &folder, &args) => Some(seeded),
        () = stop.cancelled() => None,
    };
    match seeded {
        Some(Ok(admin)) => {
            let opened = open_desk(&desk, &stack, &folder, &args, &admin).await;
            super::print(&welcome(&stack, &admin, args.speed));
            if let Err(error) = opened {
                tracing::warn!("the demo page has no shop behind it: {error:#}");
            }
            stop.cancelled().await;
        }
        Some(Err(error)) => {
            stack.stop().await?;
            return Err(error);
        }
        None => {}
    }
    stack.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// A fast clock must go on where it was, so its anchor stays with the folder.
fn anchor(folder: &Folder, speed: u32) -> Result<At> {
    if let Some(known) = folder.read(CLOCK)? {
        let (held, at) =
            known.split_once(' ').context("the folder's clock file is damaged; choose another folder with --data")?;
        if held != speed.to_string() {
            bail!(
                "this folder's business time runs at speed {held}: start it with --speed {held}, or choose another folder with --data"
            );
        }
        return Ok(At(at.parse().context("the folder's clock file is damaged; choose another folder with --data")?));
    }
    let now = SystemClock::wall();
    folder.write_private(CLOCK, &format!("{speed} {}", now.0))?;
    Ok(now)
}

/// A tenant with a synced catalogue, two products and an approved design; made once per folder. Answers its admin key.
async fn seed(stack: &Stack, folder: &Folder, args: &Args) -> Result<String> {
    let client = Client::new(&stack.url)?;
    let story = Story::new(Instant::now());
    if let Some(admin) = folder.read(ADMIN_KEY)? {
        Open::known(&client, &story, &admin)
            .jobs()
            .await
            .context("this folder's admin key does not work; choose another folder with --data")?;
        return Ok(admin);
    }
    let cast = Cast::of(args.seed);
    let shop = Open::open(&client, &story, &stack.root_key, &cast, &args.gelato_key).await?;
    shop.sync_catalogue().await?;
    let [mug, tee] = shop.stock(&cast).await?;
    let design = shop.design(&mug, &cast).await?;
    shop.freeze(&design).await?;
    shop.design(&tee, &cast).await?;
    shop.stock_poster(&cast).await?;
    folder.write_private(ADMIN_KEY, &shop.admin)?;
    Ok(shop.admin)
}

/// Lets the demo page's shop open: a publishable key of its own, made once per folder.
async fn open_desk(desk: &DemoDesk, stack: &Stack, folder: &Folder, args: &Args, admin: &str) -> Result<()> {
    let client = Client::new(&stack.url)?;
    let key = match folder.read(PAGE_KEY)? {
        Some(key) => key,
        None => {
            let key = Open::known(&client, &Story::silent(Instant::now()), admin).publishable_key().await?;
            folder.write_private(PAGE_KEY, &key)?;
            key
        }
    };
    desk.open_with(&client, admin, Cast::of(args.seed), key, args.speed);
    Ok(())
}

fn welcome(stack: &Stack, admin: &str, speed: u32) -> String {
    let (url, sim, config) = (&stack.url, &stack.gelato_url, stack.config_file.display());
    format!(
        "\n  demo page  {url}/demo (business time runs {speed} times as fast as the wall)\n  api        {url}\n  openapi    {url}/openapi.json\n  admin key  {admin}\n  stand-in   {sim}\n  settings   {config}\n\n\
         \x20 Paste:\n\n\
         curl -X POST {url}/v1/jobs -H 'Authorization: Bearer {admin}' -H 'Content-Type: application/json' -H 'Idempotency-Key: '$(date +%s%N) -H 'Prefer: wait=10' -d '{{\"kind\": \"sync_catalog\", \"payload\": {{\"provider\": \"gelato\", \"generation\": \"'$(date +%s%N)'\"}}}}'\n\n\
         curl '{url}/v1/jobs?limit=5' -H 'Authorization: Bearer {admin}'\n\n\
         curl '{url}/v1/catalogue/items?catalogue=mugs&limit=3' -H 'Authorization: Bearer {admin}'\n\n\
         \x20 Ctrl-C stops it; the same command goes on where it was.\n"
    )
}
