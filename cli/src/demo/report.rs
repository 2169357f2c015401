//! What the demo came to: facts from the API and from the printer's own books, and whether they are as they must be.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use platen_shared::canon::sha256_hex;
use serde_json::{Value, json};

use super::order::Order;
use super::shop::{Design, Shop, euros};
use crate::stack::{Folder, Stack};

/// Everything that `--json` prints, and that decides the exit code.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    order: Value,
    money: Value,
    shipments: usize,
    delivered: usize,
    /// Groups that the printer released, by its own count.
    provider_orders: u64,
    /// Release calls that took effect there.
    releases: u64,
    files: Vec<(String, PathBuf, String)>,
    spec_hash: String,
    succeeded: usize,
    dead: usize,
    recovered: usize,
    config: PathBuf,
    /// From the command to the end.
    pub(crate) seconds: f64,
}

/// Asks the API and the printer.
pub(super) async fn gather(
    shop: &Shop,
    stack: &Stack,
    folder: &Folder,
    mug: &Design,
    order: &Order,
) -> Result<Summary> {
    let [seen, shipments, money] = shop.whole(order).await?;
    let shipments = shipments["items"].as_array().cloned().unwrap_or_default();
    // The last job ends in the transaction that wrote the money lines, so nothing is under way any more.
    let jobs = shop.jobs().await?;
    let ended = |state: &str| jobs.iter().filter(|job| job["state"] == state).count();
    let printer = super::Client::new(&stack.gelato_url)?
        .get("", "/admin/counts")
        .await
        .context("the printer's books cannot be read")?;
    let mut files = Vec::new();
    for (name, path) in Shop::kept(folder) {
        let bytes = std::fs::read(&path).with_context(|| format!("{} is not there", path.display()))?;
        files.push((name.split('.').next().unwrap_or_default().to_owned(), path, sha256_hex(&bytes)));
    }
    Ok(Summary {
        order: seen,
        money,
        shipments: shipments.len(),
        delivered: shipments.iter().filter(|s| s["stage"] == "delivered").count(),
        provider_orders: printer["releasedGroups"].as_u64().unwrap_or(0),
        releases: printer["releasesEffective"].as_u64().unwrap_or(0),
        files,
        spec_hash: mug.spec_hash.clone(),
        succeeded: ended("succeeded"),
        dead: ended("dead"),
        recovered: jobs.iter().filter(|job| job["recoveries"].as_i64().unwrap_or(0) > 0).count(),
        config: stack.config_file.clone(),
        seconds: 0.0,
    })
}

impl Summary {
    /// What is not as it must be; empty when all of it is true.
    pub(crate) fn untrue(&self, crash_at: Option<&str>) -> Vec<String> {
        let royalties =
            self.lines().filter(|line| line["account"].as_str().is_some_and(|a| a.starts_with("royalty:"))).count();
        let sum: i64 = self.lines().filter_map(|line| line["minor"].as_i64()).sum();
        // At `recorded` its job had just ended, so there was nothing to take back.
        let interrupted = crash_at.is_some_and(|point| !point.ends_with(":recorded"));
        let facts = [
            (
                self.order["state"] == "delivered",
                format!("the order should be delivered and is {}", self.order["state"]),
            ),
            (
                self.provider_orders == 1,
                format!("the printer should hold 1 released order and holds {}", self.provider_orders),
            ),
            (self.releases == 1, format!("1 release should have taken effect, {} did", self.releases)),
            (
                self.shipments == 2 && self.delivered == 2,
                format!("2 shipments should have arrived; {} of {} did", self.delivered, self.shipments),
            ),
            (royalties == 3, format!("3 royalty holders should have a line, {royalties} have one")),
            (sum == 0 && self.money["sumMinor"] == 0, format!("the money lines should sum to 0 and sum to {sum}")),
            (self.dead == 0, format!("no job should be dead, {} are", self.dead)),
            (
                !interrupted || self.recovered >= 1,
                "a job should have been taken back from the killed worker, none was".to_owned(),
            ),
            (self.files.iter().all(|(_, path, _)| path.is_file()), "a file is missing".to_owned()),
        ];
        facts.into_iter().filter(|(holds, _)| !holds).map(|(_, sentence)| sentence).collect()
    }

    fn lines(&self) -> impl Iterator<Item = &Value> {
        self.money["lines"].as_array().into_iter().flatten()
    }

    /// The one object of `--json`.
    pub(crate) fn json(&self) -> Value {
        let file = |wanted: &str| {
            let found = self.files.iter().find(|(name, _, _)| name == wanted);
            found.map_or(Value::Null, |(_, path, sha256)| json!({ "path": path, "sha256": sha256 }))
        };
        json!({
            "order": { "id": self.order["id"], "state": self.order["state"] },
            "providerOrders": self.provider_orders,
            "releases": self.releases,
            "shipments": self.shipments,
            "preview": file("preview"),
            "thumbnail": { "path": file("thumbnail")["path"] },
            "bundle": file("bundle"),
            "specHash": self.spec_hash,
            "money": {
                "currency": self.money["currency"], "grossMinor": self.money["grossMinor"], "lines": self.money["lines"],
                "sumMinor": self.money["sumMinor"],
            },
            "jobs": { "succeeded": self.succeeded, "dead": self.dead, "recovered": self.recovered },
            "seconds": (self.seconds * 100.0).round() / 100.0,
        })
    }

    /// For people: where things lie, the money, what to type next.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("\n");
        for (name, path, sha256) in &self.files {
            let _ = writeln!(text, "  {name:10} {}  (sha256 {}…)", path.display(), &sha256[..12]);
        }
        let _ = writeln!(text, "\n  {:28} {:>14}", "money line", "");
        for line in self.lines() {
            let (account, minor) = (line["account"].as_str().unwrap_or_default(), line["minor"].as_i64().unwrap_or(0));
            let _ = writeln!(text, "  {account:28} {:>14}", euros(minor));
        }
        let _ = writeln!(text, "  {:28} {:>14}\n", "sum", euros(self.money["sumMinor"].as_i64().unwrap_or(0)));
        let jobs = format!(
            "{} jobs succeeded, {} dead, {} taken back from a dead worker",
            self.succeeded, self.dead, self.recovered
        );
        let _ = writeln!(
            text,
            "  The printer's own books: {} order released, {} release. {jobs}. {:.1} s.",
            self.provider_orders, self.releases, self.seconds
        );
        text + &next(&self.config)
    }
}

fn next(config: &Path) -> String {
    format!(
        "\n  Next:\n    cargo run -- demo --crash            kill the worker at the worst moment\n    cargo run -- dev                     the same stack, staying up, with curl lines to paste\n    cargo run -- --config {} jobs list\n",
        config.display()
    )
}
