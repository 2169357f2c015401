//! Every status and every way to lose an answer, for reads and for writes.

use super::*;
use crate::adapters::http::{Class, Method, Url};

fn call(effect: Effect) -> Call {
    Call {
        operation: "create",
        effect,
        class: Class::Prompt,
        method: Method::POST,
        template: "/v4/orders",
        url: Url::parse("http://127.0.0.1/v4/orders").expect("a URL"),
        credential: None,
        body: None,
        hide: vec!["secret-key".into(), "Lilas".into(), "DE".into()],
    }
}

fn answered(status: u16, body: &'static str) -> Sent {
    Sent::Answered { status, retry_after: None, body: Bytes::from_static(body.as_bytes()) }
}

fn kind(effect: Effect, sent: Sent) -> (Outcome, &'static str) {
    let (outcome, result) = judge("gelato", &call(effect), sent);
    (outcome, result.as_ref().map_or_else(hint, |_| "ok"))
}

#[test]
fn a_lost_write_is_ambiguous_and_a_lost_read_is_not() {
    use Outcome::{Answered, Failed};
    type Make = fn() -> Sent;
    let cases: [(Make, Outcome, &str, &str); 8] = [
        (|| Sent::Never, Failed, "transient", "transient"),
        (|| Sent::Lost { timed_out: true }, Failed, "transient", "ambiguous"),
        (|| Sent::Lost { timed_out: false }, Failed, "transient", "ambiguous"),
        (|| Sent::TooLong, Answered, "transient", "ambiguous"),
        (|| answered(502, "<html>Bad Gateway</html>"), Failed, "transient", "ambiguous"),
        (|| answered(302, ""), Answered, "transient", "ambiguous"),
        (|| answered(307, ""), Answered, "transient", "transient"),
        (|| answered(408, ""), Answered, "transient", "ambiguous"),
    ];
    for (sent, outcome, read, write) in cases {
        for effect in [Effect::Read, Effect::SlowRead] {
            assert_eq!(kind(effect, sent()), (outcome, read), "{:?}", sent());
        }
        assert_eq!(kind(Effect::Write, sent()), (outcome, write), "{:?}", sent());
    }
}

#[test]
fn a_refusal_says_what_to_do_next_whatever_the_effect() {
    for effect in [Effect::Read, Effect::Write] {
        for (status, error) in [
            (200, "ok"),
            (201, "ok"),
            (400, "invalid"),
            (422, "invalid"),
            (413, "invalid"),
            (401, "auth"),
            (403, "auth"),
            (404, "not_found"),
            (409, "conflict"),
        ] {
            assert_eq!(kind(effect, answered(status, "{}")), (Outcome::Answered, error), "{status}");
        }
        let asked = Some(Duration::from_secs(7));
        let sent = Sent::Answered { status: 429, retry_after: asked, body: Bytes::new() };
        assert_eq!(kind(effect, sent), (Outcome::Throttled(asked), "limited"));
    }
}

#[test]
fn sentences_come_from_any_documented_form_and_from_none() {
    let hide = [];
    for (body, text) in [
        (
            r#"{"code":"too_many","message":"Too many products requested: 273 of maximum 250."}"#,
            "Too many products requested: 273 of maximum 250.",
        ),
        (r#"{"message":"No."}"#, "No."),
        (r#"{"code":"invalid_api_key_provided"}"#, "invalid_api_key_provided"),
        (
            r#"{"message":"Bad.","errors":[{"field":"items[0].quantity","message":"At least 1."},{"reference":"plt-1","code":"gone"},"odd",7]}"#,
            "Bad.; items[0].quantity - At least 1.; plt-1 - gone; odd",
        ),
        ("<html><body>Bad Gateway</body></html>", "an HTML page"),
        ("upstream\ntimeout", "upstream timeout"),
        ("", ""),
        ("[]", ""),
        ("null", ""),
    ] {
        assert_eq!(sentence(body.as_bytes(), &hide), text, "{body}");
    }
    assert_eq!(sentence(&b"x".repeat(9000), &hide).len(), SENTENCE_CHARS_MAX);
    assert_eq!(sentence(&[0xff, 0xfe], &hide), "\u{fffd}\u{fffd}");
}

#[test]
fn neither_the_key_nor_the_address_comes_back() {
    let body = r#"{"message":"Key SECRET-KEY: '12 rue des lilas' in DE is too long, Lilasson is not."}"#;
    let (_, result) = judge("gelato", &call(Effect::Write), answered(400, body));
    let text = result.expect_err("refused").to_string();
    assert_eq!(text, "gelato refused create (400): Key …: '12 rue des …' in DE is too long, Lilasson is not.");
}
