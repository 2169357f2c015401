//! What probes add up to: an incident opens once, however a provider flaps, and closes once, after five good answers in a row. Two bad
//! answers of the last five open `away`, three slow ones open `slow`; a single lost answer wakes nobody.

use platen_shared::db::{self, Tx};
use platen_shared::domain::notice::Topic;
use platen_shared::store::incidents;
use platen_shared::store::notices::{self, Telling};
use serde_json::json;

use crate::job::Recording;

/// Verdicts that are remembered.
const REMEMBERED: usize = 5;
/// An answer that took longer is slow.
const SLOW_MS: i64 = 3000;

/// A kind of incident: its word, its letters, how many of them open it, and what is told then.
struct Kind {
    word: &'static str,
    letter: char,
    opens_at: usize,
    topic: Topic,
}

const WATCHED: [Kind; 2] = [
    Kind { word: "away", letter: 'b', opens_at: 2, topic: Topic::ServiceUnavailable },
    Kind { word: "slow", letter: 's', opens_at: 3, topic: Topic::ServiceDegradation },
];

/// An answer's letter: good, slow, bad.
fn letter(latency_ms: Option<i64>) -> char {
    match latency_ms {
        None => 'b',
        Some(ms) if ms > SLOW_MS => 's',
        Some(_) => 'g',
    }
}

/// The last verdicts with one more.
fn with(recent: &str, letter: char) -> String {
    let mut all: Vec<char> = recent.chars().chain([letter]).collect();
    let surplus = all.len().saturating_sub(REMEMBERED);
    all.drain(..surplus).for_each(drop);
    all.into_iter().collect()
}

/// Takes a probe's end into account, in the transaction that stores it. `latency_ms` is none when nothing good came.
pub(crate) async fn judged(
    tx: &mut Tx,
    done: &Recording,
    provider: &str,
    latency_ms: Option<i64>,
    said: &str,
) -> db::Result<()> {
    let (now, tenant, letter) = (done.business_now, done.tenant, letter(latency_ms));
    let before = incidents::watched(tx, tenant, provider).await?.map(|(recent, _)| recent).unwrap_or_default();
    let recent = with(&before, letter);
    incidents::watch(tx, now, tenant, provider, &recent, latency_ms.map(|_| done.now)).await?;
    for kind in &WATCHED {
        let count = recent.chars().filter(|seen| *seen == kind.letter).count();
        if letter == kind.letter && count >= kind.opens_at {
            let slow = || latency_ms.map_or_else(|| said.to_owned(), |ms| format!("an answer took {ms} ms"));
            let opened = incidents::open(tx, now, tenant, provider, kind.word, &slow()).await?;
            if let Some(id) = opened {
                let data = json!({ "incidentId": id, "provider": provider, "since": now, "said": slow() });
                let telling = Telling { key: id.to_string(), topic: kind.topic, order: None, data, people: true };
                notices::tell(tx, now, tenant, telling).await?;
            }
        }
        let calm = recent.chars().count() == REMEMBERED
            && recent.chars().all(|seen| seen == 'g' || (kind.letter == 'b' && seen == 's'));
        if calm && let Some(over) = incidents::close(tx, now, tenant, provider, kind.word).await? {
            let data = json!({ "incidentId": over.id, "provider": provider, "kind": over.kind, "since": over.opened_at, "until": now });
            let (key, topic) = (format!("{}:closed", over.id), Topic::ServiceRestored);
            notices::tell(tx, now, tenant, Telling { key, topic, order: None, data, people: true }).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_five_verdicts_are_remembered() {
        assert_eq!(with("", 'g'), "g");
        assert_eq!(with("gsbgb", 'g'), "sbgbg");
        assert_eq!([None, Some(3001), Some(3000)].map(letter), ['b', 's', 'g']);
    }
}
