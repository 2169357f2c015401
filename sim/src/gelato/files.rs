//! Fetching the print files: the stand-in pulls every link for real, as the printer would.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::{StreamExt as _, stream};
use sha2::{Digest, Sha256};

use super::app::App;
use super::faults::{FaultKind, FileTrouble, Op, Subject};
use super::order::{Failure, Fetched, FileRef, Item, Order};
use super::plan;
use crate::lock;

const FETCHES_AT_ONCE_MAX: usize = 4;
/// First words of the uids of what is printed on cloth, from pixels alone.
const CLOTH: [&str; 2] = ["apparel_", "bag_"];
/// Bytes kept to recognise a file by its beginning.
const HEAD_BYTES: usize = 512;

pub(crate) fn client(timeout: Duration) -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .no_proxy()
        .build()
        .context("building the HTTP client")
}

/// Fetches every file of the items in place; returns the first unreachable link's complaint.
pub(crate) async fn fetch_all(app: &App, subject: &Subject, files: Vec<&mut FileRef>) -> Option<String> {
    let trouble = app.fault(subject, |k| match k {
        FaultKind::File { how } => Some(*how),
        _ => None,
    });
    if let Some(how) = trouble.filter(|_| !files.is_empty()) {
        return Some(spoil(app, how, files));
    }
    if !app.config.fetch_files {
        return None;
    }
    let wanted: Vec<String> = files.iter().map(|file| file.url.clone()).collect();
    let fetched: Vec<Fetched> =
        stream::iter(wanted).map(|url| fetch(app, url)).buffered(FETCHES_AT_ONCE_MAX).collect().await;
    lock(&app.world).tally.file_fetches += fetched.len() as u64;
    let mut unreachable = None;
    for (file, got) in files.into_iter().zip(fetched) {
        let reachable = got.status.is_some_and(|status| (200..300).contains(&status));
        if !reachable && unreachable.is_none() {
            unreachable = Some(got.error.clone().unwrap_or_default());
        }
        file.fetched.push(got);
    }
    unreachable
}

/// The links as a fault has them; answers the first complaint. A wrong type is seen only when the file is judged.
fn spoil(app: &App, how: FileTrouble, files: Vec<&mut FileRef>) -> String {
    let (status, problem) = match how {
        FileTrouble::Forbidden => (Some(403), "the link answered with status 403"),
        FileTrouble::Missing => (Some(404), "the link answered with status 404"),
        FileTrouble::Slow => (None, "the link did not answer"),
        FileTrouble::WrongType => (Some(200), "the type \"text/html\" is not printable"),
    };
    let error = format!("The file could not be used: {problem}.");
    lock(&app.world).tally.file_fetches += files.len() as u64;
    for file in files {
        let (content_type, sha256) = (status.map(|_| "text/html".to_owned()), None);
        file.fetched.push(Fetched {
            at: app.now(),
            status,
            content_type,
            bytes: 0,
            sha256,
            error: Some(error.clone()),
        });
    }
    error
}

/// Judges a released order's files in the background; the order stays `uploading` until then.
pub(crate) fn preflight(app: &Arc<App>, id: &str) {
    let (app, id) = (Arc::clone(app), id.to_owned());
    tokio::spawn(async move {
        let Some(mut order) = lock(&app.world).by_id(&id).cloned() else { return };
        if order.preflighted || order.is_draft() {
            return;
        }
        let files = order.items.iter_mut().flat_map(|item| &mut item.files).filter(|f| !f.url.is_empty());
        let about =
            Subject { op: Op::Release, key: app.config.api_key.clone(), reference: Some(order.reference.clone()) };
        fetch_all(&app, &about, files.collect()).await;
        let failure = order.failure.take().or_else(|| verdict(&app, &order));
        let mut world = lock(&app.world);
        // The order may have been cancelled meanwhile: only the verdict and the fetches are ours.
        let same = |current: &&Order| current.released_at == order.released_at;
        let Some(current) = world.by_id(&id).filter(same).cloned() else { return };
        let judged = Order { items: order.items, failure, preflighted: true, ..current };
        if world.save(app.now(), std::slice::from_ref(&judged)).is_ok() {
            world.put(judged);
        }
        drop(world);
        app.hub.poke();
    });
}

fn verdict(app: &App, order: &Order) -> Option<Failure> {
    if plan::out_of_stock(app, &order.items, &order.country, app.now()) {
        let comment = "The product is out of stock".to_owned();
        return Some(Failure { code: "out_of_stock".to_owned(), comment });
    }
    let bad = order.items.iter().find_map(|item| {
        let last = item.files.iter().filter_map(|file| file.fetched.last());
        last.clone().find_map(|got| got.error.clone()).or_else(|| last.clone().find_map(|got| off_cloth(item, got)))
    })?;
    Some(Failure { code: "invalid_file".to_owned(), comment: bad })
}

/// The complaint about a file that cannot be printed on cloth.
fn off_cloth(item: &Item, got: &Fetched) -> Option<String> {
    let page = got.content_type.as_deref().is_some_and(|declared| declared.starts_with("application/pdf"));
    let cloth = CLOTH.iter().any(|first| item.product_uid.starts_with(first));
    (page && cloth).then(|| "The file could not be used: garments are printed from a PNG with transparency.".to_owned())
}

async fn fetch(app: &App, url: String) -> Fetched {
    let mut got = Fetched { at: app.now(), status: None, content_type: None, bytes: 0, sha256: None, error: None };
    if let Err(problem) = read(app, &url, &mut got).await {
        got.error = Some(format!("The file could not be used: {problem}."));
    }
    got
}

async fn read(app: &App, url: &str, got: &mut Fetched) -> Result<(), String> {
    let response = app.http.get(url).send().await.map_err(|_| "the link did not answer".to_owned())?;
    let status = response.status();
    got.status = Some(status.as_u16());
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    got.content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    if !status.is_success() {
        return Err(format!("the link answered with status {}", status.as_u16()));
    }
    let (mut hash, mut head) = (Sha256::new(), Vec::new());
    let mut response = response;
    while let Some(chunk) = response.chunk().await.map_err(|_| "the transfer broke off".to_owned())? {
        got.bytes += chunk.len() as u64;
        if got.bytes > app.config.file_bytes_max {
            return Err("the file is too large".to_owned());
        }
        let missing = HEAD_BYTES.saturating_sub(head.len());
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        hash.update(&chunk);
    }
    got.sha256 = Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    if got.bytes == 0 {
        return Err("the file is empty".to_owned());
    }
    judge_type(got.content_type.as_deref(), &head)
}

fn judge_type(declared: Option<&str>, head: &[u8]) -> Result<(), String> {
    let declared = declared.and_then(|t| t.split(';').next()).map_or("", str::trim);
    let accepted = [
        "application/pdf",
        "image/png",
        "image/jpeg",
        "image/tiff",
        "image/svg+xml",
        "application/octet-stream",
        "binary/octet-stream",
    ];
    if !accepted.contains(&declared) {
        return Err(format!("the type {declared:?} is not printable"));
    }
    let starts: [&[u8]; 7] = [b"%PDF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"<svg", b"<?xml"];
    if starts.iter().any(|start| head.starts_with(start)) {
        return Ok(());
    }
    Err("the content is no PDF, PNG, JPEG, TIFF or SVG".to_owned())
}

/// Starts the files of orders that a restart interrupted.
pub(crate) fn resume(app: &Arc<App>) {
    let waiting: Vec<String> = lock(&app.world)
        .orders
        .iter()
        .filter(|order| !order.is_draft() && !order.preflighted && !order.is_deleted())
        .map(|order| order.id.clone())
        .collect();
    for id in waiting {
        preflight(app, &id);
    }
}

/// Marks orders as released and starts their files. `op` says which call did it.
pub(crate) fn start(app: &Arc<App>, op: Op, ids: &[String]) {
    tracing::debug!(?op, orders = ids.len(), "released");
    for id in ids {
        preflight(app, id);
    }
}
