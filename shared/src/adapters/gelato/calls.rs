//! One function per call of theirs: path, effect, credential. No decisions.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Gelato;
use super::wire::{self, SearchRow};
use crate::adapters::http::{Answer, Call, Class, Effect, HeaderName, HeaderValue, Method, Url};
use crate::ports::provider::{OrderRequest, Part};
use crate::ports::{PortError, PortResult};

/// Rows of a page of search; the most they allow.
const SEARCH_ROWS_MAX: usize = 100;
/// Pages of one search: a reference with more orders than this is a fault of somebody's, not an order.
const SEARCH_PAGES_MAX: usize = 5;

/// A call before it has a credential.
pub(super) struct Ask {
    pub(super) operation: &'static str,
    pub(super) effect: Effect,
    pub(super) class: Class,
    pub(super) method: Method,
    pub(super) template: &'static str,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
}

impl Gelato {
    /// Sends a call with the account's key.
    pub(super) async fn ask(&self, ask: Ask) -> PortResult<Answer> {
        let Ask { operation, effect, class, method, template, url, body } = ask;
        let key = self.key.expose_secret();
        let value = HeaderValue::from_str(key)
            .map_err(|_| PortError::Auth("the key of this account holds characters that no header can carry".into()))?;
        let mut hide = body.as_ref().map(wire::private).unwrap_or_default();
        hide.push(key.to_owned());
        let credential = Some((HeaderName::from_static("x-api-key"), value));
        self.account.call(Call { operation, effect, class, method, template, url, credential, body, hide }).await
    }

    fn order_url(&self, segments: &[&str]) -> PortResult<Url> {
        url(&self.settings.order_url, &[&["v4"], segments].concat())
    }

    /// `POST /v4/orders:quote`.
    pub(super) async fn ask_quote(&self, order: &OrderRequest) -> PortResult<wire::QuoteAnswer> {
        let ask = Ask {
            operation: "quote",
            effect: Effect::SlowRead,
            class: Class::Underway,
            method: Method::POST,
            template: "/v4/orders:quote",
            url: self.order_url(&["orders:quote"])?,
            body: Some(wire::quote_body(order)),
        };
        self.ask(ask).await?.json()
    }

    /// `POST /v4/orders:search` for our reference, every page.
    pub(super) async fn ask_search(&self, reference: &str) -> PortResult<Vec<SearchRow>> {
        let asked = json!({"orderReferenceId": reference});
        match self.search(Class::Prompt, &asked, SEARCH_PAGES_MAX).await? {
            // A server that ignores the filter must not make a stranger's order ours.
            (rows, true) => Ok(rows.into_iter().filter(|row| row.is_of(reference)).collect()),
            (_, false) => Err(PortError::Conflict(format!(
                "gelato holds more than {} orders under one reference",
                SEARCH_PAGES_MAX * SEARCH_ROWS_MAX
            ))),
        }
    }

    /// `POST /v4/orders:search`, page by page, newest first; `true` when the last page came before `pages_max` were read.
    pub(super) async fn search(
        &self,
        class: Class,
        asked: &Value,
        pages_max: usize,
    ) -> PortResult<(Vec<SearchRow>, bool)> {
        let mut rows = Vec::new();
        for page in 0..pages_max {
            let mut body = asked.clone();
            body["limit"] = SEARCH_ROWS_MAX.into();
            body["offset"] = (page * SEARCH_ROWS_MAX).into();
            let ask = Ask {
                operation: "search",
                effect: Effect::Read,
                class,
                method: Method::POST,
                template: "/v4/orders:search",
                url: self.order_url(&["orders:search"])?,
                body: Some(body),
            };
            let found = self.ask(ask).await?.json::<wire::SearchAnswer>()?.orders;
            let last = found.len() < SEARCH_ROWS_MAX;
            rows.extend(found);
            if last {
                return Ok((rows, true));
            }
        }
        Ok((rows, false))
    }

    /// `POST /v4/orders`.
    pub(super) async fn ask_create(&self, order: &OrderRequest, method: &str) -> PortResult<Part> {
        let ask = Ask {
            operation: "create",
            effect: Effect::Write,
            class: Class::Underway,
            method: Method::POST,
            template: "/v4/orders",
            url: self.order_url(&["orders"])?,
            body: Some(wire::create_body(order, method)),
        };
        wire::part(&self.ask(ask).await?)
    }

    /// `GET /v4/orders/{id}`.
    pub(super) async fn read(&self, id: &str) -> PortResult<Part> {
        self.read_as(Class::Underway, id).await
    }

    /// The same for a class of calls.
    pub(super) async fn read_as(&self, class: Class, id: &str) -> PortResult<Part> {
        let ask = Ask { class, ..self.one("get", Effect::Read, Method::GET, id, "")? };
        let part = wire::part(&self.ask(ask).await?)?;
        if part.id == id {
            return Ok(part);
        }
        Err(PortError::Transient("gelato answered a question about one order with another".into()))
    }

    /// `PATCH /v4/orders/{id}`: the call that costs money.
    pub(super) async fn ask_promote(&self, id: &str) -> PortResult<Part> {
        let body = Some(json!({"orderType": "order"}));
        let ask = Ask { body, ..self.one("release", Effect::Write, Method::PATCH, id, "")? };
        wire::part(&self.ask(ask).await?)
    }

    /// `POST /v4/orders/{id}:cancel`.
    pub(super) async fn ask_cancel(&self, id: &str) -> PortResult<()> {
        self.ask(self.one("cancel", Effect::Write, Method::POST, id, ":cancel")?).await.map(drop)
    }

    /// `DELETE /v4/orders/{id}`.
    pub(super) async fn ask_delete(&self, id: &str) -> PortResult<()> {
        self.ask(self.one("delete", Effect::Write, Method::DELETE, id, "")?).await.map(drop)
    }

    fn one(&self, operation: &'static str, effect: Effect, method: Method, id: &str, action: &str) -> PortResult<Ask> {
        let template = if action.is_empty() { "/v4/orders/{id}" } else { "/v4/orders/{id}:cancel" };
        let url = self.order_url(&["orders", &format!("{id}{action}")])?;
        Ok(Ask { operation, effect, class: Class::Underway, method, template, url, body: None })
    }
}

/// A base of the settings with path segments behind it, each percent-encoded.
pub(super) fn url(base: &str, segments: &[&str]) -> PortResult<Url> {
    let bad = || PortError::Invalid("a base URL in this account's settings is not an http URL".to_owned());
    // An id of nothing or dots would name another resource than the one that was meant.
    if segments.iter().any(|segment| matches!(*segment, "" | "." | ".." | ":cancel")) {
        return Err(PortError::Invalid("an empty id names nothing".into()));
    }
    let mut url = Url::parse(base).map_err(|_| bad())?;
    url.path_segments_mut().map_err(|()| bad())?.pop_if_empty().extend(segments);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_segment() {
        let text = |base, segments: &[&str]| url(base, segments).map(|url| url.to_string());
        assert_eq!(
            text("https://x.example", &["v4", "orders", "a/b?c"]),
            Ok("https://x.example/v4/orders/a%2Fb%3Fc".into())
        );
        assert_eq!(
            text("http://x.example/proxy/", &["v4", "orders:search"]),
            Ok("http://x.example/proxy/v4/orders:search".into())
        );
        for segments in [&["v4", "orders", ""], &["v4", "orders", ".."], &["v4", "orders", ":cancel"]] {
            assert!(text("https://x.example", segments).is_err());
        }
        assert!(text("mailto:x@example.org", &["v4"]).is_err());
    }
}
