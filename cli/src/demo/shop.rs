//! A shop on Platen: its tenant and keys, its catalogue, products and designs.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::design::{self, Product};
use super::follow::{Story, line};
use super::people::Cast;
use crate::stack::Folder;

static STAR: &[u8] = include_bytes!("../../../fixtures/demo/star.png");
static PHOTO: &[u8] = include_bytes!("../../../fixtures/demo/gradient-photo.jpg");

/// Fewer than this is not the whole catalogue.
const PRODUCTS_MIN: i64 = 300;
/// Between two looks at something that is being waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A tenant of an installation, with a key per role.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(super) client: Client,
    pub(super) story: Story,
    /// All scopes: the tenant's own admin.
    pub(crate) admin: String,
    /// Reads and writes: the web app.
    pub(super) app: String,
    /// Approves designs: an editor.
    pub(super) editor: String,
    /// Payments and jobs: the back office.
    pub(super) office: String,
}

/// A stored design.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    pub(super) title: &'static str,
    pub(super) spec_hash: String,
    pub(super) snapshot: String,
}

/// The two pictures as uploaded, by their hashes.
struct Pictures {
    star: String,
    photo: String,
}

impl Shop {
    /// Creates the tenant with the root key, its keys with its first one, and its account at the printer.
    pub(crate) async fn open(
        client: &Client,
        story: &Story,
        root_key: &str,
        cast: &Cast,
        printer_key: &str,
    ) -> Result<Shop> {
        let body = json!({ "name": cast.shop, "currency": "EUR", "platformFeeBps": cast.fee_bps });
        let made = client.post(root_key, "/v1/tenants", body).await?;
        let admin = text(&made, "/key/secret")?;
        let mut keys = Vec::new();
        for (name, scopes) in
            [("web app", vec!["read", "write"]), ("editor", vec!["read", "approve"]), ("back office", vec!["operate"])]
        {
            let key = client.post(&admin, "/v1/keys", json!({ "name": name, "scopes": scopes })).await?;
            keys.push(text(&key, "/secret")?);
        }
        client.write(&admin, Method::PUT, "/v1/connections/gelato", json!({ "apiKey": printer_key })).await?;
        let [app, editor, office] =
            keys.try_into().map_err(|_| anyhow::anyhow!("the api made another number of keys than asked"))?;
        story.say(&format!(
            "The shop \"{}\" is open: a tenant, four keys with scopes of their own, an account at the printer.",
            cast.shop
        ));
        Ok(Shop { client: client.clone(), story: story.clone(), admin, app, editor, office })
    }

    /// The same shop, opened earlier, with its admin's key for everything.
    pub(crate) fn known(client: &Client, story: &Story, admin: &str) -> Shop {
        let key = || admin.to_owned();
        Shop { client: client.clone(), story: story.clone(), admin: key(), app: key(), editor: key(), office: key() }
    }

    /// Syncs the printer's catalogue and waits for its last page; a schedule does the same every night.
    pub(crate) async fn sync_catalogue(&self) -> Result<()> {
        let nightly = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "0 3 * * *", "zone": "Europe/Paris" });
        self.client.write(&self.office, Method::PUT, "/v1/schedules/nightly-catalogue", nightly).await?;
        self.client.post(&self.app, "/v1/catalogue/syncs", json!({ "provider": "gelato" })).await?;
        let done = self.wait("the whole catalogue", Duration::from_secs(60), async || {
            let state = self.client.get(&self.app, "/v1/catalogue").await?;
            Ok(Some(state["items"][0].clone()).filter(|sync| sync["state"] == "done" && !sync["lastSyncAt"].is_null()))
        });
        let done = done.await?;
        let (items, pages) = (done["items"].as_i64().unwrap_or(0), done["pages"].as_i64().unwrap_or(0));
        if items < PRODUCTS_MIN || pages < 2 {
            bail!(
                "the catalogue holds {items} products of {pages} pages; at least {PRODUCTS_MIN} of several pages were expected"
            );
        }
        self.story.say(&format!("The printer's catalogue is here: {items} products, {pages} pages, each page a job; a schedule reads it again every night."));
        Ok(())
    }

    /// Puts two products on the shelf.
    pub(crate) async fn stock(&self, cast: &Cast) -> Result<[Product; 2]> {
        for (product, minor) in [(design::mug(), cast.mug_minor), (design::tee(), cast.tee_minor)] {
            self.shelve(cast, &product, minor).await?;
        }
        Ok([design::mug(), design::tee()])
    }

    /// Puts a poster on the shelf, of those that the printer has.
    pub(crate) async fn stock_poster(&self, cast: &Cast) -> Result<()> {
        let found = self.client.get(&self.app, "/v1/catalogue/items?catalogue=posters&limit=1").await?;
        let poster = design::poster(&text(&found, "/items/0/uid")?);
        self.shelve(cast, &poster, cast.mug_minor + 700).await
    }

    async fn shelve(&self, cast: &Cast, product: &Product, minor: i64) -> Result<()> {
        let body = json!({
            "title": product.title, "kind": product.kind, "zones": product.zones, "placements": product.placements, "provider": "gelato",
            "providerUid": product.provider_uid, "price": { "minor": minor, "currency": "EUR" }, "revenue": cast.revenue(),
            "rules": product.rules,
        });
        self.client.write(&self.app, Method::PUT, &format!("/v1/products/{}", product.id), body).await?;
        self.story.say(&format!("On the shelf: {} at {}.", product.title, euros(minor)));
        Ok(())
    }

    /// A key for web pages: it personalises and previews, and may stand there for everybody to read.
    pub(crate) async fn publishable_key(&self) -> Result<String> {
        let body = json!({ "name": "demo page", "scopes": ["widget"], "requestsPerSecond": 200 });
        text(&self.client.post(&self.admin, "/v1/keys", body).await?, "/secret")
    }

    async fn pictures(&self) -> Result<Pictures> {
        let star = self.client.upload(&self.app, "/v1/uploads", "image/png", STAR).await?;
        let photo = self.client.upload(&self.app, "/v1/uploads", "image/jpeg", PHOTO).await?;
        Ok(Pictures { star: text(&star, "/sha256")?, photo: text(&photo, "/sha256")? })
    }

    /// Posts two designs that cannot be printed, and shows why they are refused.
    pub(crate) async fn refusals(&self, cast: &Cast) -> Result<()> {
        for (what, spec) in [
            ("a letter that no font has", design::with_emoji()),
            ("a zone that the mug does not have", design::off_the_product(cast)),
        ] {
            let reply = self.client.try_post(&self.app, "/v1/specs", spec).await?;
            if reply.status != 422 {
                bail!("a design with {what} should have been refused with 422, and was answered {}", reply.status);
            }
            self.story.say(&format!("A design with {what} is refused (422): {}", reply.problem()));
        }
        Ok(())
    }

    /// Uploads the pictures and posts the product's design.
    pub(crate) async fn design(&self, product: &Product, cast: &Cast) -> Result<Design> {
        let pictures = self.pictures().await?;
        let spec = if product.kind == "mug" {
            design::for_mug(cast, &pictures.star, &pictures.photo)
        } else {
            design::for_tee(cast, &pictures.star)
        };
        let stored = self.client.post(&self.app, "/v1/specs", spec).await?;
        let spec_hash = text(&stored, "/hash")?;
        let snapshot =
            self.client.post(&self.app, "/v1/snapshots", json!({ "specHash": spec_hash, "source": "demo" })).await?;
        self.story.say(&format!(
            "A design for {} (\"{}\") is stored under its hash {}….",
            cast.name,
            product.title,
            &spec_hash[..12]
        ));
        Ok(Design { title: product.title, spec_hash, snapshot: text(&snapshot, "/id")? })
    }

    /// Approves and locks a design's snapshot.
    pub(crate) async fn freeze(&self, design: &Design) -> Result<()> {
        let path = format!("/v1/snapshots/{}", design.snapshot);
        self.client.post(&self.editor, &format!("{path}/approve"), json!({ "note": "looks right" })).await?;
        let locked = self.client.post(&self.editor, &format!("{path}/lock"), json!({})).await?;
        if locked["lock"].is_null() {
            bail!("the snapshot {} should be locked and is not", design.snapshot);
        }
        self.story.say(&format!("{}: snapshot approved and locked.", design.title));
        Ok(())
    }

    /// Renders preview and thumbnail and keeps them in the folder.
    pub(crate) async fn render(&self, folder: &Folder, design: &Design) -> Result<()> {
        let asked = self.client.post(&self.app, "/v1/renders", json!({ "specHash": design.spec_hash })).await?;
        let path = format!("/v1/renders/{}", text(&asked, "/id")?);
        self.wait("the preview", Duration::from_secs(30), async || {
            let render = self.client.get(&self.app, &path).await?;
            Ok(Some(render.clone()).filter(|render| !render["files"].is_null()))
        })
        .await?;
        for file in ["preview", "thumbnail"] {
            let bytes = self.client.download(&self.app, &format!("{path}/{file}")).await?;
            let kept = folder.write(&format!("{file}.png"), &bytes)?;
            self.story.say(&format!("The {file} is rendered: {} ({} kB).", kept.display(), bytes.len().div_ceil(1024)));
        }
        Ok(())
    }

    /// Waits until a worker process has begun to work.
    pub(crate) async fn works(&self, process: u32) -> Result<()> {
        let pid = process.to_string();
        self.wait("the second worker", Duration::from_secs(30), async || {
            let workers = self.client.get(&self.office, "/v1/workers").await?;
            let known = workers["items"].as_array().is_some_and(|all| all.iter().any(|one| one["pid"] == pid.as_str()));
            Ok(known.then_some(()))
        })
        .await
    }

    /// Every job of the tenant, newest first.
    pub(crate) async fn jobs(&self) -> Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.client.get(&self.app, &format!("/v1/jobs?limit=200{cursor}")).await?;
            all.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// The jobs that have not succeeded, for whoever must find out why.
    pub(crate) async fn troubles(&self) -> String {
        let jobs = self.jobs().await.unwrap_or_default();
        let open: Vec<String> = jobs.iter().filter(|job| job["state"] != "succeeded").map(line).collect();
        if open.is_empty() {
            "Every job has succeeded.".to_owned()
        } else {
            format!("The jobs that have not succeeded:\n{}", open.join("\n"))
        }
    }

    /// Looks until there is an answer. Past the deadline it says what it waited for.
    pub(super) async fn wait<T>(
        &self,
        what: &str,
        deadline: Duration,
        look: impl AsyncFn() -> Result<Option<T>>,
    ) -> Result<T> {
        let search = async {
            loop {
                if let Some(found) = look().await? {
                    return Ok(found);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let found = tokio::time::timeout(deadline, search).await;
        found.with_context(|| format!("waited {} s in vain for {what}", deadline.as_secs()))?
    }
}

/// A text of an answer, which must be there.
pub(super) fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the api's answer has no {pointer}"))
}

/// `12.99 EUR`.
pub(super) fn euros(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} EUR", minor.abs() / 100, minor.abs() % 100)
}
