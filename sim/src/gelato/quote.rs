//! `POST /v4/orders:quote`: prices and shipping, one quote per facility. It creates nothing.

use serde_json::{Value, json};

use super::app::App;
use super::faults::{FaultKind, QuoteRefusal, Subject};
use super::order::{Item, Method};
use super::plan::{self, Part};
use super::render::date;
use super::reply::{Refusal, Reply};
use super::shipping;
use super::validate::{Form, Parsed, parse};
use crate::dice;
use crate::money::Micros;

pub(crate) fn quote(app: &App, subject: &Subject, body: &Value) -> Result<Reply, Refusal> {
    let parsed = parse(body, Form::Quote)?;
    let items = plan::items(app, &parsed, false)?;
    let refusal = app.fault(subject, |k| match k {
        FaultKind::RefuseQuote { form } => Some(*form),
        _ => None,
    });
    let multiple = body["allowMultipleQuotes"] == Value::Bool(true) || body["allowMultipleQuotes"] == "true";
    let fallback = app.fault(subject, |k| matches!(k, FaultKind::FallbackDelivery).then_some(())).is_some();
    let parts = plan::split(app, items, &parsed.country, false);
    let offer = Offer { app, parsed: &parsed, fallback };
    let mut quotes: Vec<Value> = if multiple {
        parts.iter().enumerate().map(|(n, part)| offer.quote(n, part, false)).collect()
    } else {
        // One facility has to do: what it cannot make is missing.
        let partly = parts.len() > 1;
        parts.first().map(|part| offer.quote(0, part, partly)).into_iter().collect()
    };
    let mut answer = json!({"orderReferenceId": parsed.reference});
    if let Some(form) = refusal {
        refuse(form, &mut quotes, &mut answer);
    }
    answer["quotes"] = Value::from(quotes);
    Ok(Reply::ok(answer))
}

struct Offer<'a> {
    app: &'a App,
    parsed: &'a Parsed,
    fallback: bool,
}

impl Offer<'_> {
    fn quote(&self, n: usize, part: &Part, partly: bool) -> Value {
        let sold_out = plan::out_of_stock(self.app, &part.items, &self.parsed.country, self.app.now());
        let mut methods = shipping::methods(&self.parsed.country, part.grams(), &self.parsed.currency);
        if self.fallback {
            methods = vec![shipping::fallback()];
        }
        let mut methods: Vec<Value> = methods.iter().map(|m| self.method(m, part)).collect();
        if partly || sold_out {
            methods.push(self.method(&out_of_stock(), part));
        }
        let references: Vec<&String> = part.items.iter().map(|item| &item.reference).collect();
        let label = format!("quote/{}/{n}/{}", self.parsed.reference, self.app.now());
        json!({
            "id": dice::id(self.app.config.seed, &label),
            "itemReferenceIds": references,
            "fulfillmentCountry": part.facility.get(..2).map(str::to_uppercase),
            "products": part.items.iter().map(|item| self.product(item)).collect::<Vec<_>>(),
            "shipmentMethods": methods,
        })
    }

    /// An item that cannot be made now is quoted at price 0, which never means free.
    fn product(&self, item: &Item) -> Value {
        let one = std::slice::from_ref(item);
        let sold_out = plan::out_of_stock(self.app, one, &self.parsed.country, self.app.now());
        let price = if sold_out { Micros::ZERO } else { item.price };
        json!({
            "itemReferenceId": item.reference, "productUid": item.product_uid, "quantity": item.quantity,
            "pageCount": item.page_count, "price": price.number(), "currency": self.parsed.currency,
        })
    }

    fn method(&self, method: &Method, part: &Part) -> Value {
        let (min, max) = method.days;
        let now = self.app.now();
        json!({
            "name": method.name, "shipmentMethodUid": method.uid, "type": method.kind,
            "price": method.price.number(), "currency": self.parsed.currency,
            "minDeliveryDays": min, "maxDeliveryDays": max,
            "minDeliveryDate": date(now, min), "maxDeliveryDate": date(now, max),
            "isPrivate": method.kind != "pallet", "isBusiness": true,
            "totalWeight": part.grams(), "numberOfParcels": 1,
        })
    }
}

fn out_of_stock() -> Method {
    Method {
        uid: "api_out_of_stock_for_part_order".to_owned(),
        name: "Out of stock for part of the order".to_owned(),
        ..shipping::fallback()
    }
}

/// Turns a good answer into one of the refusals seen with HTTP 200.
fn refuse(form: QuoteRefusal, quotes: &mut Vec<Value>, answer: &mut Value) {
    let last = |quotes: &mut Vec<Value>, act: &dyn Fn(&mut Vec<Value>)| {
        if let Some(Value::Array(rows)) = quotes.last_mut().map(|q| &mut q["products"]) {
            act(rows);
        }
    };
    match form {
        QuoteRefusal::ReasonCode => {
            quotes.clear();
            answer["refusalReasonCode"] = Value::from("not_deliverable");
            answer["refusalReason"] = Value::from("The order cannot be produced or delivered.");
        }
        QuoteRefusal::Empty => quotes.clear(),
        QuoteRefusal::MissingItem => last(quotes, &|rows| {
            rows.pop();
        }),
        QuoteRefusal::PriceZero => last(quotes, &|rows| {
            if let Some(row) = rows.last_mut() {
                row["price"] = Value::from(0);
            }
        }),
        QuoteRefusal::OutOfStockMethod => {
            if let Some(Value::Array(methods)) = quotes.last_mut().map(|q| &mut q["shipmentMethods"]) {
                methods.clear();
                methods.push(json!({
                    "name": "", "shipmentMethodUid": "api_out_of_stock_for_part_order", "type": "normal",
                    "price": 0, "currency": null, "minDeliveryDays": 0, "maxDeliveryDays": 0,
                }));
            }
        }
    }
}
