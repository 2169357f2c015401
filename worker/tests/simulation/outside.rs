//! The printer, as this world has it: it keeps what it was told under our references, loses answers, and counts what really happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use platen_shared::domain::money::Currency;
use platen_shared::domain::offer::Template;
use platen_shared::id::TenantId;
use platen_shared::ports::provider::{
    Cancelled, CataloguePage, Draft, Found, OrderRequest, Part, PrintProvider, Providers, Quote, Staged, Standing,
};
use platen_shared::ports::{PortError, PortResult};
use serde_json::Value;

use crate::dice::Dice;
use crate::gate::gate;

/// Out of a hundred calls: refused before anything happened, and answered by nobody after it did.
const REFUSED: usize = 5;
const UNANSWERED: usize = 6;

/// One printer, for all workers.
#[derive(Clone)]
pub(crate) struct Outside(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    calm: bool,
    orders: Vec<Order>,
}

struct Order {
    reference: String,
    released: bool,
}

impl Outside {
    pub(crate) fn new(dice: Dice) -> Outside {
        Outside(Arc::new(Mutex::new(State { dice, calm: false, orders: Vec::new() })))
    }

    /// From now on every call is answered.
    pub(crate) fn calm(&self) {
        self.lock().calm = true;
    }

    /// How often each reference was printed.
    pub(crate) fn effects(&self) -> BTreeMap<String, usize> {
        let mut effects = BTreeMap::new();
        for order in self.lock().orders.iter().filter(|order| order.released) {
            *effects.entry(order.reference.clone()).or_default() += 1;
        }
        effects
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call: it stands still before it goes out, may be refused, and its answer may be lost.
    async fn call<T>(&self, name: &str, act: impl FnOnce(&mut Vec<Order>) -> PortResult<T>) -> PortResult<T> {
        gate(format!("before {name}")).await;
        let mut state = self.lock();
        let drawn = if state.calm { 100 } else { state.dice.below(100) };
        if drawn < REFUSED {
            return Err(PortError::Transient(format!("{name} was refused")));
        }
        let answer = act(&mut state.orders);
        if drawn < REFUSED + UNANSWERED {
            Err(PortError::Ambiguous(format!("the answer to {name} was lost")))
        } else {
            answer
        }
    }
}

fn index(id: &str) -> usize {
    id.parse().expect("an id of ours")
}

fn staged(id: usize) -> Staged {
    Staged { ids: vec![id.to_string()] }
}

fn part(id: usize, reference: &str) -> Part {
    Part {
        id: id.to_string(),
        reference: reference.to_owned(),
        status: "printed".to_owned(),
        stage: None,
        released: true,
        connected: vec![id.to_string()],
        items: Vec::new(),
        shipment: None,
        cost: None,
        refusal: None,
        as_of: None,
        raw: Value::Null,
    }
}

fn elsewhere<T>() -> PortResult<T> {
    Err(PortError::Invalid("nobody asks this here".to_owned()))
}

#[async_trait]
impl Providers for Outside {
    async fn open(&self, _: TenantId, _: &str) -> PortResult<Arc<dyn PrintProvider>> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl PrintProvider for Outside {
    async fn find(&self, reference: &str) -> PortResult<Found> {
        let look = |orders: &mut Vec<Order>| {
            let ours = || orders.iter().enumerate().filter(|(_, order)| order.reference == reference);
            if let Some((id, _)) = ours().find(|(_, order)| order.released) {
                return Ok(Found::Released(vec![part(id, reference)]));
            }
            let drafts: Vec<Staged> = ours().map(|(id, _)| staged(id)).collect();
            Ok(if drafts.is_empty() { Found::Nothing } else { Found::Drafts(drafts) })
        };
        self.call("find", look).await
    }

    async fn stage(&self, order: &OrderRequest, _: &str) -> PortResult<Staged> {
        let put = |orders: &mut Vec<Order>| {
            orders.push(Order { reference: order.reference.clone(), released: false });
            Ok(staged(orders.len() - 1))
        };
        self.call("stage", put).await
    }

    async fn release(&self, staged: &Staged) -> PortResult<Vec<Part>> {
        let id = index(&staged.ids[0]);
        let print = |orders: &mut Vec<Order>| {
            orders[id].released = true;
            Ok(vec![part(id, &orders[id].reference)])
        };
        self.call("release", print).await
    }

    async fn quote(&self, _: &OrderRequest) -> PortResult<Vec<Quote>> {
        elsewhere()
    }

    async fn get(&self, _: &str) -> PortResult<Part> {
        elsewhere()
    }

    async fn cancel(&self, _: &str) -> PortResult<Cancelled> {
        elsewhere()
    }

    async fn discard(&self, _: &Staged) -> PortResult<()> {
        elsewhere()
    }

    async fn drafts(&self) -> PortResult<Vec<Draft>> {
        elsewhere()
    }

    async fn statuses(&self, _: &[String]) -> PortResult<Vec<Standing>> {
        elsewhere()
    }

    async fn probe(&self) -> PortResult<Duration> {
        elsewhere()
    }

    async fn catalogue_page(&self, _: Option<&str>, _: Currency) -> PortResult<CataloguePage> {
        elsewhere()
    }

    async fn template(&self, _: &str) -> PortResult<Template> {
        elsewhere()
    }
}
