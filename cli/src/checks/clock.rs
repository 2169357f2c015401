//! This machine's clock beside the database's. The ledger runs on the database's time alone; links, signatures and what tenants
//! are told run on this machine's.

use platen_shared::clock::Clock;
use platen_shared::db::{At, Db};

use super::Finding;

const SECOND_US: i64 = 1_000_000;
const NOTE_US: i64 = SECOND_US;
const WRONG_US: i64 = 60 * SECOND_US;

/// Compares the two as of the middle of the question.
pub(super) async fn look(db: &Db, clock: &dyn Clock) -> Finding {
    let before: At = clock.now();
    match db.now().await {
        // On SQLite both are this machine's.
        Ok(theirs) if db.engine() == "postgres" => judge(i64::midpoint(before.0, clock.now().0) - theirs.0),
        Ok(_) => Finding::Good("the database's clock is this machine's".into()),
        Err(error) => Finding::Wrong(format!("the database does not tell its time: {error}")),
    }
}

fn judge(ahead_us: i64) -> Finding {
    let seconds = ahead_us.unsigned_abs() / SECOND_US.unsigned_abs();
    let side = if ahead_us > 0 { "ahead of" } else { "behind" };
    let said = format!(
        "this machine's clock is {seconds} s {side} the database's: start time synchronisation on both (`timedatectl set-ntp true`)"
    );
    match ahead_us.abs() {
        off if off >= WRONG_US => Finding::Wrong(said),
        off if off > NOTE_US => Finding::Note(format!("{said}.")),
        _ => Finding::Good("within a second of the database's".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use platen_shared::testing::{ManualClock, TestDb, postgres_url};

    use super::*;

    #[test]
    fn a_second_is_noted_and_a_minute_is_wrong() {
        assert!(matches!(judge(SECOND_US), Finding::Good(_)));
        assert!(matches!(judge(-SECOND_US - 1), Finding::Note(said) if said.contains("behind")));
        assert!(matches!(judge(WRONG_US), Finding::Wrong(said) if said.contains("60 s ahead of")));
        assert!(matches!(judge(-WRONG_US), Finding::Wrong(_)));
    }

    #[tokio::test]
    async fn a_clock_that_is_off_is_seen_beside_postgres() {
        if postgres_url().is_none() {
            return;
        }
        let test = TestDb::postgres().await;
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(600));
        assert!(matches!(look(&test.db, &clock).await, Finding::Wrong(said) if said.contains("ahead of")));
        test.drop_it().await;
    }
}
