//! Answers about the catalogue, remembered for an hour. What names one holds its tenant, its canonical question and the versions it was read
//! at; the end of a sync or new rules about money make other versions, so that nothing older is served, whichever process did that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use platen_shared::db::At;
use platen_shared::id::TenantId;

/// How long an answer is believed.
const KEPT: Duration = Duration::from_secs(3600);
/// Bytes of answers remembered; beyond it, everything is forgotten.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Tenant and question; the same question is written in one way.
type Name = (TenantId, String);
/// Of the catalogue and of the rules about money.
pub(crate) type Stamp = (i64, i64);

/// Answers given lately.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<State>);

#[derive(Default)]
struct State {
    answers: HashMap<Name, (At, Stamp, Bytes)>,
    bytes: usize,
}

impl Remembered {
    /// The answer to a question, if it was given within the hour at these versions.
    pub(crate) fn find(&self, tenant: TenantId, question: &str, stamp: Stamp, now: At) -> Option<Bytes> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, then, answer) = state.answers.get(&(tenant, question.to_owned()))?;
        (*then == stamp && *at <= now && now.since(*at) < KEPT).then(|| answer.clone())
    }

    /// Remembers an answer.
    pub(crate) fn keep(&self, tenant: TenantId, question: String, stamp: Stamp, now: At, answer: &Bytes) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes + answer.len() > BYTES_MAX {
            *state = State::default();
        }
        state.bytes += answer.len();
        if let Some((_, _, old)) = state.answers.insert((tenant, question), (now, stamp, answer.clone())) {
            state.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_tenants_for_an_hour_and_until_something_changes() {
        let (all, shop, other, now) = (Remembered::default(), TenantId::new(), TenantId::new(), At(9_000_000_000));
        all.keep(shop, "q".into(), (1, 1), now, &Bytes::from_static(b"yes"));
        let found = |tenant, question, stamp, at| all.find(tenant, question, stamp, at).is_some();
        assert!(found(shop, "q", (1, 1), now.plus(Duration::from_secs(3599))));
        assert!(!found(shop, "q", (1, 1), now.plus(KEPT)), "an hour is over");
        assert!(!found(shop, "q", (2, 1), now) && !found(shop, "q", (1, 2), now), "a sync ended, or the rules changed");
        assert!(!found(other, "q", (1, 1), now) && !found(shop, "r", (1, 1), now));
        assert!(!found(shop, "q", (1, 1), At(now.0 - 1)), "the clock went back");
    }

    #[test]
    fn what_is_too_much_makes_room() {
        let (all, shop, now) = (Remembered::default(), TenantId::new(), At(9_000_000_000));
        let big = Bytes::from(vec![0; BYTES_MAX / 3]);
        for n in 0..4 {
            all.keep(shop, n.to_string(), (1, 1), now, &big);
        }
        assert!(all.find(shop, "3", (1, 1), now).is_some() && all.find(shop, "0", (1, 1), now).is_none());
    }
}
