//! Putting jobs off: not tried before a while has passed.

use std::time::Duration;

use anyhow::{Result, bail};
use platen_shared::ledger::{Ledger, control};

use super::change::{chosen, said, tell};
use super::{Change, tenant};

/// Which jobs, and for how long.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Snooze {
    /// For how long: 90s, 15m, 2h or 3d
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    lasting: Duration,
    #[command(flatten)]
    change: Change,
}

/// Puts jobs off that have not started.
pub(super) async fn run(ledger: &Ledger, args: &Snooze) -> Result<()> {
    if args.change.reason.is_empty() {
        bail!("say why with --reason: it is shown to everyone who asks why the job waits");
    }
    let until = ledger.now().plus(args.lasting);
    let mut done = Vec::new();
    for job in chosen(ledger, &args.change, &["scheduled", "ready"]).await? {
        if args.change.dry_run {
            done.push(said(&job, "would be put off"));
            continue;
        }
        let why = format!("put off by {}: {}", tenant::ACTOR, args.change.reason);
        let mut tx = ledger.db.begin("jobs_snooze").await?;
        let asleep = control::snooze(&mut tx, job.tenant, job.id, until, &why).await?;
        if asleep {
            tenant::note(&mut tx, ledger, job.tenant, "job.snooze", job.id, &args.change.reason).await?;
        }
        tx.commit().await?;
        done.push(said(&job, if asleep { "is put off" } else { "does not wait, or is paused: left alone" }));
    }
    tell(&done, args.change.json)
}

/// A number and its unit.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a number and s, m, h or d, such as 15m; at most 365d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let n: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    n.checked_mul(unit).filter(|s| *s <= 365 * 86_400).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "h", "-1m", "2", "1.5h", "9999d", "é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
