//! A Redis server of one test's own, to flush, freeze and kill.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

use super::until;
use crate::redis::connect;

/// A private server on a free port of the loopback; gone when it is dropped.
#[derive(Debug)]
pub struct TestRedis {
    port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

/// Whether this run has Redis: `cargo xtask test` always does, and says so with `TEST_REDIS_URL`.
#[must_use]
pub fn has_redis() -> bool {
    super::redis_url().is_some()
}

impl TestRedis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start() -> TestRedis {
        let mut redis = TestRedis::stopped();
        redis.run().await;
        redis
    }

    /// A server that does not run yet.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn stopped() -> TestRedis {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port");
        TestRedis { port: free.port(), folder: tempfile::tempdir().expect("a temporary folder"), process: None }
    }

    /// Where it is, or will be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Starts it, empty.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn run(&mut self) {
        let port = self.port.to_string();
        let settings = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut command = Command::new("redis-server");
        command.args(settings).current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(command.spawn().expect("redis-server is on the PATH; `cargo xtask test` installs it"));
        let url = self.url();
        until("Redis answers", || async { connect(&url).await.is_ok() }).await;
    }

    /// Forgets everything, and goes on.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn flush(&self) {
        let mut conn = connect(&self.url()).await.expect("Redis answers");
        redis::cmd("FLUSHALL").exec_async(&mut conn).await.expect("Redis answers");
    }

    /// Kills it at once; what it held is gone.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops it from answering, without closing a connection (`STOP`), or lets it go on (`CONT`).
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal was sent");
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
