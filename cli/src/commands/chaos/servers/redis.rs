//! A Redis that keeps nothing on disk.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::timeout;

use super::super::home::Room;
use super::{Killable, LOOK_EVERY, START_MAX, found, free_port, path};

/// A server on a port of its own; killed when dropped.
pub(in super::super) struct Redis {
    room: Room,
    program: PathBuf,
    /// Where it listens.
    pub(in super::super) address: SocketAddr,
    server: Killable,
}

impl Redis {
    /// Starts one.
    pub(in super::super) async fn start(room: &Room, host: IpAddr) -> Result<Redis> {
        let folder = found("redis-server", path()).context(
            "--redis needs the program redis-server on PATH; install Redis 6.2 or newer, or leave --redis out",
        )?;
        let address = SocketAddr::new(host, free_port(host)?);
        let program = folder.join("redis-server");
        let redis = Redis { room: room.clone(), program, address, server: Killable::default() };
        redis.up().await?;
        Ok(redis)
    }

    /// SIGKILL, and a new one, empty, on the same port.
    pub(in super::super) async fn restart(&self) -> Result<()> {
        self.server.restart(self.run()).await
    }

    /// Starts it again if it does not run.
    pub(in super::super) async fn up(&self) -> Result<()> {
        self.server.up(self.run()).await
    }

    /// Forgets everything.
    pub(in super::super) async fn flush(&self) -> Result<()> {
        let _alone = self.server.alone().await;
        match self.ask("FLUSHALL").await.as_deref() {
            Ok("+OK") => Ok(()),
            other => bail!("Redis did not flush: {other:?}"),
        }
    }

    async fn run(&self) -> Result<Child> {
        let mut command = self.room.command("redis", &self.address.to_string(), &self.program)?;
        let (host, port) = (self.address.ip().to_string(), self.address.port().to_string());
        command.args(["--bind", &host, "--port", &port, "--save", "", "--appendonly", "no"]);
        let mut started = command.spawn().context("redis-server could not be started")?;
        let answering = async {
            while !matches!(self.ask("PING").await.as_deref(), Ok("+PONG")) {
                if let Some(status) = started.try_wait()? {
                    bail!("redis-server ended ({status}); its log says why");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(())
        };
        timeout(START_MAX, answering).await.context("Redis does not answer")??;
        Ok(started)
    }

    /// One inline command, and the first line of its answer.
    async fn ask(&self, words: &str) -> std::io::Result<String> {
        let asking = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(format!("{words}\r\n").as_bytes()).await?;
            let mut answer = [0; 64];
            let n = stream.read(&mut answer).await?;
            Ok(String::from_utf8_lossy(&answer[..n]).lines().next().unwrap_or_default().to_owned())
        };
        timeout(Duration::from_secs(5), asking).await?
    }
}
