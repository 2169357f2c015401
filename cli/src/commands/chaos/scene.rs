//! Everything of one pass: servers, the printer's stand-in, ways between them, apis, workers, and an open shop.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::db::{At, Db};
use platen_shared::ledger::Ledger;
use platen_sim::gelato::{self, Fault, FaultKind, Server};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::cable::Cable;
use super::fleet::{self, Fleet, Replica};
use super::home::{Home, Room};
use super::plan::Plan;
use super::servers::postgres::Postgres;
use super::servers::redis::Redis;
use super::shop::Shop;
use crate::stack::{Folder, SIM_KEY};
use crate::wire::LedgerClock;

/// Of the three days to the door, so that an order has arrived before that look.
const LIFE_SCALE: f64 = 0.05;
/// A fleet that does not come up within this time never will.
const OPEN_MAX: Duration = Duration::from_secs(120);

/// A pass, ready to begin.
pub(super) struct Scene {
    pub(super) postgres: Option<Postgres>,
    pub(super) redis: Option<Redis>,
    pub(super) printer: Server,
    /// By worker: its ways to the servers.
    pub(super) ways: Vec<Vec<Cable>>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) shop: Arc<Shop>,
    /// The same database that they all use, by a way that is never cut.
    pub(super) ledger: Ledger,
    /// Where the business clock begins, and how fast it runs.
    business: (At, u32),
    supervisor: AbortHandle,
}

impl Scene {
    /// Starts everything in a folder of its own.
    pub(super) async fn open(home: &Home, name: &str, plan: &Plan) -> Result<Scene> {
        let room = home.scene(name)?;
        let postgres = if plan.postgres { Some(Postgres::start(&room, plan.host).await?) } else { None };
        let redis = if plan.redis { Some(Redis::start(&room, plan.host).await?) } else { None };
        let anchor = SystemClock::wall();
        let (printer, printer_at) = stand_in(plan, anchor).await?;
        let apis = fleet::addresses(plan.host, plan.apis)?;
        let database = match &postgres {
            Some(postgres) => postgres.url(postgres.address),
            None => format!("sqlite://{}", room.path("platen.db").display()),
        };
        let settings = Settings {
            database: database.clone(),
            redis: redis.as_ref().map(|redis| redis_url(redis.address)).unwrap_or_default(),
            api: apis[0],
            printer: printer_at,
            budget: plan.budget,
            speed: plan.speed,
            anchor,
        };
        let (config, root_key) = settings.write(&room)?;
        let db = Db::open(&database, 4).await.context("the scene's database cannot be opened")?;
        db.migrate().await.context("the scene's database cannot be migrated")?;
        let clock = Arc::new(LedgerClock::of(&db).await?);
        let (mut ways, mut workers) = (Vec::new(), Vec::new());
        for n in 0..plan.workers {
            let (cables, env) = wire(plan.host, postgres.as_ref(), redis.as_ref(), printer_at).await?;
            ways.push(cables);
            workers.push(Replica::worker(&room, &config, n, env));
        }
        let replicas = apis.iter().enumerate().map(|(n, address)| Replica::api(&room, &config, n, *address));
        let fleet = Arc::new(Fleet::new(workers, replicas.collect()));
        let supervisor = tokio::spawn(supervise(fleet.clone())).abort_handle();
        let opening = tokio::time::timeout(OPEN_MAX, Shop::open(apis, &root_key)).await;
        let log = room.path("log");
        let shop = opening.with_context(|| format!("the fleet did not come up; {} says why", log.display()))??;
        break_printer(&printer, plan, plan.outage.is_some());
        let ledger = Ledger::new(db, clock);
        let business = (anchor, plan.speed);
        Ok(Scene { postgres, redis, printer, ways, fleet, shop: Arc::new(shop), ledger, business, supervisor })
    }

    /// When it was so late for the business, by the wall clock.
    pub(super) fn wall(&self, at: At) -> At {
        let (anchor, speed) = self.business;
        anchor.plus(at.since(anchor) / speed.max(1))
    }

    /// Ends everything; what cannot end is left to the folder's guard.
    pub(super) async fn close(self) {
        self.supervisor.abort();
        self.fleet.end().await;
        self.ledger.db.close().await;
        self.printer.stop().await;
    }
}

async fn supervise(fleet: Arc<Fleet>) {
    if let Err(error) = fleet.supervise().await {
        eprintln!("error: nobody replaces processes any more: {error:#}");
    }
}

/// A worker's own ways to the servers, and the settings that lead along them.
async fn wire(
    host: IpAddr,
    postgres: Option<&Postgres>,
    redis: Option<&Redis>,
    printer: SocketAddr,
) -> Result<(Vec<Cable>, Vec<(&'static str, String)>)> {
    let way = Cable::to(host, printer).await?;
    let mut env = vec![("PLATEN_GELATO__URL", format!("http://{}", way.near))];
    let mut ways = vec![way];
    if let Some(postgres) = postgres {
        let way = Cable::to(host, postgres.address).await?;
        env.push(("DATABASE_URL", postgres.url(way.near)));
        ways.push(way);
    }
    if let Some(redis) = redis {
        let way = Cable::to(host, redis.address).await?;
        env.push(("REDIS_URL", redis_url(way.near)));
        ways.push(way);
    }
    Ok((ways, env))
}

fn redis_url(address: SocketAddr) -> String {
    format!("redis://{address}/0")
}

/// The printer, which counts for itself what it was made to do.
async fn stand_in(plan: &Plan, anchor: At) -> Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind((plan.host, 0)).await.context("the stand-in has no port to listen on")?;
    let address = listener.local_addr().context("the stand-in has no address")?;
    // The same formula as Platen's business clock, so that both always show the same.
    let now = SystemClock::fast(anchor, plan.speed).now();
    let config = gelato::Config {
        api_key: SIM_KEY.to_owned(),
        seed: plan.seed,
        clock: platen_sim::Clock::new(now.timestamp(), f64::from(plan.speed)),
        life_scale: LIFE_SCALE,
        // Links lead to an api that may be dead just now; when printers fetch is not what is tried here.
        fetch_files: false,
        ..gelato::Config::default()
    };
    Ok((Server::start(listener, config).await?, address))
}

/// What is wrong with the printer: all of it, or as many replies as the plan says.
pub(super) fn break_printer(printer: &Server, plan: &Plan, down: bool) {
    printer.clear_faults();
    if down {
        printer.set_fault(Fault::new(FaultKind::Status { status: 503, html: false, after: false }));
        return;
    }
    if plan.lost_replies > 0 {
        printer.set_fault(Fault::new(FaultKind::DropReply).probability(f64::from(plan.lost_replies) / 1000.0));
    }
    if let Ok(ms @ 1..) = u64::try_from(plan.slow_replies.as_millis()) {
        printer.set_fault(Fault::new(FaultKind::Slow { ms }));
    }
}

/// What every process of the scene is told.
struct Settings {
    database: String,
    redis: String,
    api: SocketAddr,
    printer: SocketAddr,
    budget: u32,
    speed: u32,
    anchor: At,
}

impl Settings {
    /// Writes the settings file, which `platen jobs --config` can be given as well; answers where, and the root key.
    fn write(&self, room: &Room) -> Result<(PathBuf, String)> {
        let folder = Folder::open(&room.path(""))?;
        let (secret, root_key) = (folder.secret("secret.key")?, folder.secret("root.key")?);
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let text = format!(
            "# Written by platen chaos; it holds secrets.\n\n\
             [database]\nurl = {2}\n\n[redis]\nurl = {3}\n\n[blobs]\nurl = {4}\n\n\
             [http]\npublic_url = {5}\nrequests_per_second_per_key = 100000\npublic_requests_per_second = 100000\n\n\
             [secrets]\nkey = {6}\n\n[api]\nroot_key = {7}\n\n\
             [gelato]\nurl = {8}\nrequests_per_second = {0}\nburst = {0}\n\n\
             [clock]\nspeed = {1}\nanchor = {9}\n\n[log]\nformat = \"text\"\nlevel = \"warn\"\n",
            self.budget,
            self.speed,
            quoted(&self.database),
            quoted(&self.redis),
            quoted(&format!("file://{}", room.path("blobs").display())),
            quoted(&format!("http://{}", self.api)),
            quoted(&secret),
            quoted(&root_key),
            quoted(&format!("http://{}", self.printer)),
            quoted(&self.anchor.timestamp().to_string()),
        );
        folder.write_private("platen.toml", &text)?;
        Ok((room.path("platen.toml"), root_key))
    }
}
