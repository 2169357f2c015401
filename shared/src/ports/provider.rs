//! A print provider: quote, find, stage, release, read, cancel; and its catalogue.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PortResult;
use crate::db::At;
use crate::domain::address::Recipient;
use crate::domain::money::{Currency, Money};
use crate::domain::offer::{DeliveryEstimate, PriceTier, RegionStock, Template};
use crate::domain::order::Stage;
use crate::id::TenantId;

/// One account at one print provider.
#[async_trait]
pub trait PrintProvider: Send + Sync {
    /// What the order would cost and how it can ship; creates nothing. A refusal in any disguise (price 0, a missing item, an
    /// out-of-stock method) is [`PortError::Invalid`](super::PortError::Invalid), never a free quote. One quote per facility.
    async fn quote(&self, order: &OrderRequest) -> PortResult<Vec<Quote>>;

    /// What the provider holds under our reference. Released wins over drafts; failed and cancelled orders do not count.
    async fn find(&self, reference: &str) -> PortResult<Found>;

    /// Makes a draft, which costs nothing. The answer names every connected part.
    async fn stage(&self, order: &OrderRequest, method: &str) -> PortResult<Staged>;

    /// Starts production of every part of a draft: the only call that costs money. Answers all parts as read back.
    async fn release(&self, staged: &Staged) -> PortResult<Vec<Part>>;

    /// Reads one part.
    async fn get(&self, id: &str) -> PortResult<Part>;

    /// Reads one part where nobody waits for it: it leaves room for orders that are being placed.
    async fn follow(&self, id: &str) -> PortResult<Part> {
        self.get(id).await
    }

    /// Calls per second that the account may make in the long run; 0 where nobody counts.
    fn calls_per_second(&self) -> u32 {
        0
    }

    /// Cancels one part, if the provider still can.
    async fn cancel(&self, id: &str) -> PortResult<Cancelled>;

    /// Deletes a draft; one that is already gone is fine.
    async fn discard(&self, staged: &Staged) -> PortResult<()>;

    /// Every draft of the account that its API made, oldest or newest first, up to a bound of the adapter's.
    async fn drafts(&self) -> PortResult<Vec<Draft>>;

    /// Where the orders under these references stand, as few calls as the provider allows. An order that is not answered is one that
    /// the look-up does not show (yet): nothing follows from that.
    async fn statuses(&self, references: &[String]) -> PortResult<Vec<Standing>>;

    /// One cheap call with the account's credential; answers how long the provider took.
    async fn probe(&self) -> PortResult<Duration>;

    /// One page of the catalogue with costs in `currency` and stock; `cursor` is what the page before answered, `None` to begin.
    async fn catalogue_page(&self, cursor: Option<&str>, currency: Currency) -> PortResult<CataloguePage>;

    /// A template: which products are printed where, and how large each place is.
    async fn template(&self, id: &str) -> PortResult<Template>;
}

/// Opens a tenant's account at a provider (credentials are read and decrypted here).
#[async_trait]
pub trait Providers: Send + Sync {
    /// The account, or [`PortError::Auth`](super::PortError::Auth) when the tenant has none.
    async fn open(&self, tenant: TenantId, provider: &str) -> PortResult<std::sync::Arc<dyn PrintProvider>>;
}

/// What is to be printed and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Our reference: how the order is found again, at most 64 characters.
    pub reference: String,
    /// An opaque id of the customer.
    pub customer: String,
    /// What the account is charged in.
    pub currency: Currency,
    /// At least one.
    pub items: Vec<RequestItem>,
    /// Where to.
    pub recipient: Recipient,
    /// Pairs kept with the order (the revision, for people who look there).
    pub metadata: Vec<(String, String)>,
}

/// One item of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestItem {
    /// Unique within the order.
    pub reference: String,
    /// The provider's product.
    pub uid: String,
    /// At least 1.
    pub quantity: u32,
    /// (print area, link): one per declared area.
    pub files: Vec<(String, String)>,
}

/// A facility's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Cost of the items, without tax.
    pub products: Money,
    /// Ways to ship, cheapest first; never empty, never one that the provider invents on trouble.
    pub methods: Vec<Method>,
}

/// A way to ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The concrete method to order.
    pub uid: String,
    /// For people.
    pub name: String,
    /// Without tax.
    pub price: Money,
}

/// What is held under a reference.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing alive.
    Nothing,
    /// Drafts only: the oldest group first; more than one means that an earlier create answered late.
    Drafts(Vec<Staged>),
    /// Production has started: every part of the released group.
    Released(Vec<Part>),
}

/// A draft: the provider's ids of all its connected parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// In the provider's order; the first is the one that the create call answered.
    pub ids: Vec<String>,
}

/// A draft as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The provider's id.
    pub id: String,
    /// Whoever made it named it so.
    pub reference: String,
    /// When it was made, by the provider's clock; `None` when it does not say.
    pub created: Option<At>,
}

/// Where one order at the provider stands, as a look-up shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The provider's id.
    pub id: String,
    /// Ours.
    pub reference: String,
    /// The provider's own word.
    pub status: String,
    /// Where that is on our path; `None` for a word we do not know.
    pub stage: Option<Stage>,
}

/// One order at the provider: a whole order, or a part that another facility makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The provider's id.
    pub id: String,
    /// Ours.
    pub reference: String,
    /// The provider's own word, kept even when we do not know it.
    pub status: String,
    /// Where that is on our path; `None` for a word we do not know, which changes nothing.
    pub stage: Option<Stage>,
    /// No longer a draft.
    pub released: bool,
    /// All ids of the group, this one included.
    pub connected: Vec<String>,
    /// What it holds.
    pub items: Vec<PartItem>,
    /// Present once known.
    pub shipment: Option<PartShipment>,
    /// Purchase receipts less refunds, tax included; `None` before the first receipt.
    pub cost: Option<Money>,
    /// When the provider last wrote this, by its own clock: of two answers, the later one is the newer. `None` when it does not say.
    #[serde(default)]
    pub as_of: Option<At>,
    /// Why it was refused, in the provider's words.
    pub refusal: Option<String>,
    /// The answer as it came.
    pub raw: Value,
}

/// An item as the provider read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartItem {
    /// Ours.
    pub reference: String,
    /// The provider's product (it may have been adjusted).
    pub uid: String,
    /// Pieces.
    pub quantity: u32,
}

/// How a part travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartShipment {
    /// For people.
    pub method: String,
    /// `YYYY-MM-DD`.
    pub min_delivery: Option<String>,
    /// `YYYY-MM-DD`.
    pub max_delivery: Option<String>,
    /// Several parcels are possible; empty until shipped.
    pub parcels: Vec<Parcel>,
}

/// A parcel with its tracking code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The carrier's code.
    pub code: String,
    /// Where to follow it; empty when the provider gives none.
    pub url: String,
}

/// The end of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It will not be made.
    Done,
    /// Something is printed already.
    TooLate,
}

/// A page of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CataloguePage {
    /// Up to a hundred.
    pub items: Vec<CatalogueItem>,
    /// Where to go on; `None` after the last page.
    pub next: Option<String>,
}

/// A product that can be ordered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CatalogueItem {
    /// The provider's product id: copied, never built.
    pub uid: String,
    /// The catalogue it was found in.
    pub catalogue: String,
    /// For people.
    pub title: String,
    /// Attribute → value.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// Cost of one piece; `None` where the provider gives no price for it.
    pub cost: Option<Money>,
    /// `in-stock`, `out-of-stock`, … as the provider says it, `unknown` when it does not.
    pub stock: String,
    /// Whole quantities by country and pages; what cannot be sold is not here.
    #[serde(default)]
    pub prices: Vec<PriceTier>,
    /// Stock region → how it stands there.
    #[serde(default)]
    pub regions: std::collections::BTreeMap<String, RegionStock>,
    /// How long it takes, by country; nothing where the provider does not say.
    #[serde(default)]
    pub delivery: Vec<DeliveryEstimate>,
    /// Unknown fields are kept.
    pub raw: Value,
}
