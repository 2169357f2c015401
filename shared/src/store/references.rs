//! Which files rows name: what must never be taken away.

use std::collections::HashSet;

use serde_json::Value;

use crate::canon::is_sha256;
use crate::db::{At, Json, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;
use crate::store::artefacts::StoredFile;

/// Columns that name files, or hold JSON that does. A test compares them with the schema: a new one is read here, or said to name none.
pub const COLUMNS: [(&str, &str); 7] = [
    ("uploads", "sha256"),
    ("snapshot_assets", "sha256"),
    ("artefacts", "files"),
    ("payout_batches", "file"),
    ("specs", "canonical"),
    ("jobs", "payload"),
    ("jobs", "saved"),
];

/// Every file that a row of the tenant names.
///
/// # Errors
/// Whatever the database says.
pub async fn of_tenant(db: &mut impl Source, tenant: TenantId) -> Result<HashSet<String>> {
    let mut named = HashSet::new();
    let plain: Vec<(String,)> = db
        .query(sql!(
            "SELECT sha256 FROM uploads WHERE tenant = $1
             UNION SELECT sha256 FROM snapshot_assets WHERE tenant = $1
             UNION SELECT file FROM payout_batches WHERE tenant = $1 AND file IS NOT NULL"
        ))
        .bind(tenant)
        .all()
        .await?;
    named.extend(plain.into_iter().map(|(sha256,)| sha256));
    let made: Vec<(Json<Vec<StoredFile>>,)> =
        db.query(sql!("SELECT files FROM artefacts WHERE tenant = $1")).bind(tenant).all().await?;
    named.extend(made.into_iter().flat_map(|(files,)| files.0).map(|file| file.sha256));
    let designs: Vec<(String,)> =
        db.query(sql!("SELECT canonical FROM specs WHERE tenant = $1")).bind(tenant).all().await?;
    designs.iter().for_each(|(text,)| hashes(&serde_json::from_str(text).unwrap_or_default(), &mut named));
    // What waits or runs may name what no other row names yet.
    let waiting: Vec<(Json<Value>, Option<Json<Value>>)> =
        db.query(sql!("SELECT payload, saved FROM jobs WHERE tenant = $1")).bind(tenant).all().await?;
    for (payload, saved) in waiting {
        hashes(&payload.0, &mut named);
        hashes(&saved.map_or(Value::Null, |saved| saved.0), &mut named);
    }
    Ok(named)
}

/// Every text in it that could name a file.
fn hashes(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(text) if is_sha256(text) => drop(into.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|part| hashes(part, into)),
        Value::Object(all) => all.values().for_each(|part| hashes(part, into)),
        _ => {}
    }
}

/// Forgets renders that are older than this and were made by another press; what a snapshot shows keeps its files through its own rows.
/// Answers how many.
///
/// # Errors
/// Whatever the database says.
pub async fn forget_renders(tx: &mut Tx, tenant: TenantId, press_version: &str, before: At) -> Result<u64> {
    tx.query(sql!(
        "DELETE FROM artefacts WHERE tenant = $1 AND kind IN ('render_preview', 'asset_convert') AND created_at < $2
           AND substr(key, length(key) - length($3) + 1) <> $3"
    ))
    .bind(tenant)
    .bind(before)
    .bind(press_version)
    .exec()
    .await
}
