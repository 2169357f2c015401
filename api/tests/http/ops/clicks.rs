//! The status page in a real browser: it fits a desktop and a phone, the browser complains of nothing, and its buttons work.
//!
//! Plain `cargo test` has no browser and proves the forms without one; `cargo xtask test` brings one, and fails when this did not run.

use std::future::IntoFuture;

use platen_shared::testing::{TestDb, suite_ran};

use super::driver::{Driver, programs};
use super::scene::{self, Scene};
use crate::kit::{Kit, ROOT};

/// Desktop, and the narrowest phone in use.
const SIZES: [(u32, u32); 2] = [(1280, 900), (360, 780)];
/// The picture in the documents.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images/ops.png");

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_finds_the_way_with_a_mouse() {
    let Some((chromium, chromedriver)) = programs() else { return };
    let test = TestDb::sqlite().await;
    let kit = Kit::new(test.db.clone(), platen_api::Settings::default());
    let scene = scene::set(&kit).await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let home = format!("http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
    tokio::spawn(axum::serve(listener, kit.router.clone()).into_future());
    let driver = Driver::start(&chromium, &chromedriver).await;

    signs_in(&driver, &home, &scene.tenant.key).await;
    fits(&driver, &home, &scene).await;
    retries_and_cancels(&driver, &home, &scene).await;
    pauses_and_resumes(&driver, &home).await;
    driver.click(".out button").await;
    driver.is_at("/ops/login").await;
    signs_in(&driver, &home, ROOT).await;
    driver.click("td.lead a[href*='tenant=']").await;
    driver.is_at(&format!("?tenant={}", scene.tenant.id)).await;
    driver.sees("all tenants").await;

    driver.close().await;
    test.drop_it().await;
    suite_ran("ops", "chromium");
}

async fn signs_in(driver: &Driver, home: &str, key: &str) {
    driver.look(SIZES[0].0, SIZES[0].1, false).await;
    driver.open(&format!("{home}/ops")).await;
    assert!(driver.url().await.ends_with("/ops/login"), "who has no session is led to the form");
    driver.write("#key", key).await;
    driver.click("button.primary").await;
    driver.is_at("/ops").await;
}

/// No page is wider than its window, in either size, and the browser refuses nothing of it.
async fn fits(driver: &Driver, home: &str, scene: &Scene) {
    let pages = [
        ("overview", "/ops".to_owned()),
        ("jobs", "/ops/jobs".to_owned()),
        ("dead", format!("/ops/jobs/{}", scene.dead)),
        ("running", format!("/ops/jobs/{}", scene.running)),
        ("pauses", "/ops/pauses?what=kind:submit_order".to_owned()),
        ("refused", "/ops/jobs/none".to_owned()),
    ];
    for (width, height) in SIZES {
        for dark in [false, true] {
            driver.look(width, height, dark).await;
            for (name, path) in &pages {
                driver.open(&format!("{home}{path}")).await;
                let wide = driver.eval("document.documentElement.scrollWidth").await;
                assert_eq!(wide, width, "{name} does not fit {width} px");
                let styled = driver.eval("getComputedStyle(document.querySelector('.card')).borderTopStyle").await;
                assert_eq!(styled, "solid", "{name} has its style");
                keep(driver, &format!("{name}-{width}-{}", if dark { "dark" } else { "light" })).await;
            }
        }
    }
    let complaints: Vec<_> = driver.complaints().await.into_iter().filter(|line| !line.contains("404")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    driver.look(SIZES[0].0, SIZES[0].1, false).await;
    driver.open(&format!("{home}/ops")).await;
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        std::fs::write(PICTURE, driver.picture().await).expect("docs/images/ops.png");
    }
}

/// Keeps a picture for people to look at, where they asked for it.
async fn keep(driver: &Driver, name: &str) {
    if let Some(folder) = std::env::var_os("PLATEN_PICTURES") {
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, driver.picture().await).expect("a picture");
    }
}

async fn retries_and_cancels(driver: &Driver, home: &str, scene: &Scene) {
    driver.open(&format!("{home}/ops")).await;
    driver.click("#dead td.lead a").await;
    driver.is_at(&format!("/ops/jobs/{}", scene.dead)).await;
    driver.sees("postCode 6900 is not valid").await;
    driver.click("#retry").await;
    assert!(!driver.url().await.contains("said="), "the browser asks for the reason first");
    driver.write("#reason", "The customer sent the right post code").await;
    driver.click("#retry").await;
    driver.sees("ready again").await;
    driver.write("#reason", "Sent twice by mistake").await;
    driver.click("#cancel").await;
    driver.sees("The job is cancelled").await;
}

async fn pauses_and_resumes(driver: &Driver, home: &str) {
    driver.open(&format!("{home}/ops/pauses?what=queue:previews")).await;
    driver.write("form.stack #reason", "A font is broken").await;
    driver.click("#pause").await;
    driver.sees("A font is broken").await;
    driver.open(&format!("{home}/ops/jobs?queue=previews")).await;
    driver.sees("paused").await;
    driver.open(&format!("{home}/ops/pauses")).await;
    let before = driver.eval("document.querySelectorAll('.pause').length").await;
    driver.write(".pause:last-of-type input[name=reason]", "The font is mended").await;
    driver.click(".pause:last-of-type button").await;
    driver.sees("Resumed").await;
    let after = driver.eval("document.querySelectorAll('.pause').length").await;
    assert_eq!((before, after), (2.into(), 1.into()));
}
