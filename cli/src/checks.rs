//! What may be wrong around a process without stopping it: `platen doctor` reports it, and a role says it at its start, so that
//! nothing degrades in silence.

mod clock;
mod redis;

use platen_shared::db::Db;
use platen_shared::ports::blobs::Blobs;
use secrecy::ExposeSecret;

use crate::config::Config;

/// How one look ended, with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// As it should be.
    Good(String),
    /// Worth knowing.
    Note(String),
    /// To be mended.
    Wrong(String),
}

/// Redis, when the settings name one.
pub(crate) async fn redis(config: &Config) -> Vec<Finding> {
    let url = config.redis.url.expose_secret();
    if url.is_empty() {
        return vec![Finding::Note("redis.url is not set: jobs and limits go through the database alone.".into())];
    }
    redis::look(url).await
}

/// This machine's clock beside the database's.
pub(crate) async fn clock(db: &Db) -> Finding {
    clock::look(db, &platen_shared::clock::SystemClock::new()).await
}

/// The file store: written to and read back.
pub(crate) async fn files(config: &Config, blobs: &Blobs) -> Finding {
    match blobs.probe().await {
        Ok(()) if config.blobs.url == "memory://" => {
            Finding::Wrong("blobs.url is memory://, where every file is gone at the next start".into())
        }
        Ok(()) if matches!(blobs.refuses_to_overwrite().await, Ok(false)) => Finding::Note(
            "the file store writes over files although it is asked not to (If-None-Match). Files are named by their content, so nothing is \
             lost; a store that honours it writes less."
                .into(),
        ),
        Ok(()) => Finding::Good("written and read back".into()),
        Err(error) => Finding::Wrong(format!(
            "the file store cannot be used: {error}. Nothing is rendered or stored until it can: make it writable for this user, or \
             correct blobs.url (BLOB_URL)"
        )),
    }
}

/// Says at the start of a role what `platen doctor` would; it looks in the background, and nothing waits for it.
pub(crate) fn at_start(config: &Config, db: &Db, blobs: &Blobs) {
    let (config, db, blobs) = (config.clone(), db.clone(), blobs.clone());
    tokio::spawn(async move {
        let mut findings = vec![("clock", clock(&db).await), ("files", files(&config, &blobs).await)];
        if !config.redis.url.expose_secret().is_empty() {
            findings.extend(redis(&config).await.into_iter().map(|finding| ("redis", finding)));
        }
        for (what, finding) in findings {
            match finding {
                Finding::Wrong(said) => tracing::error!(check = what, "{what}: {said}"),
                Finding::Note(said) => tracing::warn!(check = what, "{what}: {said}"),
                Finding::Good(_) => {}
            }
        }
    });
}
