//! The catalogue, page by page: their list of catalogues, then the products of each, with price and stock.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::Gelato;
use super::calls::{Ask, url};
use super::wire::{Catalogue, PriceRow, ProductsAnswer, StockAnswer};
use crate::adapters::http::{Answer, Class, Effect, Method};
use crate::domain::money::Currency;
use crate::domain::offer::{PriceTier, RegionStock};
use crate::domain::region::region;
use crate::ports::provider::CataloguePage;
use crate::ports::{PortError, PortResult};

/// Products of a page; the most they allow, and fewer than the 250 of a stock call.
const PAGE_PRODUCTS_MAX: usize = 100;
/// Where the walk through one catalogue ends: a server that ignores `offset` must not hold us forever.
const OFFSET_MAX: usize = 100_000;
/// Price calls under way at once.
const PRICES_AT_ONCE: usize = 8;

impl Gelato {
    /// The cursor is `{catalogue}|{offset}`. Catalogues are walked in the order of their ids, so that one that comes or goes between
    /// two pages moves nothing else.
    pub(super) async fn page(&self, cursor: Option<&str>, currency: Currency) -> PortResult<CataloguePage> {
        let (at, offset) = match cursor {
            None => (String::new(), 0),
            Some(text) => {
                parse(text).ok_or_else(|| PortError::Invalid("this is no cursor of the gelato catalogue".into()))?
            }
        };
        let mut uids: Vec<String> =
            self.catalogues().await?.into_iter().map(|row| row.uid.0).filter(|uid| !uid.is_empty()).collect();
        uids.sort();
        uids.dedup();
        let mut rest = uids.into_iter().skip_while(|uid| *uid < at);
        let Some(uid) = rest.next() else { return Ok(CataloguePage { items: Vec::new(), next: None }) };
        // The catalogue of the cursor is gone: the one after it begins at its beginning.
        let offset = if uid == at { offset } else { 0 };
        let found = self.products(&uid, offset).await?;
        let next = if found.len() < PAGE_PRODUCTS_MAX || offset >= OFFSET_MAX {
            rest.next().map(|next| format!("{next}|0"))
        } else {
            Some(format!("{uid}|{}", offset + found.len()))
        };
        let mut rows = found.rows(&uid);
        let asks: Vec<(String, Option<u64>)> = rows.iter().map(|row| (row.item.uid.clone(), row.pages)).collect();
        let mut prices = self.prices(asks, currency).await?;
        let mut stock = self.stock(rows.iter().map(|row| row.item.uid.as_str()).collect()).await?;
        let home = self.settings.price_country.as_str();
        for row in &mut rows {
            row.item.prices = prices.remove(&row.item.uid).unwrap_or_default();
            row.item.regions = stock.remove(&row.item.uid).unwrap_or_default();
            let own: Vec<_> = row.item.prices.iter().filter(|tier| tier.country == home).cloned().collect();
            row.item.cost = PriceRow::of_one(&own);
            if let Some(here) = row.item.regions.get(region(home)) {
                row.item.stock.clone_from(&here.status);
            }
        }
        self.estimate(&mut rows, currency).await?;
        Ok(CataloguePage { items: rows.into_iter().map(|row| row.item).collect(), next })
    }

    async fn catalogues(&self) -> PortResult<Vec<Catalogue>> {
        self.ask_catalogues().await?.json()
    }

    /// `GET /v3/catalogs`: the cheapest call that needs the key.
    pub(super) async fn ask_catalogues(&self) -> PortResult<Answer> {
        self.look("catalogues", Method::GET, "/v3/catalogs", &["v3", "catalogs"], &[], None).await
    }

    async fn products(&self, uid: &str, offset: usize) -> PortResult<ProductsAnswer> {
        let body = json!({"limit": PAGE_PRODUCTS_MAX, "offset": offset});
        let (path, segments) = ("/v3/catalogs/{uid}/products:search", ["v3", "catalogs", uid, "products:search"]);
        self.look("products", Method::POST, path, &segments, &[], Some(body)).await?.json()
    }

    /// Prices in every country that is asked about. A product that they refuse to price has none; any other trouble ends the page, to be
    /// tried again.
    async fn prices(
        &self,
        asks: Vec<(String, Option<u64>)>,
        currency: Currency,
    ) -> PortResult<BTreeMap<String, Vec<PriceTier>>> {
        let asks = asks.into_iter().map(|(uid, pages)| async move {
            let mut tiers = Vec::new();
            for country in self.settings.countries() {
                tiers.extend(self.tiers(&uid, pages, country, currency).await?);
            }
            Ok((uid, tiers))
        });
        stream::iter(asks).buffer_unordered(PRICES_AT_ONCE).try_collect().await
    }

    async fn tiers(
        &self,
        uid: &str,
        pages: Option<u64>,
        country: &str,
        currency: Currency,
    ) -> PortResult<Vec<PriceTier>> {
        let pages = pages.map(|pages| pages.to_string());
        let mut query = vec![("country", country), ("currency", currency.code())];
        query.extend(pages.as_deref().map(|pages| ("pageCount", pages)));
        let (path, segments) = ("/v3/products/{uid}/prices", ["v3", "products", uid, "prices"]);
        match self.look("prices", Method::GET, path, &segments, &query, None).await {
            Ok(answer) => Ok(PriceRow::tiers(&answer.json::<Vec<PriceRow>>()?, country, currency)),
            Err(PortError::Invalid(_) | PortError::NotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn stock(&self, uids: Vec<&str>) -> PortResult<BTreeMap<String, BTreeMap<String, RegionStock>>> {
        if uids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let body = json!({"products": uids});
        let (path, segments) = ("/v3/stock/region-availability", ["v3", "stock", "region-availability"]);
        let answer = self.look("stock", Method::POST, path, &segments, &[], Some(body)).await?;
        Ok(answer.json::<StockAnswer>()?.by_product())
    }

    async fn look(
        &self,
        operation: &'static str,
        method: Method,
        template: &'static str,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<serde_json::Value>,
    ) -> PortResult<Answer> {
        let mut url = url(&self.settings.product_url, segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.ask(Ask { operation, effect: Effect::Read, class: Class::Bulk, method, template, url, body }).await
    }
}

fn parse(cursor: &str) -> Option<(String, usize)> {
    let (uid, offset) = cursor.rsplit_once('|')?;
    Some((uid.to_owned(), offset.parse().ok()?))
}
