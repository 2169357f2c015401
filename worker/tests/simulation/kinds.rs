//! The two kinds of this world. `ship` has an effect, made the way `submit_order` makes its own: look, stage, checkpoint, release; its end
//! leaves a `note`, which has none, and whose end is written together with others'.

use std::sync::Arc;
use std::time::Duration;

use platen_jobs::registry::{self, Entry};
use platen_jobs::{Ctx, Failure, Job, Key, Limit, Recording, Retry};
use platen_shared::db::{self, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::ledger::{EnqueueError, Queue};
use platen_shared::ports::provider::{Found, OrderRequest, PrintProvider, Staged};
use serde::{Deserialize, Serialize};

const RETRY: Retry =
    Retry { limit: Limit::Failures(20), base: Duration::from_millis(500), cap: Duration::from_secs(2) };
const TIMEOUT: Duration = Duration::from_secs(600);

static SHIP: Entry = registry::entry::<Ship<true>>();
static HEEDLESS: Entry = registry::entry::<Ship<false>>();
static NOTE: Entry = registry::entry::<Note>();

/// The kinds as they should be.
pub(crate) fn find(kind: &str) -> Option<&'static Entry> {
    [&SHIP, &NOTE].into_iter().find(|entry| entry.kind == kind)
}

/// A planted bug: nobody minds that his checkpoint was refused.
pub(crate) fn find_heedless(kind: &str) -> Option<&'static Entry> {
    [&HEEDLESS, &NOTE].into_iter().find(|entry| entry.kind == kind)
}

/// Prints an order, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ship<const HEEDS: bool> {
    pub(crate) reference: String,
}

impl<const HEEDS: bool> Job for Ship<HEEDS> {
    const KIND: &'static str = "ship";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = RETRY;
    const TIMEOUT: Duration = TIMEOUT;
    const POINTS: &'static [&'static str] = &["staged", "checkpointed", "released"];
    type Output = ();

    fn key(&self) -> Key {
        Key::effect(&self.reference, 1)
    }

    async fn run(&self, ctx: &Ctx) -> Result<(), Failure> {
        let printer = ctx.ports.providers.open(ctx.tenant, "printer").await?;
        let staged = match printer.find(&self.reference).await? {
            Found::Released(_) => return Ok(()),
            // The one that we checkpointed, else the oldest.
            Found::Drafts(mut drafts) => {
                let saved: Option<Staged> = ctx.saved();
                saved.filter(|staged| drafts.contains(staged)).unwrap_or_else(|| drafts.swap_remove(0))
            }
            Found::Nothing => printer.stage(&request(&self.reference), "standard").await?,
        };
        ctx.point("staged").await;
        self.release(ctx, &printer, &staged).await
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, (): &()) -> db::Result<()> {
        let note = Note { of: self.reference.clone() };
        registry::enqueue(tx, &done.follow(), &note).await.map(drop).map_err(|error| match error {
            EnqueueError::Db(error) => error,
            other => db::Error::Protocol(other.to_string()),
        })
    }
}

impl<const HEEDS: bool> Ship<HEEDS> {
    async fn release(&self, ctx: &Ctx, printer: &Arc<dyn PrintProvider>, staged: &Staged) -> Result<(), Failure> {
        match ctx.checkpoint(staged).await {
            Err(Failure::Fenced) if !HEEDS => {}
            refused => refused?,
        }
        ctx.point("checkpointed").await;
        printer.release(staged).await?;
        ctx.point("released").await;
        Ok(())
    }
}

/// Says that an order was printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) of: String,
}

impl Job for Note {
    const KIND: &'static str = "note";
    const QUEUE: Queue = Queue::Messages;
    const RETRY: Retry = RETRY;
    const TIMEOUT: Duration = TIMEOUT;
    const RECORDS: bool = false;
    type Output = ();

    fn key(&self) -> Key {
        Key::effect(&self.of, 1)
    }

    async fn run(&self, _: &Ctx) -> Result<(), Failure> {
        Ok(())
    }
}

fn request(reference: &str) -> OrderRequest {
    let word = || "somewhere".to_owned();
    OrderRequest {
        reference: reference.to_owned(),
        customer: String::new(),
        currency: "EUR".parse().expect("a currency"),
        items: Vec::new(),
        recipient: Recipient {
            first_name: word(),
            last_name: word(),
            company_name: String::new(),
            address_line1: word(),
            address_line2: String::new(),
            city: word(),
            post_code: String::new(),
            state: String::new(),
            country: "FR".to_owned(),
            email: String::new(),
            phone: String::new(),
            is_business: false,
            federal_tax_id: String::new(),
            state_tax_id: String::new(),
            registration_state_code: String::new(),
        },
        metadata: Vec::new(),
    }
}
