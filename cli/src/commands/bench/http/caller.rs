//! The least HTTP client that can be: what it costs itself must not hide what the api costs on the same cores.

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::api::Api;

/// One connection that stays.
pub(in super::super) struct Caller {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Caller {
    pub(in super::super) async fn connect(api: &Api) -> Result<Caller> {
        let stream = TcpStream::connect(api.address).await.context("the api does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Caller { stream: BufReader::new(stream), key: api.key.clone() })
    }

    /// Sends a request and reads its whole answer, which must be 202.
    pub(super) async fn post(&mut self, path: &str, body: &str) -> Result<()> {
        self.ask(path, body, 202).await
    }

    /// The same with another status that the answer must have.
    pub(in super::super) async fn ask(&mut self, path: &str, body: &str, wanted: u16) -> Result<()> {
        self.send("POST", path, body, wanted).await
    }

    /// Reads a page, which must be there.
    pub(in super::super) async fn get(&mut self, path: &str) -> Result<()> {
        self.send("GET", path, "", 200).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str, wanted: u16) -> Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: loopback\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("the api closed the connection");
            }
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            if let Some(value) = head.strip_prefix("content-length:") {
                length = value.trim().parse().context("the api's content-length is no number")?;
            } else if status.is_empty() {
                status = head;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        if !status.contains(&format!(" {wanted}")) {
            bail!("the api answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }
}
