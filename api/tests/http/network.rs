//! No route calls the outside: the front names nothing that could, and its writes pass where there is no network at all.

use std::path::Path;
use std::process::Command;

/// What would reach out.
const REACHES_OUT: &[&str] = &[
    "reqwest",
    "adapters",
    "ports::provider",
    "Providers",
    "TcpStream",
    "UdpSocket",
    "process::Command",
    "hyper_util",
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).expect("a file")));
        }
    }
}

#[test]
fn the_front_names_nothing_that_calls_out() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 30, "the test looks in the wrong place");
    for (path, text) in found {
        for word in REACHES_OUT {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}

/// Runs the suites that write again, in a network namespace without even a loopback, where the machine allows one.
#[test]
fn every_write_passes_without_a_network() {
    let allowed = Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|out| out.status.success());
    if !allowed {
        return;
    }
    let this = std::env::current_exe().expect("this test");
    let suites = ["crossing::", "orders::", "operators::", "idempotency::", "caching::"];
    let out = Command::new("unshare")
        .arg("-rn")
        .arg(this)
        .args(suites)
        .env_remove("TEST_DATABASE_URL")
        .env_remove("PLATEN_SUITES_LOG")
        .output();
    let out = out.expect("unshare runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(String::from_utf8_lossy(&out.stdout).contains("test crossing::no_operation_reaches_another_tenant ... ok"));
}
