//! Hearing the [`Bell`](super::Bell) of other processes: an accelerator over polling, never a promise.

use sqlx::postgres::PgListener;

use super::bell::{CHANNEL, Ear};
use super::{Db, Result};

/// An ear at the database.
#[derive(Debug)]
pub struct Watch(Way);

#[derive(Debug)]
enum Way {
    Socket(Ear),
    Server(Box<PgListener>),
    /// Nothing can be heard here: polling alone finds new work.
    Deaf,
}

impl Db {
    /// Begins to listen, on a connection or socket of its own.
    ///
    /// # Errors
    /// When the connection cannot be made.
    pub async fn watch(&self) -> Result<Watch> {
        match self {
            Db::Sqlite { file, .. } => Ok(match Ear::beside(file) {
                Ok(ear) => Watch(Way::Socket(ear)),
                Err(error) => {
                    tracing::warn!(%error, "no socket can be made beside the database's file (is its path longer than 60 characters?): new work of other processes is found by polling alone");
                    Watch(Way::Deaf)
                }
            }),
            Db::Postgres(server) => {
                let Some(pool) = server.sessions() else {
                    tracing::warn!(
                        "the database's URL leads through a pooler and names no direct=HOST:PORT: new work is found by polling alone"
                    );
                    return Ok(Watch(Way::Deaf));
                };
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen(CHANNEL).await?;
                Ok(Watch(Way::Server(Box::new(listener))))
            }
        }
    }
}

impl Watch {
    /// Waits until somebody rang. It may miss a ring when the connection is lost.
    ///
    /// # Errors
    /// When the connection is lost: listen anew.
    pub async fn changed(&mut self) -> Result<()> {
        match &mut self.0 {
            Way::Socket(ear) => Ok(ear.heard().await?),
            Way::Server(listener) => listener.recv().await.map(drop),
            Way::Deaf => std::future::pending().await,
        }
    }
}
