//! Gelato: orders v4, products v3.
//!
//! Gelato documents no idempotency key and shares `orderReferenceId` between the parts of a split order by design, so nothing there
//! stops a second order. What does is the order of the calls: [`find`](PrintProvider::find), [`stage`](PrintProvider::stage) a
//! draft (free), note its ids, [`release`](PrintProvider::release). A create whose answer was lost leaves at worst a stray draft.
//!
//! **A group counts as released only when every part is.** Whether promoting one draft of a split order promotes the others is not
//! documented, and a crash can fall between two promotions. So `find` answers `Drafts` with the half-promoted group first, and
//! `release` may be called again with the same [`Staged`]: it promotes what is still a draft.
//!
//! **Ids that were noted outrank `find`.** Search shows a new order some seconds late. Whoever noted the ids of a draft goes on with
//! `release` of those, and stages anew only when that says they are not there.

mod calls;
mod catalogue;
mod estimate;
mod orders;
mod release;
mod sweeps;
mod templates;
pub(crate) mod webhook;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::http::{Account, Class, Http, Rate};
use crate::domain::money::Currency;
use crate::domain::offer::Template;
use crate::id::TenantId;
use crate::ports::PortResult;
use crate::ports::provider::{
    Cancelled, CataloguePage, Draft, Found, OrderRequest, Part, PrintProvider, Quote, Staged, Standing,
};

/// The provider's name in keys, labels and rows.
pub const PROVIDER: &str = "gelato";

/// How an account is reached. Gelato has no sandbox and publishes no rate, so all of this is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Base of `/v4/orders`.
    pub order_url: String,
    /// Base of `/v3/catalogs`, `/v3/products` and `/v3/stock`.
    pub product_url: String,
    /// Base of `/v1/shipment-methods`.
    pub shipment_url: String,
    /// Base of `/v1/stores` and `/v1/templates`.
    pub ecommerce_url: String,
    /// Requests per second in the long run.
    pub requests_per_second: u32,
    /// Requests that may go out at once after a rest.
    pub burst: u32,
    /// ISO 3166-1: the catalogue's cost and stock of a product are those for parcels to this country.
    pub price_country: String,
    /// Other countries whose prices are read as well; each costs a call per product.
    pub price_countries: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            order_url: "https://order.gelatoapis.com".into(),
            product_url: "https://product.gelatoapis.com".into(),
            shipment_url: "https://shipment.gelatoapis.com".into(),
            ecommerce_url: "https://ecommerce.gelatoapis.com".into(),
            requests_per_second: 5,
            burst: 10,
            price_country: "FR".into(),
            price_countries: Vec::new(),
        }
    }
}

impl Settings {
    /// The request budget of an account.
    #[must_use]
    pub fn rate(&self) -> Rate {
        Rate { per_second: self.requests_per_second, burst: self.burst }
    }

    /// Every country whose prices are read, the first one's being the cost.
    fn countries(&self) -> impl Iterator<Item = &str> {
        let others = self.price_countries.iter().filter(|country| **country != self.price_country);
        std::iter::once(&self.price_country).chain(others).map(String::as_str)
    }

    /// All four APIs under one base: a stand-in or a proxy.
    #[must_use]
    pub fn all(base_url: &str) -> Settings {
        let base = || base_url.to_owned();
        Settings {
            order_url: base(),
            product_url: base(),
            shipment_url: base(),
            ecommerce_url: base(),
            ..Settings::default()
        }
    }
}

/// One account at Gelato.
pub struct Gelato {
    settings: Settings,
    key: SecretString,
    account: Account,
}

impl Gelato {
    /// A tenant's account. Everyone who opens it shares its budget and breaker.
    #[must_use]
    pub fn new(settings: Settings, key: SecretString, tenant: TenantId, http: &Http) -> Gelato {
        let account = http.account(PROVIDER, tenant, settings.rate());
        Gelato { settings, key, account }
    }
}

#[async_trait]
impl PrintProvider for Gelato {
    async fn quote(&self, order: &OrderRequest) -> PortResult<Vec<Quote>> {
        self.quote_order(order).await
    }

    async fn find(&self, reference: &str) -> PortResult<Found> {
        self.find_order(reference).await
    }

    async fn stage(&self, order: &OrderRequest, method: &str) -> PortResult<Staged> {
        self.stage_order(order, method).await
    }

    async fn release(&self, staged: &Staged) -> PortResult<Vec<Part>> {
        self.release_order(staged).await
    }

    async fn get(&self, id: &str) -> PortResult<Part> {
        self.read(id).await
    }

    async fn follow(&self, id: &str) -> PortResult<Part> {
        self.read_as(Class::Bulk, id).await
    }

    fn calls_per_second(&self) -> u32 {
        self.settings.requests_per_second
    }

    async fn cancel(&self, id: &str) -> PortResult<Cancelled> {
        self.cancel_order(id).await
    }

    async fn discard(&self, staged: &Staged) -> PortResult<()> {
        self.discard_order(staged).await
    }

    async fn drafts(&self) -> PortResult<Vec<Draft>> {
        self.list_drafts().await
    }

    async fn statuses(&self, references: &[String]) -> PortResult<Vec<Standing>> {
        self.look_up(references).await
    }

    async fn probe(&self) -> PortResult<Duration> {
        Ok(self.ask_catalogues().await?.took)
    }

    async fn catalogue_page(&self, cursor: Option<&str>, currency: Currency) -> PortResult<CataloguePage> {
        self.page(cursor, currency).await
    }

    async fn template(&self, id: &str) -> PortResult<Template> {
        self.read_template(id).await
    }
}
