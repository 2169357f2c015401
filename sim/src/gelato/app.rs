//! The shared state of one stand-in: its catalogue, its orders, its faults and its books.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Config;
use super::catalog::Catalogue;
use super::counts::Tally;
use super::faults::{FaultKind, Faults, Op, Subject};
use super::files::client;
use super::hooks::Hooks;
use super::hub::Hub;
use super::life::{self, Standing};
use super::order::Order;
use super::rates::Arrivals;
use super::reply::Refusal;
use super::scenario::{Running, Scenario};
use super::store::Store;
use crate::lock;

/// Requests remembered for the admin route.
const LOG_ROWS_MAX: usize = 1000;
/// Bodies of create calls remembered for tests.
const ASKED_MAX: usize = 100;
/// How long a read waits for files that are being fetched, in real time.
const SETTLE_MAX: Duration = Duration::from_secs(5);

pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) catalogue: Catalogue,
    pub(crate) world: Mutex<World>,
    pub(crate) hub: Hub,
    pub(crate) http: reqwest::Client,
}

/// Everything that changes.
pub(crate) struct World {
    pub(crate) orders: Vec<Order>,
    index: HashMap<String, usize>,
    by_reference: HashMap<String, Vec<usize>>,
    pub(crate) faults: Faults,
    pub(crate) running: Running,
    pub(crate) hooks: Hooks,
    pub(crate) tally: Tally,
    pub(crate) arrivals: Arrivals,
    pub(crate) log: VecDeque<LogRow>,
    /// The bodies of create calls that made something, as they came: in memory alone, the newest last.
    pub(crate) asked: VecDeque<Value>,
    /// Rows noted so far, those that were forgotten included.
    noted: u64,
    store: Option<Store>,
}

/// One request: enough to see what a client did, never what it said.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogRow {
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Absent while the call is under way, or when the client hung up before it was answered.
    pub(crate) status: Option<u16>,
    /// The client saw a dead connection in the place of this status.
    pub(crate) cut: bool,
}

impl App {
    pub(crate) fn load(config: Config) -> anyhow::Result<Arc<App>> {
        let (store, orders, at) = match &config.state_file {
            Some(path) => {
                let (store, orders, at) =
                    Store::open(path).with_context(|| format!("opening the state file {}", path.display()))?;
                (Some(store), orders, at)
            }
            None => (None, Vec::new(), None),
        };
        // A restarted stand-in must not see its own orders in the future.
        if let Some(at) = at {
            config.clock.advance_to(at);
        }
        let mut world = World::empty(config.seed);
        world.hooks.to.clone_from(&config.hook);
        if let Some(scenario) = &config.scenario {
            world.running.begin(scenario.clone(), config.clock.now(), &mut world.faults);
        }
        world.store = store;
        for order in orders {
            world.put(order);
        }
        let catalogue = Catalogue::generate(config.seed).with_more(config.more_products);
        let http = client(config.file_timeout)?;
        Ok(Arc::new(App { config, catalogue, world: Mutex::new(world), hub: Hub::new(), http }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    pub(crate) fn standing(&self, order: &Order) -> Standing {
        life::standing(order, self.now(), self.config.life_scale)
    }

    /// Begins an incident, in the place of all faults.
    pub(crate) fn play(&self, scenario: Scenario) {
        let now = self.now();
        let World { running, faults, .. } = &mut *lock(&self.world);
        running.begin(scenario, now, faults);
    }

    /// Uses up a fault that `want` picks, if one is on for this call.
    pub(crate) fn fault<T>(&self, subject: &Subject, want: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        let now = self.now();
        let World { running, faults, .. } = &mut *lock(&self.world);
        running.advance(now, faults);
        faults.take(subject, want)
    }

    /// A live order of this account.
    pub(crate) fn find(&self, account: &str, id: &str) -> Result<Order, Refusal> {
        lock(&self.world).find(account, id).cloned().ok_or_else(|| Refusal::not_found("Order"))
    }

    /// Commits orders to disk (if there is one), then to memory, then tells who waits.
    pub(crate) fn commit(&self, world: &mut World, op: Op, orders: Vec<Order>) -> Result<(), Refusal> {
        let at = self.now();
        world.save(at, &orders)?;
        for order in orders {
            self.hub.record(op, &order.id, &order.reference, at);
            world.put(order);
        }
        Ok(())
    }

    /// Waits until the order's files are fetched, if only that keeps it from moving on.
    ///
    /// Fetching takes real time and a client's clock jump none: without this, a read right after a
    /// jump would depend on a race.
    pub(crate) async fn settle(&self, order: &Order) {
        let judged = Order { preflighted: true, ..order.clone() };
        if order.is_draft() || self.standing(order) == self.standing(&judged) {
            return;
        }
        let done = || lock(&self.world).by_id(&order.id).is_none_or(|o| o.preflighted).then_some(());
        self.hub.until(SETTLE_MAX, done).await;
    }
}

impl World {
    pub(crate) fn empty(seed: u64) -> World {
        World {
            orders: Vec::new(),
            index: HashMap::new(),
            by_reference: HashMap::new(),
            faults: Faults::new(seed),
            running: Running::default(),
            hooks: Hooks::default(),
            tally: Tally::default(),
            arrivals: Arrivals::default(),
            log: VecDeque::new(),
            asked: VecDeque::new(),
            noted: 0,
            store: None,
        }
    }

    /// Forgets everything, the state file's content included.
    pub(crate) fn reset(&mut self, seed: u64) -> std::io::Result<()> {
        let (store, to) = (self.store.take(), self.hooks.to.take());
        *self = World::empty(seed);
        self.hooks.to = to;
        if let Some(mut store) = store {
            store.clear()?;
            self.store = Some(store);
        }
        Ok(())
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Order> {
        self.index.get(id).and_then(|i| self.orders.get(*i))
    }

    pub(crate) fn find(&self, account: &str, id: &str) -> Option<&Order> {
        self.by_id(id).filter(|o| o.account == account && !o.is_deleted())
    }

    pub(crate) fn of_reference<'a>(&'a self, account: &'a str, reference: &str) -> impl Iterator<Item = &'a Order> {
        let rows = self.by_reference.get(reference).map_or(&[][..], Vec::as_slice);
        rows.iter().map(|i| &self.orders[*i]).filter(move |o| o.account == account && !o.is_deleted())
    }

    pub(crate) fn next_seq(&self) -> u64 {
        self.orders.last().map_or(1, |o| o.seq + 1)
    }

    pub(crate) fn next_group(&self) -> u64 {
        self.orders.last().map_or(1, |o| o.group + 1)
    }

    /// Writes a change to disk first: what a restart would forget must not be answered for.
    pub(crate) fn save(&mut self, at: Timestamp, orders: &[Order]) -> Result<(), Refusal> {
        let Some(store) = &mut self.store else { return Ok(()) };
        store.append(at, orders).map_err(|error| {
            tracing::error!(%error, "the state file could not be written");
            Refusal::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error.")
        })
    }

    pub(crate) fn put(&mut self, order: Order) {
        if let Some(i) = self.index.get(&order.id) {
            self.orders[*i] = order;
            return;
        }
        let i = self.orders.len();
        self.index.insert(order.id.clone(), i);
        self.by_reference.entry(order.reference.clone()).or_default().push(i);
        self.orders.push(order);
    }

    /// Keeps the body of a create call that made something.
    pub(crate) fn keep_asked(&mut self, body: &Value) {
        if self.asked.len() == ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back(body.clone());
    }

    /// Notes a request as it arrives; gives the number to close it with.
    pub(crate) fn note(&mut self, row: LogRow) -> u64 {
        if self.log.len() == LOG_ROWS_MAX {
            self.log.pop_front();
        }
        self.log.push_back(row);
        self.noted += 1;
        self.noted
    }

    /// Notes how a request ended, if it is still remembered.
    pub(crate) fn close(&mut self, number: u64, status: u16, cut: bool) {
        self.tally.replies_cut += u64::from(cut);
        let first = self.noted + 1 - self.log.len() as u64;
        let row = number.checked_sub(first).and_then(|i| usize::try_from(i).ok());
        if let Some(row) = row.and_then(|i| self.log.get_mut(i)) {
            row.status = Some(status);
            row.cut = cut;
        }
    }
}
