//! The state file: one JSON line per change, so that a restarted stand-in still knows its orders.
//!
//! A change is one line and one write. A line torn by a kill is dropped at the next start, which is
//! right: its reply was not sent. At start the file is rewritten compactly beside itself and renamed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::order::Order;

#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    orders: &'a [Order],
}

#[derive(Deserialize)]
struct ReadLine {
    at: Timestamp,
    orders: Vec<Order>,
}

pub(crate) struct Store {
    path: PathBuf,
    file: File,
}

impl Store {
    /// Opens the file, with the orders it holds and the virtual time of the last change.
    pub(crate) fn open(path: &Path) -> io::Result<(Store, Vec<Order>, Option<Timestamp>)> {
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut orders = BTreeMap::new();
        let mut at = None;
        for line in text.split_inclusive('\n') {
            // Only a torn last line lacks its end.
            let Some(whole) = line.strip_suffix('\n') else { break };
            let read: ReadLine = serde_json::from_str(whole)?;
            at = at.max(Some(read.at));
            orders.extend(read.orders.into_iter().map(|order| (order.seq, order)));
        }
        let orders: Vec<Order> = orders.into_values().collect();
        let store = Store::rewrite(path, at, &orders)?;
        Ok((store, orders, at))
    }

    pub(crate) fn append(&mut self, at: Timestamp, orders: &[Order]) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { at, orders })?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        *self = Store::rewrite(&self.path, None, &[])?;
        Ok(())
    }

    fn rewrite(path: &Path, at: Option<Timestamp>, orders: &[Order]) -> io::Result<Store> {
        let beside = path.with_extension("tmp");
        let mut fresh = File::create(&beside)?;
        if let Some(at) = at {
            let mut line = serde_json::to_vec(&Line { at, orders })?;
            line.push(b'\n');
            fresh.write_all(&line)?;
        }
        fresh.sync_all()?;
        std::fs::rename(&beside, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Store { path: path.to_owned(), file })
    }
}
