//! The demo page of `platen dev` in a real browser: a name is typed, judged, previewed, approved, ordered, and its parcel arrives.
//!
//! Plain `cargo test` has no browser; `cargo xtask test` brings one, and fails when this did not run.

#[path = "../../api/tests/http/ops/driver.rs"]
mod driver;
#[path = "support/shell.rs"]
mod shell;

use std::process::Stdio;

use platen_shared::testing::{DEADLINE, suite_ran, until, until_within};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use driver::{Driver, programs};

/// The picture in the documents.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images/demo-page.png");
/// Two days at the printer in ten seconds.
const SPEED: &str = "20000";

/// The stack, and the address of its demo page.
async fn start(folder: &std::path::Path) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
    for name in shell::foreign() {
        command.env_remove(name);
    }
    command.args(["dev", "--port", "0", "--speed", SPEED, "--data"]).arg(folder);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("platen starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let page = async {
        loop {
            let line = lines.next_line().await.expect("readable").expect("dev goes on");
            if let Some(page) = line.trim().strip_prefix("demo page") {
                return page.split_whitespace().next().expect("an address").to_owned();
            }
        }
    };
    let page = tokio::time::timeout(DEADLINE, page).await.expect("dev says where its page is");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, page)
}

/// Puts a text into a field as if it had been typed: the driver cannot type beyond the first plane of Unicode.
async fn fill(driver: &Driver, css: &str, text: &str) {
    let script = format!(
        "(() => {{ const field = document.querySelector({}); field.focus(); field.value = {}; \
         field.dispatchEvent(new Event('input', {{ bubbles: true }})); return true; }})()",
        json!(css),
        json!(text)
    );
    driver.eval(&script).await;
}

async fn holds(driver: &Driver, what: &str, script: &str) {
    until(what, async || driver.eval(script).await == true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_becomes_a_parcel() {
    let Some((chromium, chromedriver)) = programs() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (mut stack, page) = start(folder.path()).await;
    let driver = Driver::start(&chromium, &chromedriver).await;
    driver.look(1280, 860, false).await;
    driver.open(&page).await;
    driver.is_at("/demo").await;
    assert!(driver.url().await.starts_with("http://127.0.0.1"));

    driver.sees("It will print exactly like this").await;
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        holds(&driver, "the fonts", "document.fonts.status === 'loaded'").await;
        let still = "document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)";
        holds(&driver, "nothing but steam moves", still).await;
        std::fs::write(PICTURE, driver.picture().await).expect("docs/images/demo-page.png");
    }
    is_refused_and_mended(&driver).await;
    fits_every_product_and_window(&driver).await;
    is_ordered_and_delivered(&driver).await;

    let complaints: Vec<_> = driver.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    driver.close().await;
    let pid =
        stack.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw).expect("it runs");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be asked to stop");
    let ended = tokio::time::timeout(DEADLINE, stack.wait()).await.expect("it stops in time").expect("it ended");
    assert_eq!(ended.code(), Some(0), "a graceful stop");
    suite_ran("demo", "chromium");
}

/// What cannot be printed is said in both languages, beside its field; what can be mended is.
async fn is_refused_and_mended(driver: &Driver) {
    fill(driver, "#input-wish", "Best Dad 🎉").await;
    driver.sees("The shipped fonts cannot draw U+1F389.").await;
    holds(driver, "no way to the preview", "document.getElementById('go').disabled").await;
    driver.click("#lang-fr").await;
    driver.sees("Les polices disponibles ne peuvent pas dessiner U+1F389.").await;
    driver.click("#lang-en").await;
    fill(driver, "#input-wish", "Best\u{202e} Dad").await;
    driver.sees("reorders what follows").await;
    holds(driver, "a way out", "!!document.querySelector('.mend')").await;
    driver.click(".mend").await;
    holds(driver, "the mended text", "document.getElementById('input-wish').value === 'Best Dad'").await;
    driver.write("#input-name", " Łukasz").await;
    holds(driver, "a valid design", "document.getElementById('verdict').className === 'verdict good'").await;
    fill(driver, "#input-name", "damn").await;
    driver.sees("a word that is not printed here").await;
    fill(driver, "#input-name", "Zoë & Łukasz").await;
    holds(driver, "a valid design", "!document.getElementById('go').disabled").await;
}

/// Nothing is wider than its window, on a desktop and on the narrowest phone, for every product.
async fn fits_every_product_and_window(driver: &Driver) {
    for (width, height) in [(360, 780), (1280, 860)] {
        driver.look(width, height, false).await;
        for product in ["tee-unisex-black", "poster-30x40", "mug-11oz-wrap"] {
            driver.click(&format!("[data-id='{product}']")).await;
            let drawn = format!(
                "document.querySelector('[data-id=\"{product}\"]').ariaPressed === 'true' && !!document.querySelector('.zone text') \
                 && !document.getElementById('go').disabled"
            );
            holds(driver, &format!("{product} at {width} px"), &drawn).await;
            assert_eq!(driver.eval("document.documentElement.scrollWidth").await, width, "{product} fits {width} px");
        }
    }
}

async fn is_ordered_and_delivered(driver: &Driver) {
    fill(driver, "#input-name", "Zoë").await;
    holds(driver, "a valid design", "!document.getElementById('go').disabled").await;
    driver.click("#go").await;
    driver.sees("This is what will be printed.").await;
    holds(
        driver,
        "the press's own picture",
        "!!document.querySelector('.zone image') && !document.getElementById('approve').disabled",
    )
    .await;
    let width = "(async () => { const image = new Image(); image.src = document.querySelector('.zone image').getAttribute('href'); \
                 await image.decode(); return image.naturalWidth; })()";
    assert_eq!(driver.eval(width).await, 1600, "as large as the press draws it");
    driver.click("#approve").await;
    driver.sees("Approved").await;
    driver.sees("Accepted by the printer").await;
    let arrived = async || driver.eval("!document.getElementById('again').hidden").await == true;
    until_within(2 * DEADLINE, "the parcel at the door", arrived).await;
    driver.sees("Delivered.").await;
    holds(driver, "its tracking code", "document.querySelector('#parcel code').textContent.length > 6").await;
    holds(driver, "every step done", "document.querySelectorAll('.road .past').length === 7").await;
    driver.click("#again").await;
    driver.sees("Put a name on it.").await;
}
