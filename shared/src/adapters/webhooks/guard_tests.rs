//! The corpus of addresses, names that change their mind, and a door that stays shut.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::Hooks;
use super::*;
use crate::ports::PortError;
use crate::ports::webhooks::{Post, Webhooks};

/// Answers of names: one list per question, the last one for ever.
struct Answers(Vec<Vec<IpAddr>>, AtomicUsize);

#[async_trait]
impl Lookup for Answers {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let at = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        Ok(self.0[at].clone())
    }
}

fn guard(answers: Vec<Vec<IpAddr>>) -> Guard {
    Guard::new(Doors::default(), Arc::new(Answers(answers, AtomicUsize::new(0))))
}

async fn connects(guard: &Guard) -> bool {
    guard.resolve("shop.example".parse().expect("a name")).await.is_ok()
}

#[tokio::test]
async fn every_address_of_the_corpus_is_judged_as_it_says() {
    let text = include_str!("../../../../fixtures/webhooks/addresses.json");
    let file: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in cases {
        let answers: Vec<IpAddr> = match case["answers"].as_array() {
            Some(all) => all.iter().map(|ip| ip.as_str().expect("text").parse().expect("an address")).collect(),
            None => vec!["93.184.216.34".parse().expect("an address")],
        };
        let guard = guard(vec![answers]);
        let lets = guard.doors().url(case["url"].as_str().expect("text")).is_ok() && connects(&guard).await;
        assert_eq!(!lets, case["refused"].as_bool().expect("a verdict"), "{case}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_each_time_it_is_asked() {
    let [public, own]: [IpAddr; 2] = ["93.184.216.34", "127.0.0.1"].map(|ip| ip.parse().expect("an address"));
    let guard = guard(vec![vec![public], vec![own], vec![public]]);
    assert!(connects(&guard).await && !connects(&guard).await && connects(&guard).await);
}

#[tokio::test]
async fn nobody_is_called_at_an_address_that_is_not_public() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hooks = Hooks::new(guard(vec![vec!["127.0.0.1".parse().expect("an address")]]));
    for url in [
        format!("https://shop.example:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/"),
    ] {
        let post = Post { url, headers: Vec::new(), body: b"{}".to_vec() };
        assert!(matches!(hooks.post(&post).await, Err(PortError::Invalid(_))), "{}", post.url);
    }
    let heard = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(heard.is_err(), "somebody connected");
}

#[test]
fn allowed_ranges_are_let_through_over_plain_http_too() {
    let guard = Doors::new(vec!["10.1.0.0/16".parse().expect("a range")]);
    assert!(guard.url("http://10.1.2.3:8080/hooks").is_ok() && guard.url("https://10.1.2.3/").is_ok());
    assert!(guard.url("http://10.2.0.1/").is_err() && guard.url("http://8.8.8.8/").is_err());
}
