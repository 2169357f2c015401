//! Where a benchmark works: a folder and a database of its own, refused when they could be anybody else's, and gone afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use platen_shared::db::Db;
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;
use reqwest::Url;

use super::{kind, sweep};
use crate::commands::tenant;
use crate::config::{Config, Sources};
use crate::stack::Folder;
use crate::wire::{Base, LedgerClock};

/// The file, and the comment on a Postgres schema, that say whose this is.
pub(super) const MARK: &str = "platen-bench";
/// Counts tables, then tells whether the schema carries the mark.
const LOOK: &str = "SELECT count(*) || ' ' || (COALESCE(obj_description('public'::regnamespace), '') = 'platen-bench')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'";
const TAKE: &str = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; COMMENT ON SCHEMA public IS 'platen-bench'";
const LEAVE: &str = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";

/// A folder, and a database in it or on this machine.
pub(super) struct Place {
    folder: Folder,
    path: PathBuf,
    made: bool,
    postgres: Option<String>,
}

impl Place {
    /// Takes the folder, and the Postgres database that the command line names; the environment's is never touched.
    pub(super) fn take(folder: Option<&Path>, database_url: Option<String>) -> Result<Place> {
        database_url.as_deref().map_or(Ok(()), check_postgres)?;
        let path = match folder {
            Some(folder) => folder.to_owned(),
            None => {
                sweep::after_the_dead(&std::env::temp_dir());
                std::env::temp_dir().join(format!("{MARK}-{}", std::process::id()))
            }
        };
        let made = !path.exists();
        let folder = Folder::open(&path)?;
        folder.afresh(MARK).context("the benchmark's folder (--folder) is taken")?;
        folder.write(MARK, b"Files of `platen bench`; it removes them when it ends.\n")?;
        if let Some(url) = &database_url {
            psql(url, TAKE)?;
        }
        Ok(Place { folder, path, made, postgres: database_url })
    }

    /// Removes all of it.
    pub(super) fn leave(self) -> Result<()> {
        if let Some(url) = &self.postgres {
            psql(url, LEAVE)?;
        }
        self.folder.afresh(MARK)?;
        if self.made {
            std::fs::remove_dir(&self.path).with_context(|| format!("{} cannot be removed", self.path.display()))?;
        }
        Ok(())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    pub(super) fn url(&self) -> String {
        match &self.postgres {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.path("bench.db").display()),
        }
    }

    /// An empty, migrated database.
    pub(super) async fn fresh(&self) -> Result<Ledger> {
        match &self.postgres {
            Some(url) => drop(psql(url, TAKE)?),
            None => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(self.path(&format!("bench.db{end}")));
                }
            }
        }
        let db = Db::open(&self.url(), 10).await.context("the benchmark's database cannot be opened")?;
        db.migrate().await?;
        let clock = Arc::new(LedgerClock::of(&db).await?);
        Ok(Ledger::new(db, clock))
    }
}

/// A tenant of this name.
pub(super) async fn new_tenant(ledger: &Ledger, name: &str) -> Result<TenantId> {
    let mut tx = ledger.db.begin("bench_tenant").await?;
    let tenant = tenant::create(&mut tx, ledger, name, "EUR").await?;
    tx.commit().await?;
    Ok(tenant.id)
}

/// The product's settings, but for where things are, what is logged (nothing per job, like its contenders), and one queue served by
/// `slots` slots. Nothing comes from the environment: a benchmark must not meet an installation.
pub(super) fn config(database_url: &str, redis_url: Option<&str>, slots: u64) -> Result<Config> {
    let sources = Sources::default()
        .flag("database.url", Some(database_url))
        .flag("redis.url", redis_url)
        .flag("blobs.url", Some("memory://"))
        .flag("secrets.key", Some("of a benchmark: nothing is sealed with it"))
        .flag("worker.queues", Some("housekeeping"))
        .flag("worker.concurrency", Some(slots))
        .flag("lanes.housekeeping_concurrency", Some(slots))
        .flag("log.level", Some("warn"));
    Config::load(&sources)
}

/// The product's worker, with the benchmark's kind and no cron lines.
pub(super) fn worker(base: &Base, config: &Config) -> Result<(platen_worker::Setup, platen_worker::Settings)> {
    let (mut setup, mut settings) = base.worker(config, None);
    setup.find = kind::find;
    settings.lines.clear();
    Ok((setup, settings))
}

/// Leaves a database without anything in it.
pub(super) fn empty_postgres(url: &str) -> Result<()> {
    psql(url, LEAVE).map(drop)
}

/// Refuses what is not this machine's, and what is somebody's.
fn check_postgres(url: &str) -> Result<()> {
    let parsed = Url::parse(url).ok().filter(|url| url.scheme().starts_with("postgres"));
    let Some(parsed) = parsed else {
        bail!(
            "a benchmark takes a postgres:// URL in --database-url; without one it makes a SQLite file in its folder"
        );
    };
    if !is_here(&parsed) {
        bail!(
            "a benchmark runs against this machine alone: name a host of the loopback in --database-url, and no parameters"
        );
    }
    let found = psql(url, LOOK)?;
    if !found.starts_with("0 ") && !found.ends_with(" true") {
        bail!("the database that --database-url names is not empty and not a benchmark's: make a new one for it");
    }
    Ok(())
}

/// Refuses a Redis that is not this machine's; what a benchmark writes there, it removes.
pub(super) fn check_redis(url: &str) -> Result<()> {
    let parsed = Url::parse(url).ok().filter(|url| url.scheme().starts_with("redis"));
    let Some(parsed) = parsed else { bail!("a benchmark takes a redis:// URL in --redis-url") };
    if !is_here(&parsed) {
        bail!(
            "a benchmark runs against this machine alone: name a host of the loopback in --redis-url, and no parameters"
        );
    }
    Ok(())
}

/// Whether it names this machine. A host in the query would win over the one that is looked at.
fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(|host| ["127.0.0.1", "[::1]", "localhost"].contains(&host)) && url.query().is_none()
}

/// Removes keys from Redis, through the server's own client.
pub(super) fn forget(redis_url: &str, keys: &[String]) -> Result<()> {
    let done = Command::new("redis-cli").args(["-u", redis_url, "DEL"]).args(keys).output();
    let done = done.context("redis-cli could not be started; a benchmark over Redis needs it")?;
    if !done.status.success() {
        bail!("redis-cli failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

/// Asks through the server's own client: the product has no function that forgets everything, and should have none.
fn psql(url: &str, statement: &str) -> Result<String> {
    let mut psql = Command::new("psql");
    psql.args([url, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement]).env("PGOPTIONS", "-c client_min_messages=error");
    let done = psql.output().context("psql could not be started; a benchmark on Postgres needs it")?;
    if !done.status.success() {
        bail!("psql failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_databases_are_taken() {
        for url in ["postgres://db.example/x", "postgres://127.0.0.1/x?host=db.example", "postgres:///x"] {
            let error = check_postgres(url).unwrap_err().to_string();
            assert!(error.contains("this machine alone"), "{url}: {error}");
        }
        for url in ["redis://cache.example/0", "redis://127.0.0.1/0?host=cache.example"] {
            let error = check_redis(url).unwrap_err().to_string();
            assert!(error.contains("this machine alone"), "{url}: {error}");
        }
        for url in ["sqlite:///var/lib/platen.db", "nonsense"] {
            let error = check_postgres(url).unwrap_err().to_string();
            assert!(error.contains("takes a postgres:// URL"), "{url}: {error}");
        }
    }

    #[test]
    fn a_folder_with_other_things_is_refused_and_our_own_is_left_empty() {
        let parent = tempfile::tempdir().unwrap();
        let theirs = parent.path().join("theirs");
        std::fs::create_dir(&theirs).unwrap();
        std::fs::write(theirs.join("letter"), "dear").unwrap();
        let error = Place::take(Some(&theirs), None).map(|_| ()).unwrap_err();
        assert!(format!("{error:#}").contains("holds other things"), "{error:#}");
        assert_eq!(std::fs::read_to_string(theirs.join("letter")).unwrap(), "dear");

        let ours = parent.path().join("ours");
        let place = Place::take(Some(&ours), None).unwrap();
        std::fs::write(place.path("bench.db"), "rows").unwrap();
        drop(place);
        Place::take(Some(&ours), None).unwrap().leave().unwrap();
        assert!(ours.exists() && std::fs::read_dir(&ours).unwrap().next().is_none());
        Place::take(Some(&parent.path().join("new")), None).unwrap().leave().unwrap();
        assert!(!parent.path().join("new").exists());
    }
}
