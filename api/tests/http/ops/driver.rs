//! A real browser, driven over WebDriver: the little of it that these tests need.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use platen_shared::testing::{DEADLINE, until};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How often a click is repeated when the page was loaded anew between finding and clicking.
const TRIES: usize = 5;

/// A browser with one window; gone when dropped.
pub(super) struct Driver {
    http: reqwest::Client,
    session: String,
    _process: Child,
}

/// The programs of this run; `cargo xtask test` always names them.
pub(super) fn programs() -> Option<(String, String)> {
    let named = |name: &str| std::env::var(name).ok().filter(|path| !path.is_empty());
    Some((named("TEST_CHROMIUM")?, named("TEST_CHROMEDRIVER")?))
}

impl Driver {
    /// Starts the driver on a free port and opens a window.
    pub(super) async fn start(chromium: &str, chromedriver: &str) -> Driver {
        let mut command = Command::new(chromedriver);
        command.args(["--port=0", "--allowed-ips=127.0.0.1"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).kill_on_drop(true).spawn().expect("chromedriver starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let port = async {
            loop {
                let line = lines.next_line().await.expect("readable").expect("chromedriver goes on");
                if let Some((_, port)) = line.rsplit_once("successfully on port ") {
                    return port.trim_end_matches('.').to_owned();
                }
            }
        };
        let port = tokio::time::timeout(DEADLINE, port).await.expect("chromedriver says its port");
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().expect("a client");
        let args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let url = format!("http://127.0.0.1:{port}/session");
        let made: Value = http.post(&url).json(&wanted).send().await.expect("an answer").json().await.expect("JSON");
        let id = made["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no window: {made}"));
        Driver { session: format!("{url}/{id}"), http, _process: process }
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let url = format!("{}/{path}", self.session);
        let request = if body.is_null() { self.http.get(url) } else { self.http.post(url).json(body) };
        let answer = request.send().await.expect("the driver answers");
        let good = answer.status().is_success();
        let value = answer.json::<Value>().await.expect("JSON")["value"].take();
        if good { Ok(value) } else { Err(value) }
    }

    async fn must(&self, path: &str, body: &Value) -> Value {
        self.ask(path, body).await.unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    /// Opens a page.
    pub(super) async fn open(&self, url: &str) {
        self.must("url", &json!({ "url": url })).await;
    }

    /// Where it is.
    pub(super) async fn url(&self) -> String {
        self.must("url", &Value::Null).await.as_str().expect("an address").to_owned()
    }

    /// What a script says.
    pub(super) async fn eval(&self, script: &str) -> Value {
        self.must("execute/sync", &json!({ "script": format!("return {script}"), "args": [] })).await
    }

    /// Waits until these words can be read on the page: a click returns before the next page is there.
    pub(super) async fn sees(&self, words: &str) {
        let text = async || self.eval("document.body ? document.body.innerText : ''").await;
        let reads = async || text().await.as_str().is_some_and(|text| text.contains(words));
        until(&format!("“{words}” on the page"), reads).await;
    }

    /// Waits until it is at an address that ends so.
    pub(super) async fn is_at(&self, end: &str) {
        until(&format!("an address that ends in {end}"), async || self.url().await.ends_with(end)).await;
    }

    /// Does something to the first element of a selector: `click`, or `value` with what is typed.
    async fn act(&self, css: &str, what: &str, body: &Value) {
        for left in (0..TRIES).rev() {
            let found = self.must("element", &json!({ "using": "css selector", "value": css })).await;
            let element = found.as_object().and_then(|o| o.values().next()?.as_str().map(str::to_owned));
            let element = element.unwrap_or_else(|| panic!("{css} is not on the page: {found}"));
            match self.ask(&format!("element/{element}/{what}"), body).await {
                Ok(_) => return,
                Err(error) => assert!(left > 0 && error["error"] == "stale element reference", "{css}: {error}"),
            }
        }
    }

    /// Clicks.
    pub(super) async fn click(&self, css: &str) {
        self.act(css, "click", &json!({})).await;
    }

    /// Types.
    pub(super) async fn write(&self, css: &str, text: &str) {
        self.act(css, "value", &json!({ "text": text })).await;
    }

    /// Takes the window's size, its density, and whether the person prefers dark pages.
    pub(super) async fn look(&self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        for (cmd, params) in [("Emulation.setDeviceMetricsOverride", size), ("Emulation.setEmulatedMedia", media)] {
            self.must("goog/cdp/execute", &json!({ "cmd": cmd, "params": params })).await;
        }
    }

    /// What the browser complains of: refused styles, missing files, errors.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = self.must("se/log", &json!({ "type": "browser" })).await;
        let lines = log.as_array().into_iter().flatten();
        lines.filter_map(|line| line["message"].as_str().map(str::to_owned)).collect()
    }

    /// A picture of the window, as PNG.
    pub(super) async fn picture(&self) -> Vec<u8> {
        let text = self.must("screenshot", &Value::Null).await;
        base64::engine::general_purpose::STANDARD.decode(text.as_str().expect("a picture")).expect("base64")
    }

    /// Closes the window, and with it the browser.
    pub(super) async fn close(self) {
        let closing = self.http.delete(&self.session).timeout(Duration::from_secs(10)).send();
        closing.await.expect("the window closes");
    }
}
