//! The bell: who waits for work hears of a commit that brought some, in this process and in others. An accelerator over polling, never a
//! promise. Transactions that enqueue ring it by themselves ([`super::Tx::ring`]).
//!
//! On Postgres a ring is a notification, sent after the commit: inside it, every commit would wait for the one before. On SQLite each
//! listening process has a datagram socket in a folder beside the file.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::postgres::PgPool;
use tokio::sync::Notify;

/// The channel of notifications.
pub(super) const CHANNEL: &str = "platen_jobs";

const IDLE: u8 = 0;
const RINGING: u8 = 1;
const AGAIN: u8 = 2;

/// The bell of one database, as one process holds it.
#[derive(Clone, Debug)]
pub struct Bell(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    here: Notify,
    state: AtomicU8,
    far: Far,
    socket: OnceLock<UnixDatagram>,
}

/// How other processes are reached.
#[derive(Debug)]
enum Far {
    /// Each listener's socket is in this folder.
    Sockets(PathBuf),
    /// Through the server.
    Server(PgPool),
}

impl Bell {
    fn new(far: Far) -> Bell {
        Bell(Arc::new(Inner { here: Notify::new(), state: AtomicU8::new(IDLE), far, socket: OnceLock::new() }))
    }

    /// Of a SQLite file.
    pub(super) fn beside(file: &Path) -> Bell {
        Bell::new(Far::Sockets(folder(file)))
    }

    /// Of a server.
    pub(super) fn through(pool: &PgPool) -> Bell {
        Bell::new(Far::Server(pool.clone()))
    }

    /// Wakes who waits in this process.
    pub fn ring_here(&self) {
        self.0.here.notify_waiters();
        self.0.here.notify_one();
    }

    /// Wakes who waits, here and in other processes. Rings that come while one is on its way become one.
    pub fn ring(&self) {
        self.ring_here();
        if self.0.state.swap(AGAIN, Ordering::AcqRel) != IDLE {
            return;
        }
        let inner = self.0.clone();
        tokio::spawn(async move {
            loop {
                inner.state.store(RINGING, Ordering::Release);
                inner.reach().await;
                if inner.state.compare_exchange(RINGING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                    return;
                }
            }
        });
    }

    /// Waits for a ring.
    pub async fn rung(&self) {
        self.0.here.notified().await;
    }
}

impl Inner {
    async fn reach(&self) {
        match &self.far {
            Far::Sockets(folder) => self.send(folder),
            Far::Server(pool) => {
                // One message of the simple protocol, which a pooler passes on.
                if let Err(error) = sqlx::raw_sql("NOTIFY platen_jobs").execute(pool).await {
                    tracing::debug!(%error, "other processes were not told of new work; they find it by polling");
                }
            }
        }
    }

    /// One byte to every socket; one that nobody reads any more is removed.
    fn send(&self, folder: &Path) {
        let Ok(sockets) = std::fs::read_dir(folder) else { return };
        let Some(from) = self.socket() else { return };
        for socket in sockets.flatten() {
            let path = socket.path();
            match from.send_to(&[1], &path) {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => drop(std::fs::remove_file(path)),
                _ => {}
            }
        }
    }

    fn socket(&self) -> Option<&UnixDatagram> {
        if self.socket.get().is_none() {
            let socket = UnixDatagram::unbound().ok()?;
            // A listener whose buffer is full has rings enough.
            socket.set_nonblocking(true).ok()?;
            let _ = self.socket.set(socket);
        }
        self.socket.get()
    }
}

/// Where the sockets of a SQLite file's listeners are.
pub(super) fn folder(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-bells");
    PathBuf::from(name)
}

/// A socket that listens; its file goes with it.
#[derive(Debug)]
pub(super) struct Ear {
    socket: tokio::net::UnixDatagram,
    path: PathBuf,
}

impl Ear {
    /// Listens beside a SQLite file.
    pub(super) fn beside(file: &Path) -> std::io::Result<Ear> {
        let folder = folder(file);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(uuid::Uuid::now_v7().simple().to_string());
        let socket = tokio::net::UnixDatagram::bind(&path)?;
        Ok(Ear { socket, path })
    }

    /// Waits for a ring; those that came meanwhile are one.
    pub(super) async fn heard(&self) -> std::io::Result<()> {
        let mut byte = [0];
        self.socket.recv(&mut byte).await?;
        while self.socket.try_recv(&mut byte).is_ok() {}
        Ok(())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
