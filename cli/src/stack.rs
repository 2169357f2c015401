//! The whole of Platen on loopback: SQLite file, local blobs, api, worker, schedules, and a stand-in for Gelato. What `demo` and `dev` start.

mod folder;
mod process;

use std::path::PathBuf;

use anyhow::{Context, Result};
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::db::At;
use platen_sim::gelato::Server;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Sources};
use crate::lone;
use crate::wire::Base;
pub(crate) use folder::Folder;
pub(crate) use process::{WorkerProcess, without_foreign};

/// The key of the stand-in's only account.
pub(crate) const SIM_KEY: &str = "stand-in-key";

/// How a stack is to be.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Where everything is kept.
    pub(crate) folder: Folder,
    /// Its settings file inside the folder.
    pub(crate) config_name: &'static str,
    /// Of the api; 0 takes a free one.
    pub(crate) port: u16,
    /// Another stand-in, already running.
    pub(crate) gelato_url: Option<String>,
    /// Of our own stand-in's catalogue.
    pub(crate) seed: u64,
    /// Our own stand-in's port; 0 takes a free one.
    pub(crate) sim_port: u16,
    /// Whether our own stand-in remembers its orders over a restart.
    pub(crate) sim_state: bool,
    /// How many times faster than the wall business time runs.
    pub(crate) speed: u32,
    /// When it and the wall showed the same.
    pub(crate) anchor: At,
    /// What logs show.
    pub(crate) log_level: &'static str,
    /// The shop behind the demo page; without it there is no such page.
    pub(crate) demo: Option<platen_api::demo::Shop>,
}

/// A running stack.
pub(crate) struct Stack {
    /// Of the api.
    pub(crate) url: String,
    /// Of the stand-in.
    pub(crate) gelato_url: String,
    /// Creates tenants.
    pub(crate) root_key: String,
    /// The settings of all its parts, for further processes.
    pub(crate) config_file: PathBuf,
    config: Config,
    base: Base,
    sim: Option<Server>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Stack {
    /// Starts the stand-in and the api; a worker comes with [`Stack::work_here`] or [`Stack::work_apart`].
    pub(crate) async fn start(plan: Plan, stop: CancellationToken) -> Result<Stack> {
        let listener = TcpListener::bind(("127.0.0.1", plan.port))
            .await
            .with_context(|| format!("cannot listen on port {}", plan.port))?;
        let url = format!("http://{}", listener.local_addr().context("the listener has no address")?);
        let (gelato_url, sim) = match &plan.gelato_url {
            Some(url) => (url.trim_end_matches('/').to_owned(), None),
            None => {
                let sim = stand_in(&plan).await?;
                (sim.base_url(), Some(sim))
            }
        };
        let (secret, root_key) = (plan.folder.secret("secret.key")?, plan.folder.secret("root.key")?);
        let config_file = plan.folder.path(plan.config_name);
        plan.folder.write_private(plan.config_name, &settings(&plan, &url, &gelato_url, &secret, &root_key))?;
        let config = Config::load(&Sources { file: Some(config_file.clone()), ..Sources::default() })?;
        crate::logs::start(&config);
        let base = Base::open(&config, true).await?;
        let mut api = base.api(&config, Some(platen_api::probes::gather()?));
        api.settings.demo = plan.demo;
        let serving = platen_api::serve(api, listener, stop.clone().cancelled_owned());
        let tasks = vec![tokio::spawn(async move { serving.await.context("the api ended badly") })];
        Ok(Stack { url, gelato_url, root_key, config_file, config, base, sim, stop, tasks })
    }

    /// A worker inside this process.
    pub(crate) fn work_here(&mut self) -> Result<()> {
        let (mut setup, settings) = self.base.worker(&self.config, None);
        setup.lone = Some(lone::of_file(&self.config_file)?);
        self.tasks.push(tokio::spawn(platen_worker::run(setup, settings, self.stop.child_token())));
        Ok(())
    }

    /// A worker as its own process; with `crash_at`, it is killed at that crash point.
    pub(crate) fn work_apart(&self, name: &'static str, crash_at: Option<&str>) -> Result<WorkerProcess> {
        WorkerProcess::start(name, &self.config_file, crash_at)
    }

    /// Ends everything in good order.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        for task in self.tasks {
            task.await.context("a part of the stack panicked")??;
        }
        if let Some(sim) = self.sim {
            sim.stop().await;
        }
        self.base.close().await;
        Ok(())
    }
}

async fn stand_in(plan: &Plan) -> Result<Server> {
    let listener = TcpListener::bind(("127.0.0.1", plan.sim_port))
        .await
        .with_context(|| format!("cannot listen on port {}", plan.sim_port))?;
    // The same formula as Platen's business clock, so that both always show the same.
    let now = SystemClock::fast(plan.anchor, plan.speed).now();
    let config = platen_sim::gelato::Config {
        api_key: SIM_KEY.to_owned(),
        seed: plan.seed,
        clock: platen_sim::Clock::new(now.timestamp(), f64::from(plan.speed)),
        state_file: plan.sim_state.then(|| plan.folder.path("stand-in.json")),
        ..platen_sim::gelato::Config::default()
    };
    Server::start(listener, config).await
}

/// The settings file, which also `platen worker --config` and `platen jobs --config` can be given.
fn settings(plan: &Plan, url: &str, gelato_url: &str, secret: &str, root_key: &str) -> String {
    let (host, port) = url.trim_start_matches("http://").rsplit_once(':').unwrap_or(("127.0.0.1", "8080"));
    let own_stand_in = plan.gelato_url.is_none();
    // Our own stand-in has no published limit to keep to.
    let (rate, burst) = if own_stand_in { (500, 500) } else { (5, 10) };
    let anchor = if plan.speed > 1 { plan.anchor.timestamp().to_string() } else { String::new() };
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let database = quoted(&format!("sqlite://{}", plan.folder.path("platen.db").display()));
    let blobs = quoted(&format!("file://{}", plan.folder.path("blobs").display()));
    format!(
        "# Written by platen at every start of this folder's stack; it holds secrets.\n\n\
         [database]\nurl = {database}\n\n[blobs]\nurl = {blobs}\n\n\
         [http]\nhost = {}\nport = {port}\nrequests_per_second_per_key = 1000\npublic_requests_per_second = 1000\n\n\
         [secrets]\nkey = {}\n\n[api]\nroot_key = {}\n\n\
         [gelato]\nurl = {}\nrequests_per_second = {rate}\nburst = {burst}\n\n\
         [clock]\nspeed = {}\nanchor = {}\n\n[log]\nformat = \"text\"\nlevel = {}\n",
        quoted(host),
        quoted(secret),
        quoted(root_key),
        quoted(gelato_url),
        plan.speed,
        quoted(&anchor),
        quoted(plan.log_level),
    )
}
