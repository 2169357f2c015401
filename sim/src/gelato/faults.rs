//! The fault switches: what can be made to go wrong, for whom, and how often.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dice::Dice;

/// The calls of the stand-in, as faults, effects and counts name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is named after its call")]
pub enum Op {
    Create,
    Get,
    List,
    Search,
    Quote,
    /// `PATCH /v4/orders/{id}`.
    Release,
    Cancel,
    Delete,
    Catalogs,
    Catalog,
    Products,
    Product,
    Prices,
    Cover,
    Stock,
    ShipmentMethods,
    Template,
    /// A webhook that the stand-in sends.
    Hook,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FaultKind {
    /// The effect is committed, then the connection is cut without a byte of reply.
    DropReply,
    /// The connection is cut before anything happens.
    DropRequest,
    /// The effect is committed, and the reply is held until it is released by name of the call.
    Gate,
    /// An error status: with no effect, or (`after`) in the place of the good reply of a call that took effect.
    Status {
        /// The status, 503 by default.
        #[serde(default = "unavailable")]
        status: u16,
        /// Answer a proxy's HTML page in place of JSON.
        #[serde(default)]
        html: bool,
        /// The effect is committed first, as when a proxy gives up too early.
        #[serde(default)]
        after: bool,
    },
    /// 429.
    Throttle {
        /// Seconds for the `Retry-After` header; absent = no header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The reply comes late, by this many real milliseconds; the effect does not.
    Slow {
        /// How late.
        ms: u64,
    },
    /// A redirect to another host.
    Redirect {
        /// The `Location` header.
        location: String,
    },
    /// Every item of a create call becomes an order of its own. Drawn at create.
    ForceSplit,
    /// A quote is refused with HTTP 200.
    RefuseQuote {
        /// In which of the seen forms.
        form: QuoteRefusal,
    },
    /// A new order shows in search only later. Drawn at create.
    SearchLag {
        /// Virtual seconds.
        #[serde(default)]
        virtual_seconds: u64,
        /// Real milliseconds.
        #[serde(default)]
        real_ms: u64,
    },
    /// A released order fails at `uploading`. Drawn at release, also of an order created without a draft.
    FailUploading {
        /// The reason it gives.
        #[serde(default = "bad_file")]
        comment: String,
    },
    /// A released order rests `on_hold` before it is passed. Drawn at create.
    Hold {
        /// For how long, in virtual seconds.
        virtual_seconds: u64,
    },
    /// Reads show this word in the place of the order's status.
    UnknownStatus {
        /// The word.
        value: String,
    },
    /// The shipment method matches no carrier: `api_fallback_delivery` at price 0.
    FallbackDelivery,
    /// An order ships in two parcels. Drawn at create.
    TwoPackages {
        /// The second one leaves so many virtual seconds later.
        #[serde(default)]
        late_seconds: u64,
    },
    /// An order travels without tracking, and ends at `shipped`. Drawn at create.
    Untracked,
    /// A released order never gets beyond this status. Drawn at create.
    Stuck {
        /// The last status it reaches.
        #[serde(default = "in_production")]
        status: String,
    },
    /// An order comes back to the sender in the place of being delivered. Drawn at create.
    Returned,
    /// Everything after the release takes this much longer, and the delivery estimate says so. Drawn at create.
    Delay {
        /// Virtual days.
        days: u32,
    },
    /// A cancel call comes just too late: 409, although nothing looked printed.
    CancelTooLate,
    /// The links to the print files answer like this when they are fetched.
    File {
        /// In which way.
        how: FileTrouble,
    },
    /// A webhook goes wrong.
    Hook {
        /// In which way.
        how: HookTrouble,
    },
    /// The good reply is changed by a JSON merge patch (RFC 7386): null takes a field away.
    Patch {
        /// The patch.
        merge: Value,
    },
    /// A recorded answer in the place of the good one, whose effect is committed.
    Answer {
        /// 200 by default.
        #[serde(default = "ok")]
        status: u16,
        /// A JSON body.
        #[serde(default)]
        body: Value,
        /// Or a body of any text, HTML for one.
        #[serde(default)]
        text: String,
        /// The call does not happen at all.
        #[serde(default)]
        before: bool,
    },
    /// Prices of orders (not of quotes) are multiplied. Drawn at create.
    PriceFactor {
        /// In thousandths: 1100 = ten per cent more.
        permille: i64,
    },
    /// What a repeated `orderReferenceId` gives.
    Reference {
        /// In the place of the configured policy.
        policy: ReferencePolicy,
    },
}

impl FaultKind {
    /// Whether a fault of this kind, set for no call in particular, meets this one.
    fn suits(&self, op: Op) -> bool {
        match self {
            FaultKind::DropReply | FaultKind::Gate => {
                matches!(op, Op::Create | Op::Release | Op::Cancel | Op::Delete)
            }
            FaultKind::Hook { .. } => op == Op::Hook,
            FaultKind::Patch { .. } | FaultKind::Answer { .. } => op != Op::Hook,
            _ => true,
        }
    }
}

/// How a link to a print file fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileTrouble {
    /// 403.
    Forbidden,
    /// 404.
    Missing,
    /// It does not answer in time.
    Slow,
    /// It answers something that is no print file.
    WrongType,
}

/// How a webhook goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HookTrouble {
    /// Never sent.
    Lost,
    /// Sent twice.
    Twice,
    /// All that is sent at one time comes in the opposite order.
    Reordered,
    /// Its name stands in `object`.
    OldForm,
    /// With another secret.
    WrongSecret,
}

/// How a quote says no with HTTP 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuoteRefusal {
    /// `refusalReasonCode` is set and `quotes` is empty.
    ReasonCode,
    /// `quotes` is empty and nothing says why.
    Empty,
    /// The last item is missing from `products`.
    MissingItem,
    /// The last item has price 0.
    PriceZero,
    /// A method `api_out_of_stock_for_part_order` at price 0.
    OutOfStockMethod,
}

/// What a repeated `orderReferenceId` gives. No source says which is real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferencePolicy {
    /// A further order.
    #[default]
    Duplicate,
    /// The old order again, as long as it is live.
    Replay,
    /// 409.
    #[serde(alias = "409")]
    Conflict,
}

/// A switched-on fault: a kind, whom it meets, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only this call; absent = every call the kind makes sense for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<Op>,
    /// Only this API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Only orders whose `orderReferenceId` begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_prefix: Option<String>,
    /// Only the next N matching calls; absent = until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Only this share of matching calls, drawn from the seeded generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl Fault {
    /// A fault that meets every matching call until cleared.
    pub fn new(kind: FaultKind) -> Fault {
        Fault { kind, op: None, key: None, reference_prefix: None, times: None, probability: None }
    }

    /// Only this call.
    pub fn on(self, op: Op) -> Fault {
        Fault { op: Some(op), ..self }
    }

    /// Only the next `n` matching calls.
    pub fn times(self, n: u32) -> Fault {
        Fault { times: Some(n), ..self }
    }

    /// Only orders whose reference begins with `prefix`.
    pub fn reference(self, prefix: impl Into<String>) -> Fault {
        Fault { reference_prefix: Some(prefix.into()), ..self }
    }

    /// Only this share of matching calls.
    pub fn probability(self, share: f64) -> Fault {
        Fault { probability: Some(share), ..self }
    }

    fn meets(&self, subject: &Subject) -> bool {
        self.op.map_or_else(|| self.kind.suits(subject.op), |op| op == subject.op)
            && self.key.as_ref().is_none_or(|key| *key == subject.key)
            && self
                .reference_prefix
                .as_ref()
                .is_none_or(|prefix| subject.reference.as_ref().is_some_and(|reference| reference.starts_with(prefix)))
    }
}

/// The call a fault may meet.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) op: Op,
    pub(crate) key: String,
    pub(crate) reference: Option<String>,
}

/// The switched-on faults.
pub(crate) struct Faults {
    on: Vec<Fault>,
    dice: Dice,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Faults {
        Faults { on: Vec::new(), dice: Dice::new(seed, "faults") }
    }

    pub(crate) fn set(&mut self, fault: Fault) {
        self.on.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.on.clear();
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.on
    }

    /// The first fault that `want` picks and that meets this call; uses up one of its times.
    ///
    /// Asked at the very place where a fault acts, so that a call it cannot touch never uses it up.
    pub(crate) fn take<T>(&mut self, subject: &Subject, want: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        for i in 0..self.on.len() {
            let fault = &mut self.on[i];
            let Some(found) = want(&fault.kind).filter(|_| fault.meets(subject)) else { continue };
            if fault.probability.is_some_and(|p| !self.dice.chance(p)) {
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            self.on.retain(|fault| fault.times != Some(0));
            return Some(found);
        }
        None
    }
}

fn unavailable() -> u16 {
    503
}

fn ok() -> u16 {
    200
}

fn in_production() -> String {
    "in_production".to_owned()
}

fn bad_file() -> String {
    "The print file could not be processed.".to_owned()
}
