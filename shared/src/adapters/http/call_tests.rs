//! Calls against a socket that answers as it is told.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::adapters::http::{Gates, Http, Limits, Rate, correlated};
use crate::clock::SystemClock;
use crate::id::TenantId;

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    read: Duration::from_millis(150),
    write: Duration::from_secs(20),
    body_bytes_max: 1000,
};

/// Answers each connection with the next text (then closes it) and gives back what it was sent.
async fn server(answers: Vec<String>) -> (Url, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = Url::parse(&format!("http://{}/v4/orders", listener.local_addr().expect("an address"))).expect("a URL");
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut bytes = vec![0; 4096];
            let n = socket.read(&mut bytes).await.expect("a request");
            heard.push(String::from_utf8_lossy(&bytes[..n]).into_owned());
            if answer == "never" {
                let _ = socket.read(&mut bytes).await;
            }
            socket.write_all(answer.as_bytes()).await.expect("an answer");
        }
        heard
    });
    (url, heard)
}

fn account() -> Account {
    let gates = Arc::new(Gates::new(Arc::new(SystemClock::new())));
    Http::with_limits(gates, LIMITS).account("gelato", TenantId::new(), Rate { per_second: 100, burst: 100 })
}

fn call(effect: Effect, url: &Url) -> Call {
    let credential = Some((HeaderName::from_static("x-api-key"), HeaderValue::from_static("k")));
    let (operation, template, url) = ("create", "/v4/orders", url.clone());
    Call {
        operation,
        effect,
        class: Class::Prompt,
        method: Method::POST,
        template,
        url,
        credential,
        body: None,
        hide: vec![],
    }
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn sends_the_key_the_agent_and_the_correlation() {
    let (url, heard) = server(vec![http("200 OK", "{}"), http("200 OK", "{}")]).await;
    let account = account();
    let traced = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for id in [traced, "shop-77"] {
        correlated(id.into(), "submit_order", account.call(call(Effect::Read, &url))).await.expect("an answer");
    }
    let heard = heard.await.expect("both").join("\n");
    for line in ["x-api-key: k", concat!("user-agent: platen/", env!("CARGO_PKG_VERSION")), "x-correlation-id: shop-77"]
    {
        assert!(heard.contains(line), "{line} in {heard}");
    }
    assert!(heard.contains(&format!("traceparent: {traced}")));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_stays_here() {
    let (elsewhere, _) = server(vec![]).await;
    let (url, _) = server(vec![http(&format!("302 Found\r\nlocation: {elsewhere}"), "")]).await;
    let error = account().call(call(Effect::Read, &url)).await.expect_err("no redirect");
    assert!(matches!(&error, PortError::Transient(text) if text.contains("redirect")), "{error}");
}

#[tokio::test]
async fn a_long_answer_is_cut_off() {
    let (url, _) = server(vec![http("200 OK", &"x".repeat(1001)), http("200 OK", &"1".repeat(1000))]).await;
    let account = account();
    assert!(matches!(account.call(call(Effect::Write, &url)).await, Err(PortError::Ambiguous(_))));
    assert_eq!(account.call(call(Effect::Write, &url)).await.expect("just fits").body.len(), 1000);
}

#[tokio::test]
async fn silence_is_a_failure_after_the_limit() {
    let (url, _) = server(vec!["never".into()]).await;
    let error = account().call(call(Effect::Read, &url)).await.expect_err("no answer");
    assert!(matches!(&error, PortError::Transient(text) if text.contains("in time")), "{error}");
}

#[tokio::test]
async fn a_refused_connection_changed_nothing_and_five_open_the_breaker() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL");
    drop(listener);
    let account = account();
    for _ in 0..5 {
        assert!(matches!(account.call(call(Effect::Write, &url)).await, Err(PortError::Transient(_))));
    }
    assert!(matches!(account.call(call(Effect::Write, &url)).await, Err(PortError::Open { .. })));
}

#[tokio::test]
async fn a_good_status_with_a_page_is_not_an_answer() {
    let (url, _) = server(vec![http("200 OK", "<html>hello</html>"), http("200 OK", "<html>hello</html>")]).await;
    let account = account();
    let read = account.call(call(Effect::Read, &url)).await.expect("200").json::<Value>();
    let write = account.call(call(Effect::Write, &url)).await.expect("200").json::<Value>();
    assert!(matches!((read, write), (Err(PortError::Transient(_)), Err(PortError::Ambiguous(_)))));
}

#[tokio::test]
async fn a_pause_until_a_date_counts_from_the_answers_own_date() {
    let date = "date: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
    for (said, date, pause) in [
        ("Wed, 21 Oct 2015 07:30:00 GMT", date, 120),
        ("Wed, 21 Oct 2015 07:00:00 GMT", date, 0),
        ("Wed, 21 Oct 2015 07:30:00 GMT", "", 1),
        ("90", date, 90),
        ("soon", date, 1),
    ] {
        let (url, _) = server(vec![http(&format!("429 Too Many Requests\r\n{date}retry-after: {said}"), "")]).await;
        let error = account().call(call(Effect::Read, &url)).await.expect_err("429");
        let PortError::Limited { after } = error else { panic!("{error}") };
        assert_eq!(after.as_secs_f64().ceil() as u64, pause, "{said} {date}");
    }
}
