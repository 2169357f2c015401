//! A post office: a mail server on the loopback that keeps what it took, and fails in the ways that servers fail. Its books say how often
//! a letter arrived, whatever its sender believes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::lock;

/// What one connection meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes the letter and leaves without a word.
    LoseAnswer,
    /// It says after the letter that it did not take it (451).
    Later,
    /// It does not know the recipient (550).
    NoSuchUser,
    /// It does not want to speak now (421).
    Busy,
}

/// A letter it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Of the envelope.
    pub from: String,
    /// Of the envelope.
    pub to: String,
    /// All of it, header and body.
    pub raw: String,
}

impl Letter {
    /// A header's line, unfolded; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let find = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().find_map(find).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Books {
    letters: Vec<Letter>,
    troubles: VecDeque<Trouble>,
    connections: u64,
}

/// A running mail server; it ends when it is dropped.
#[derive(Debug)]
pub struct Office {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
    task: JoinHandle<()>,
}

impl Office {
    /// Opens on a free port of the loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn open() -> std::io::Result<Office> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let books: Arc<Mutex<Books>> = Arc::default();
        let task = tokio::spawn(serve(listener, books.clone()));
        Ok(Office { address, books, task })
    }

    /// What `mail.url` is to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What the next connections meet, one each.
    pub fn trouble(&self, troubles: &[Trouble]) {
        lock(&self.books).troubles.extend(troubles);
    }

    /// Every letter it took, in order.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        lock(&self.books).letters.clone()
    }

    /// How often somebody connected.
    #[must_use]
    pub fn connections(&self) -> u64 {
        lock(&self.books).connections
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, books: Arc<Mutex<Books>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let books = books.clone();
        tokio::spawn(async move {
            // Whoever leaves in the middle took care of himself.
            let _ = speak(stream, &books).await;
        });
    }
}

async fn speak(stream: TcpStream, books: &Mutex<Books>) -> std::io::Result<()> {
    let trouble = {
        let mut books = lock(books);
        books.connections += 1;
        books.troubles.pop_front()
    };
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    if trouble == Some(Trouble::Busy) {
        return writer.write_all(b"421 too busy\r\n").await;
    }
    writer.write_all(b"220 post office\r\n").await?;
    let (mut from, mut to, mut line) = (String::new(), String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.trim().to_ascii_uppercase();
        let answer: &[u8] = if word.starts_with("EHLO") {
            b"250-post office\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        } else if word.starts_with("MAIL FROM") {
            from = between(&line);
            b"250 ok\r\n"
        } else if word.starts_with("RCPT TO") && trouble == Some(Trouble::NoSuchUser) {
            b"550 no such user\r\n"
        } else if word.starts_with("RCPT TO") {
            to = between(&line);
            b"250 ok\r\n"
        } else if word == "DATA" {
            writer.write_all(b"354 go on\r\n").await?;
            let raw = content(&mut reader).await?;
            if trouble == Some(Trouble::Later) {
                b"451 come back later\r\n"
            } else {
                lock(books).letters.push(Letter { from: from.clone(), to: to.clone(), raw });
                if trouble == Some(Trouble::LoseAnswer) {
                    return Ok(());
                }
                b"250 taken\r\n"
            }
        } else if word == "QUIT" {
            return writer.write_all(b"221 bye\r\n").await;
        } else {
            b"502 not here\r\n"
        };
        writer.write_all(answer).await?;
    }
}

fn between(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or_default().to_owned()
}

/// Up to the line with a dot alone; dots at the beginning of lines were doubled.
async fn content(reader: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<String> {
    let (mut raw, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
