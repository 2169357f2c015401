//! What happened, for whoever waits for it; and the replies that are held at a gate.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};

use super::faults::{Op, Subject};
use crate::lock;

/// Effects kept for waiters; older ones are forgotten.
const EFFECTS_MAX: usize = 10_000;

/// Something that really happened: an order came to be, was released, cancelled or deleted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Counts up from 1.
    pub seq: u64,
    /// The call that did it.
    pub op: Op,
    /// The order it was done to.
    pub order_id: String,
    /// That order's `orderReferenceId`.
    pub reference: String,
    /// Virtual time.
    pub at: Timestamp,
}

/// Which effects to wait for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectFilter {
    /// Only of this call.
    pub op: Option<Op>,
    /// Only of orders whose reference begins so.
    pub reference_prefix: Option<String>,
    /// Only later than this one.
    #[serde(default)]
    pub after: u64,
}

impl EffectFilter {
    fn picks(&self, effect: &Effect) -> bool {
        effect.seq > self.after
            && self.op.is_none_or(|op| op == effect.op)
            && self.reference_prefix.as_ref().is_none_or(|p| effect.reference.starts_with(p))
    }
}

/// A reply that waits at a gate.
struct Held {
    op: Op,
    reference: Option<String>,
    /// True = the reply goes out; false = its connection is cut.
    gate: oneshot::Sender<bool>,
}

/// A held reply, as the admin route lists it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeldView {
    op: Op,
    reference: Option<String>,
}

pub(crate) struct Hub {
    effects: Mutex<Vec<Effect>>,
    held: Mutex<Vec<Held>>,
    changed: watch::Sender<u64>,
}

impl Hub {
    pub(crate) fn new() -> Hub {
        Hub { effects: Mutex::default(), held: Mutex::default(), changed: watch::Sender::new(0) }
    }

    pub(crate) fn record(&self, op: Op, order_id: &str, reference: &str, at: Timestamp) {
        let mut effects = lock(&self.effects);
        let seq = effects.last().map_or(1, |last| last.seq + 1);
        let (order_id, reference) = (order_id.to_owned(), reference.to_owned());
        effects.push(Effect { seq, op, order_id, reference, at });
        if effects.len() > EFFECTS_MAX {
            effects.remove(0);
        }
        drop(effects);
        self.poke();
    }

    /// Tells waiters that something changed, whatever it was.
    pub(crate) fn poke(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Runs `look` now and after every change until it finds something or the time is up.
    pub(crate) async fn until<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                if let Some(found) = look() {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, search).await.ok().flatten()
    }

    /// The effects the filter picks, as soon as there is one; empty when the time is up.
    pub(crate) async fn effects(&self, filter: &EffectFilter, timeout: Duration) -> Vec<Effect> {
        let look = || {
            let found: Vec<Effect> = lock(&self.effects).iter().filter(|e| filter.picks(e)).cloned().collect();
            (!found.is_empty()).then_some(found)
        };
        self.until(timeout, look).await.unwrap_or_default()
    }

    /// Waits at the gate. False = cut the connection.
    pub(crate) async fn hold(&self, subject: &Subject) -> bool {
        let (gate, opened) = oneshot::channel();
        let (op, reference) = (subject.op, subject.reference.clone());
        lock(&self.held).push(Held { op, reference, gate });
        self.poke();
        opened.await.unwrap_or(false)
    }

    /// Lets held replies go (or cuts them); says how many there were.
    pub(crate) fn open(&self, op: Option<Op>, deliver: bool) -> usize {
        let mut held = lock(&self.held);
        let (go, stay): (Vec<_>, Vec<_>) = held.drain(..).partition(|h| op.is_none_or(|op| op == h.op));
        *held = stay;
        go.into_iter().filter(|h| !h.gate.is_closed()).map(|h| h.gate.send(deliver)).filter(Result::is_ok).count()
    }

    /// The held replies, as soon as there is one; empty when the time is up.
    pub(crate) async fn wait_held(&self, timeout: Duration) -> Vec<HeldView> {
        self.until(timeout, || Some(self.held()).filter(|held| !held.is_empty())).await.unwrap_or_default()
    }

    fn held(&self) -> Vec<HeldView> {
        let held = lock(&self.held);
        let live = held.iter().filter(|h| !h.gate.is_closed());
        live.map(|h| HeldView { op: h.op, reference: h.reference.clone() }).collect()
    }

    pub(crate) fn forget(&self) {
        lock(&self.effects).clear();
        self.open(None, false);
    }
}
