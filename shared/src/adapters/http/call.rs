//! One call, from the gate to the answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Sent, hint, judge};
use super::{Account, CORRELATION, Class, HeaderName, HeaderValue, Method, Url};
use crate::ports::{PortError, PortResult};

/// Whether a call whose fate is unknown may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing, whatever its method: a repeat is free.
    Read,
    /// A read that may take as long as a write: the other side computes something for it.
    SlowRead,
    /// It changes something: without an answer, only a look-up may follow.
    Write,
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// A label for metrics and sentences, such as `create`; from a closed list.
    pub operation: &'static str,
    /// What it may change.
    pub effect: Effect,
    /// How long it waits for a token.
    pub class: Class,
    /// The HTTP method.
    pub method: Method,
    /// The path without ids, for logs.
    pub template: &'static str,
    /// Where to.
    pub url: Url,
    /// The credential.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// JSON.
    pub body: Option<Value>,
    /// Texts that no error sentence may repeat: the key, the address, links to files.
    pub hide: Vec<String>,
}

/// An answer with a good status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What came, at most as long as the limit.
    pub body: Bytes,
    /// How long they took, without our own waiting for the gate.
    pub took: Duration,
    provider: &'static str,
    operation: &'static str,
    effect: Effect,
}

impl Answer {
    /// The body as a type.
    ///
    /// # Errors
    /// A good status with an unreadable body leaves open what was done: [`PortError::Ambiguous`] after a write.
    pub fn json<T: DeserializeOwned>(&self) -> PortResult<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The error's own text can quote the body.
            let (line, column) = (error.line(), error.column());
            let text = format!(
                "{} answered {} with something that cannot be read (line {line}, column {column})",
                self.provider, self.operation
            );
            if self.effect == Effect::Write { PortError::Ambiguous(text) } else { PortError::Transient(text) }
        })
    }
}

impl Account {
    /// Makes a call: waits for the gate, sends, reads and judges.
    ///
    /// # Errors
    /// Every [`PortError`], as the status and the effect demand.
    pub async fn call(&self, call: Call) -> PortResult<Answer> {
        let permit = match self.gate.enter(call.class).await {
            Ok(permit) => permit,
            Err(error) => {
                self.count(&call, hint(&error));
                return Err(error);
            }
        };
        let started = Instant::now();
        let sent = self.send(&call).await;
        let status = if let Sent::Answered { status, .. } = &sent { *status } else { 0 };
        let (outcome, mut result) = judge(self.provider, &call, sent);
        let pause = permit.report(outcome).await;
        if let (Err(PortError::Limited { after }), Some(pause)) = (&mut result, pause) {
            *after = pause;
        }
        let took = started.elapsed();
        let outcome = result.as_ref().map_or_else(hint, |_| "ok");
        tracing::debug!(
            provider = self.provider, account = %self.hash, method = %call.method, path = call.template, status, outcome,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "{} called: {} {}", self.provider, call.operation, outcome,
        );
        self.count(&call, outcome);
        metrics::histogram!("platen_provider_call_seconds", "provider" => self.provider, "operation" => call.operation)
            .record(took.as_secs_f64());
        let (provider, operation, effect) = (self.provider, call.operation, call.effect);
        result.map(|body| Answer { body, took, provider, operation, effect })
    }

    fn count(&self, call: &Call, outcome: &'static str) {
        let labels = [("provider", self.provider), ("operation", call.operation), ("outcome", outcome)];
        metrics::counter!("platen_provider_calls_total", &labels).increment(1);
    }

    async fn send(&self, call: &Call) -> Sent {
        let limits = self.http.limits;
        let limit = if call.effect == Effect::Read { limits.read } else { limits.write };
        let client = match self.http.client() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "nothing can be asked of {}: {error}; run `platen doctor`", self.provider);
                return Sent::Never;
            }
        };
        let mut request = client.request(call.method.clone(), call.url.clone()).timeout(limit);
        if let Some((name, value)) = &call.credential {
            let mut value = value.clone();
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some((name, value)) = correlation() {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => return Sent::Never,
            Err(error) => return Sent::Lost { timed_out: error.is_timeout() },
        };
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|text| pause(text, header("date")));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limits.body_bytes_max => return Sent::TooLong,
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Sent::Answered { status, retry_after, body: body.into() },
                Err(error) => return Sent::Lost { timed_out: error.is_timeout() },
            }
        }
    }
}

/// `Retry-After`: seconds, or a date, which counts from the answer's own `Date` so that no two clocks have to agree. A date without that
/// says nothing; the own back-off is better.
fn pause(text: &str, date: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text.trim()).ok()?;
    let from = httpdate::parse_http_date(date?.trim()).ok()?;
    Some(until.duration_since(from).unwrap_or_default())
}

fn correlation() -> Option<(HeaderName, HeaderValue)> {
    let id = CORRELATION.try_with(Clone::clone).ok()?;
    let parts: Vec<&str> = id.split('-').collect();
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let traced = parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.iter().all(|part| hex(part));
    let name = HeaderName::from_static(if traced { "traceparent" } else { "x-correlation-id" });
    Some((name, HeaderValue::from_str(&id).ok()?))
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
