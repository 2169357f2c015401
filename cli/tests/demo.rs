//! The main job on the real binary: one order from a design to two delivered parcels, and the same with the worker killed.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use std::path::Path;

use serde_json::Value;

use cli::{platen, said};

fn run(words: &[&str]) -> (Value, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let data = data.to_str().expect("UTF-8");
    let output = platen(&[&["demo", "--json", "--data", data], words].concat()).output().expect("the demo starts");
    let (code, out, err) = said(&output);
    assert_eq!(code, 0, "{out}\n{err}");
    let last = out.lines().last().expect("a last line");
    (serde_json::from_str(last).expect("the last line is one JSON object"), folder)
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn sha256(path: &Path) -> String {
    platen_shared::canon::sha256_hex(std::fs::read(path).expect("the file is there"))
}

/// Every field that is promised, and nothing else.
fn check(told: &Value) {
    let wanted = [
        "bundle",
        "jobs",
        "money",
        "order",
        "preview",
        "providerOrders",
        "releases",
        "seconds",
        "shipments",
        "specHash",
        "thumbnail",
    ];
    assert_eq!(names(told), wanted);
    assert!(told["order"]["id"].as_str().is_some_and(|id| id.starts_with("ord_")), "{told}");
    assert_eq!(told["order"]["state"], "delivered");
    assert_eq!(
        (told["providerOrders"].as_u64(), told["releases"].as_u64(), told["shipments"].as_u64()),
        (Some(1), Some(1), Some(2))
    );
    for file in ["preview", "bundle"] {
        let path = Path::new(told[file]["path"].as_str().expect("a path"));
        assert_eq!(Some(sha256(path).as_str()), told[file]["sha256"].as_str(), "{file}");
    }
    let thumbnail = std::fs::read(told["thumbnail"]["path"].as_str().expect("a path")).expect("the thumbnail is there");
    assert_eq!(thumbnail[16..24], [0, 0, 0, 200, 0, 0, 0, 200], "a PNG of 200 by 200 pixels");
    assert_eq!(told["specHash"].as_str().map(str::len), Some(64));
    let money = &told["money"];
    assert_eq!((money["currency"].as_str(), money["sumMinor"].as_i64()), (Some("EUR"), Some(0)));
    let lines: Vec<(&str, i64)> = money["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (line["account"].as_str().expect("an account"), line["minor"].as_i64().expect("an amount")))
        .collect();
    assert_eq!(lines.iter().map(|(_, minor)| minor).sum::<i64>(), 0);
    let of = |start: &str| lines.iter().filter(|(account, _)| account.starts_with(start)).count();
    assert_eq!(
        (of("gross"), of("tax"), of("provider_cost:gelato"), of("platform_fee"), of("creator:"), of("royalty:")),
        (1, 1, 1, 1, 1, 3)
    );
    let sales = lines.iter().find(|(account, _)| *account == "gross").map(|(_, minor)| -minor);
    assert_eq!(money["grossMinor"].as_i64(), sales, "the whole gross is shared out");
    assert!(told["jobs"]["succeeded"].as_u64().is_some_and(|n| n > 12), "{told}");
    assert_eq!(told["jobs"]["dead"], 0);
    assert!(told["seconds"].as_f64().is_some_and(|s| s < 60.0), "under a minute: {told}");
}

#[test]
fn an_order_travels_from_a_design_to_two_delivered_parcels() {
    let (told, _folder) = run(&["--seed", "7"]);
    check(&told);
    assert_eq!(told["jobs"]["recovered"], 0);
}

#[test]
fn a_worker_killed_after_the_printers_acceptance_leaves_one_order() {
    let (told, _folder) = run(&["--crash"]);
    check(&told);
    assert!(told["jobs"]["recovered"].as_u64().is_some_and(|n| n >= 1), "{told}");
}

/// The folder is emptied at the start, so it must be one of the demo's own.
#[test]
fn a_folder_with_other_things_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("thesis.txt"), "years of work").expect("written");
    let output = platen(&["demo", "--data", folder.path().to_str().expect("UTF-8")]).output().expect("the demo starts");
    let (code, _, err) = said(&output);
    assert_eq!(code, 1);
    assert!(err.contains("holds other things"), "{err}");
    assert!(folder.path().join("thesis.txt").is_file());
}
