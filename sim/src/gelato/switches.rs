//! The switches as `platen sim --help` and the admin route list them. A test reads every example, and knows every kind.

use serde::Serialize;

/// One kind of fault.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Switch {
    /// Its name.
    pub kind: &'static str,
    /// As `--fault` takes it.
    pub example: &'static str,
    /// What it does.
    pub says: &'static str,
}

const fn switch(kind: &'static str, example: &'static str, says: &'static str) -> Switch {
    Switch { kind, example, says }
}

/// Every kind.
pub const SWITCHES: &[Switch] = &[
    switch(
        "dropReply",
        "dropReply:op=create,times=3",
        "takes effect, then cuts the connection without a byte of reply",
    ),
    switch("dropRequest", "dropRequest:op=search", "cuts the connection before anything happens"),
    switch("gate", "gate:op=release", "takes effect and holds the reply until POST /admin/gates/release"),
    switch(
        "status",
        "status:status=502,html=true,after=true",
        "a 5xx burst; with after, the call took effect all the same",
    ),
    switch("throttle", "throttle:retryAfter=2", "429, with or without Retry-After"),
    switch("slow", "slow:ms=1500,op=get", "answers late; the effect is not"),
    switch("redirect", "redirect:location=http://127.0.0.1:1/", "redirects to another host"),
    switch(
        "reference",
        "reference:policy=conflict",
        "a repeated reference is refused with 409 (conflict), replayed (replay) or one more order (duplicate)",
    ),
    switch("forceSplit", "forceSplit", "every item becomes an order of its own, connected with the others"),
    switch(
        "refuseQuote",
        "refuseQuote:form=priceZero",
        "a 200 that means no: reasonCode, empty, missingItem, priceZero, outOfStockMethod",
    ),
    switch("searchLag", "searchLag:virtualSeconds=30", "a new order shows in search only later"),
    switch("failUploading", "failUploading:comment=The product is out of stock", "a released order fails at uploading"),
    switch("hold", "hold:virtualSeconds=86400", "an order rests on_hold, then goes on"),
    switch("stuck", "stuck:status=in_production", "an order never gets beyond a status"),
    switch("delay", "delay:days=7", "production and delivery come later, and the estimate says so"),
    switch("returned", "returned", "the parcel comes back to the sender"),
    switch("untracked", "untracked", "travels without a code and ends at shipped"),
    switch("twoPackages", "twoPackages:lateSeconds=86400", "ships in two parcels, the second one later"),
    switch("cancelTooLate", "cancelTooLate", "a cancel call comes just too late: 409"),
    switch("unknownStatus", "unknownStatus:value=teleporting", "reads show a status that nobody knows"),
    switch("fallbackDelivery", "fallbackDelivery", "no carrier: api_fallback_delivery at price 0"),
    switch("priceFactor", "priceFactor:permille=1100", "orders cost more than was quoted"),
    switch("file", "file:how=missing,op=create", "print files answer forbidden, missing, slow or wrongType"),
    switch(
        "hook",
        "hook:how=twice,probability=0.3",
        "webhooks are lost, sent twice, reordered, in their oldForm or with a wrongSecret",
    ),
    switch(
        "patch",
        "{\"kind\": \"patch\", \"op\": \"get\", \"merge\": {\"id\": null}}",
        "changes good replies: other types, missing fields, somebody else's order",
    ),
    switch(
        "answer",
        "{\"kind\": \"answer\", \"op\": \"get\", \"text\": \"<html>\"}",
        "a recorded answer, HTML for one",
    ),
];

/// The list as text.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "Switches, for --fault, POST /admin/faults and scenario files. Every one takes op=CALL (create, get, search, quote, release, cancel, \
         delete, …), times=N,\nprobability=SHARE, referencePrefix=TEXT and key=KEY besides its own. Drafts are never preflighted, and a cancelled \
         order gets a refund receipt, always.\n\n",
    );
    for switch in SWITCHES {
        text.push_str(&format!("  --fault '{}'\n      {}\n", switch.example, switch.says));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::gelato::faults::{Fault, FaultKind};

    /// A new kind of fault does not compile until it has its line here, and does not pass until it has one above.
    fn name(kind: &FaultKind) -> &'static str {
        match kind {
            FaultKind::DropReply => "dropReply",
            FaultKind::DropRequest => "dropRequest",
            FaultKind::Gate => "gate",
            FaultKind::Status { .. } => "status",
            FaultKind::Throttle { .. } => "throttle",
            FaultKind::Slow { .. } => "slow",
            FaultKind::Redirect { .. } => "redirect",
            FaultKind::ForceSplit => "forceSplit",
            FaultKind::RefuseQuote { .. } => "refuseQuote",
            FaultKind::SearchLag { .. } => "searchLag",
            FaultKind::FailUploading { .. } => "failUploading",
            FaultKind::Hold { .. } => "hold",
            FaultKind::UnknownStatus { .. } => "unknownStatus",
            FaultKind::FallbackDelivery => "fallbackDelivery",
            FaultKind::TwoPackages { .. } => "twoPackages",
            FaultKind::Untracked => "untracked",
            FaultKind::Stuck { .. } => "stuck",
            FaultKind::Returned => "returned",
            FaultKind::Delay { .. } => "delay",
            FaultKind::CancelTooLate => "cancelTooLate",
            FaultKind::File { .. } => "file",
            FaultKind::Hook { .. } => "hook",
            FaultKind::Patch { .. } => "patch",
            FaultKind::Answer { .. } => "answer",
            FaultKind::PriceFactor { .. } => "priceFactor",
            FaultKind::Reference { .. } => "reference",
        }
    }

    #[test]
    fn every_switch_is_listed_with_an_example_that_is_read() {
        let mut listed = BTreeSet::new();
        for switch in SWITCHES {
            let fault = Fault::read(switch.example).unwrap_or_else(|error| panic!("{}: {error:#}", switch.example));
            assert_eq!(name(&fault.kind), switch.kind);
            assert!(listed.insert(switch.kind) && help().contains(switch.example));
        }
        assert_eq!(listed.len(), 26, "as many as `name` knows");
    }

    #[test]
    fn a_misspelt_switch_is_an_error_that_says_so() {
        for (text, says) in [
            ("dropReply:tims=3", "tims"),
            ("dropReplay", "cannot be read"),
            ("slow:ms", "name=value"),
            ("{\"kind\": \"slow\"", "no JSON object"),
        ] {
            let error = format!("{:#}", Fault::read(text).expect_err(text));
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
