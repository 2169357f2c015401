//! The whole database as files, and back into an empty one: what a backup is made of.
//!
//! SQLite copies itself (`VACUUM INTO`); Postgres gives every table as `COPY` text inside one snapshot. Both go on working meanwhile.
//! It needs no `pg_dump`, which refuses a server newer than itself; the text of `COPY` is the same for every version of the server.

use std::path::Path;

use futures::TryStreamExt;
use sqlx::{Connection, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Db, Result, Server};
use crate::id::TenantId;

/// A table of a dump, with the statements that move it; no table's name is ever put together with text at run time.
struct Table {
    name: &'static str,
    any: &'static str,
    count: &'static str,
    copy_out: &'static str,
    copy_in: &'static str,
    adopt: &'static str,
}

macro_rules! tables {
    ($($name:literal,)*) => {
        const TABLES: &[Table] = &[$(Table {
            name: $name,
            any: concat!("SELECT EXISTS (SELECT 1 FROM ", $name, ")"),
            count: concat!("SELECT count(*) FROM backup.", $name),
            copy_out: concat!("COPY ", $name, " TO STDOUT"),
            copy_in: concat!("COPY ", $name, " FROM STDIN"),
            adopt: concat!("INSERT INTO main.", $name, " SELECT * FROM backup.", $name),
        },)*];
    };
}

// What a row refers to comes before it, and lines of the journal before their header, which checks their sum.
tables![
    "tenants",
    "api_keys",
    "widget_origins",
    "connections",
    "idempotency",
    "audit",
    "jobs",
    "job_history",
    "job_attempts",
    "job_keys",
    "workers",
    "pauses",
    "schedules",
    "fires",
    "gates",
    "gate_use",
    "provider_probes",
    "uploads",
    "upload_limits",
    "file_namings",
    "products",
    "specs",
    "snapshots",
    "snapshot_origins",
    "snapshot_assets",
    "snapshot_approvals",
    "snapshot_locks",
    "artefacts",
    "file_fetches",
    "catalogue_items",
    "catalogue_syncs",
    "catalogue_alarms",
    "catalogue_templates",
    "catalogue_template_variants",
    "packaging_rules",
    "packaging_costs",
    "packaging_designs",
    "orders",
    "order_items",
    "order_events",
    "order_details",
    "order_cancellations",
    "order_quotes",
    "order_rules",
    "order_forms",
    "work_orders",
    "work_order_items",
    "work_order_events",
    "payments",
    "provider_orders",
    "shipments",
    "parcels",
    "tracking_events",
    "journal_lines",
    "journal_entries",
    "books",
    "journal_days",
    "money_settings",
    "item_terms",
    "holder_lists",
    "exchange_rates",
    "parties",
    "refunds",
    "payout_batches",
    "payouts",
    "message_settings",
    "message_templates",
    "order_languages",
    "notices",
    "messages",
    "webhook_endpoints",
    "deliveries",
    "provider_watch",
    "incidents",
    "operator_items",
    "release_limits",
    "spending",
    "unknown_words",
    "hook_events",
];

/// The names of all files that rows refer to, a line each; see [`file_of`].
pub const FILES: &str = "files.tsv";
const SQLITE_FILE: &str = "platen.db";

const FILES_OF_SQLITE: &str = "SELECT tenant, sha256 FROM backup.uploads
     UNION SELECT tenant, sha256 FROM backup.snapshot_assets
     UNION SELECT a.tenant, f.value->>'sha256' FROM backup.artefacts a, json_each(a.files) f
     UNION SELECT tenant, file FROM backup.payout_batches WHERE file IS NOT NULL ORDER BY 1, 2";
const FILES_OF_POSTGRES: &str = "COPY (SELECT tenant, sha256 FROM uploads
     UNION SELECT tenant, sha256 FROM snapshot_assets
     UNION SELECT a.tenant, f->>'sha256' FROM artefacts a, jsonb_array_elements(a.files) f
     UNION SELECT tenant, file FROM payout_batches WHERE file IS NOT NULL ORDER BY 1, 2) TO STDOUT";

/// Told of each table that is done, with its rows.
pub type Told<'a> = &'a mut (dyn FnMut(&'static str, u64) + Send);

/// The tables of a dump, in the order in which they are loaded.
pub fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// Whose file a line of [`FILES`] names, and which.
#[must_use]
pub fn file_of(line: &str) -> Option<(TenantId, &str)> {
    let (tenant, sha256) = line.split_once('\t')?;
    Some((TenantId(tenant.parse().ok()?), sha256))
}

impl Db {
    /// Writes the database as it is at one moment into an empty folder, and [`FILES`] beside it.
    ///
    /// # Errors
    /// The database's or the folder's; what was written by then is of no use.
    pub async fn dump(&self, folder: &Path, told: Told<'_>) -> Result<()> {
        match self {
            Db::Sqlite { write, .. } => dump_sqlite(write, folder, told).await,
            Db::Postgres(server) => dump_postgres(steady(server), folder, told).await,
        }
    }

    /// Loads what [`Db::dump`] wrote on the same engine into a database without rows, all or nothing, and migrates it to the newest
    /// schema afterwards. The database has no schema yet, or that of the dump.
    ///
    /// # Errors
    /// The database's or the folder's; then no row is there.
    pub async fn load(
        &self,
        folder: &Path,
        schema: i64,
        told: Told<'_>,
    ) -> std::result::Result<(), sqlx::migrate::MigrateError> {
        self.migrate_to(schema).await?;
        match self {
            Db::Sqlite { write, .. } => load_sqlite(write, folder, told).await?,
            Db::Postgres(server) => load_postgres(steady(server), folder, told).await?,
        }
        self.migrate().await
    }

    /// Whether any table of a dump has a row. The tables are there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn has_rows(&self) -> Result<bool> {
        for table in TABLES {
            let found: bool = match self {
                Db::Sqlite { read, .. } => sqlx::query_scalar(table.any).fetch_one(read).await?,
                Db::Postgres(server) => sqlx::query_scalar(table.any).fetch_one(steady(server)).await?,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Not through a pooler, where that can be helped.
fn steady(server: &Server) -> &PgPool {
    server.sessions().unwrap_or(&server.pool)
}

async fn dump_sqlite(pool: &SqlitePool, folder: &Path, told: Told<'_>) -> Result<()> {
    let copy = folder.join(SQLITE_FILE);
    let mut connection = pool.acquire().await?;
    sqlx::query("VACUUM INTO $1").bind(text(&copy)).execute(&mut *connection).await?;
    File::open(&copy).await?.sync_all().await?;
    attach(&mut connection, &copy).await?;
    let written = async {
        for table in TABLES {
            let rows: i64 = sqlx::query_scalar(table.count).fetch_one(&mut *connection).await?;
            told(table.name, rows.unsigned_abs());
        }
        let mut out = File::create(folder.join(FILES)).await?;
        let mut names = sqlx::query_as::<_, (String, String)>(FILES_OF_SQLITE).fetch(&mut *connection);
        while let Some((tenant, sha256)) = names.try_next().await? {
            out.write_all(format!("{tenant}\t{sha256}\n").as_bytes()).await?;
        }
        drop(names);
        Ok(out.sync_all().await?)
    };
    let written = written.await;
    detach(&mut connection).await?;
    written
}

async fn load_sqlite(pool: &SqlitePool, folder: &Path, told: Told<'_>) -> Result<()> {
    let mut connection = pool.acquire().await?;
    attach(&mut connection, &folder.join(SQLITE_FILE)).await?;
    let loaded = async {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        for table in TABLES {
            let known = "SELECT EXISTS (SELECT 1 FROM backup.sqlite_master WHERE type = 'table' AND name = $1)";
            // Else the table is younger than the dump.
            if sqlx::query_scalar(known).bind(table.name).fetch_one(&mut *tx).await? {
                told(table.name, sqlx::query(table.adopt).execute(&mut *tx).await?.rows_affected());
            }
        }
        tx.commit().await
    };
    let loaded = loaded.await;
    detach(&mut connection).await?;
    loaded
}

async fn attach(connection: &mut SqliteConnection, file: &Path) -> Result<()> {
    sqlx::query("ATTACH DATABASE $1 AS backup").bind(text(file)).execute(connection).await.map(drop)
}

async fn detach(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query("DETACH DATABASE backup").execute(connection).await.map(drop)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn dump_postgres(pool: &PgPool, folder: &Path, told: Told<'_>) -> Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    take_time(&mut tx).await?;
    for table in TABLES {
        let file = folder.join(format!("{}.copy", table.name));
        told(table.name, copy_out(&mut tx, table.copy_out, &file).await?);
    }
    copy_out(&mut tx, FILES_OF_POSTGRES, &folder.join(FILES)).await?;
    tx.rollback().await
}

async fn load_postgres(pool: &PgPool, folder: &Path, told: Told<'_>) -> Result<()> {
    let mut tx = pool.begin().await?;
    take_time(&mut tx).await?;
    for table in TABLES {
        let file = folder.join(format!("{}.copy", table.name));
        // A table that is younger than the dump.
        if !file.exists() {
            continue;
        }
        let mut copy = tx.copy_in_raw(table.copy_in).await?;
        copy.read_from(File::open(file).await?).await?;
        told(table.name, copy.finish().await?);
    }
    tx.commit().await
}

/// A large table takes longer than any statement of the product may.
async fn take_time(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *connection).await?;
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(connection).await.map(drop)
}

/// Answers how many rows; each is one line, since a line break inside a value is written `\n`.
async fn copy_out(connection: &mut PgConnection, statement: &'static str, file: &Path) -> Result<u64> {
    let mut out = File::create(file).await?;
    let mut rows = 0;
    let mut chunks = connection.copy_out_raw(statement).await?;
    while let Some(chunk) = chunks.try_next().await? {
        rows += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        out.write_all(&chunk).await?;
    }
    out.sync_all().await?;
    Ok(rows)
}
