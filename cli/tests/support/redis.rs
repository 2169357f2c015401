//! Redis servers that a test may spoil: each one private, on a free port, gone with the test.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platen_shared::testing::DEADLINE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A running server; killed when dropped.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this run has Redis: `cargo xtask test` always does, and installs the program.
pub(crate) fn is_here() -> bool {
    std::env::var("TEST_REDIS_URL").is_ok_and(|url| !url.is_empty())
}

impl Redis {
    /// With these settings more.
    pub(crate) fn with(settings: &[&str]) -> Redis {
        let port = free_port();
        Redis::on(port, settings, &["--port", &port.to_string()], tempfile::tempdir().expect("a folder"))
    }

    /// One that speaks TLS alone, under a certificate that nobody knows.
    pub(crate) fn with_tls() -> Redis {
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let (cert, key) = (write("cert.pem", made.cert.pem()), write("key.pem", made.signing_key.serialize_pem()));
        let port = free_port().to_string();
        let own = ["--port", "0", "--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key];
        let settings = ["--tls-ca-cert-file", &cert, "--tls-auth-clients", "no"];
        Redis::on(port.parse().expect("a port"), &settings, &own, folder)
    }

    fn on(port: u16, settings: &[&str], own: &[&str], folder: tempfile::TempDir) -> Redis {
        let mut command = Command::new("redis-server");
        command.args(own).args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]).args(settings);
        command.arg("--dir").arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("redis-server is on PATH where TEST_REDIS_URL is set");
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "the private Redis does not answer");
            std::thread::yield_now();
        }
        Redis { child, port, folder }
    }

    /// Its plain URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Where its certificate is.
    pub(crate) fn certificate(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "cert.pem")
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A way to `port` on which every answer takes this much longer; answers its own port.
pub(crate) async fn slow_way_to(port: u16, delay: Duration) -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let own = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("the server answers");
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            tokio::spawn(async move {
                let mut answer = [0; 4096];
                while let Ok(n @ 1..) = from_server.read(&mut answer).await {
                    let _ = tokio::time::timeout(delay, std::future::pending::<()>()).await;
                    if to_client.write_all(&answer[..n]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    own
}

/// A port that takes connections and never answers.
pub(crate) fn silent_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// One inline command, and the first bytes of its answer.
pub(crate) fn tell(port: u16, command: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("Redis answers");
    stream.write_all(format!("{command}\r\n").as_bytes()).expect("written");
    let mut answer = [0; 512];
    let n = stream.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..n]).into_owned()
}
