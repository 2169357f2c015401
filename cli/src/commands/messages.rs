//! `platen messages`: what was told to whom, and what did not arrive.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use platen_shared::domain::notice::MessageState;
use platen_shared::store::messages::{self, Filter};
use serde_json::{Value, json};

use super::{print, print_json, tenant};
use crate::config::{Config, Sources};
use crate::wire;

/// What can be asked about messages.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List messages, newest first: to whom, by which channel, and how that went
    List {
        /// Of this tenant (name or id)
        #[arg(long)]
        tenant: Option<String>,
        /// Of every tenant
        #[arg(long)]
        all: bool,
        /// Only in this state: new, queued, sent, unknown, failed or dropped
        #[arg(long)]
        state: Option<String>,
        /// At most so many of each tenant
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let Args::List { tenant, all, state, limit, json } = args;
    if let Some(word) = state.as_deref().filter(|word| word.parse::<MessageState>().is_err()) {
        bail!("there is no state {word}; there are new, queued, sent, unknown, failed and dropped");
    }
    let db = wire::database(&Config::load(sources)?, false).await?;
    let filter = Filter { state, ..Filter::default() };
    let (mut items, mut text): (Vec<Value>, String) = (Vec::new(), String::new());
    for tenant in tenant::chosen(&db, tenant.as_deref(), all).await? {
        for m in messages::list(&mut db.reader(), tenant.id, &filter, None, i64::from(limit)).await? {
            let _ = writeln!(
                text,
                "{}  {:8} {:8} {:22} {}  try {}  {}",
                m.id, m.state, m.channel, m.topic, m.recipient, m.attempts, m.said
            );
            items.push(json!({
                "tenant": tenant.id, "id": m.id, "state": m.state, "channel": m.channel, "topic": m.topic,
                "recipient": m.recipient, "attempts": m.attempts, "said": m.said, "createdAt": m.created_at
            }));
        }
    }
    if json {
        print_json(&json!({ "items": items }))?;
    } else if items.is_empty() {
        print("No message matches.\n");
    } else {
        print(&text);
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
