//! Keys that opened the door within the last second, so that a busy caller costs one look-up a second and not one per request. What is
//! remembered is the key's row, never a token: each token is still compared with the row's hash.
//!
//! A key that this process revokes is refused at once. One that another process revokes is refused within [`KEPT`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platen_shared::db::At;
use platen_shared::id::KeyId;
use platen_shared::store::keys::ApiKey;

/// How long a row is believed.
const KEPT: Duration = Duration::from_secs(1);
/// Rows remembered; beyond it, all that are too old are forgotten, and what is still too much is not remembered.
const KEYS_MAX: usize = 10_000;

/// The keys known now, by their visible prefix.
#[derive(Default)]
pub(crate) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    keys: HashMap<String, (ApiKey, At)>,
    /// Revocations so far: a row that was read before one and arrives after it may be out of date.
    revocations: u64,
}

/// When a row was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    at: At,
    revocations: u64,
}

impl Known {
    /// The key of a prefix if it is known, else what [`Known::keep`] wants of who looks it up now.
    pub(crate) fn find(&self, prefix: &str, now: At) -> Result<ApiKey, Asked> {
        let state = self.lock();
        match state.keys.get(prefix) {
            Some((key, at)) if fresh(*at, now) => Ok(key.clone()),
            _ => Err(Asked { at: now, revocations: state.revocations }),
        }
    }

    /// Remembers a key that opened.
    pub(crate) fn keep(&self, key: &ApiKey, asked: Asked) {
        let mut state = self.lock();
        if state.keys.len() >= KEYS_MAX {
            state.keys.retain(|_, (_, at)| fresh(*at, asked.at));
        }
        if state.revocations == asked.revocations && state.keys.len() < KEYS_MAX {
            state.keys.insert(key.prefix.clone(), (key.clone(), asked.at));
        }
    }

    /// Forgets a key that was revoked.
    pub(crate) fn forget(&self, id: KeyId) {
        let mut state = self.lock();
        state.revocations += 1;
        state.keys.retain(|_, (key, _)| key.id != id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a row read at `at` is believed still; not when the clock went back behind it.
fn fresh(at: At, now: At) -> bool {
    at <= now && now.since(at) < KEPT
}

#[cfg(test)]
mod tests {
    use super::*;
    use platen_shared::id::TenantId;

    fn minted() -> ApiKey {
        ApiKey::mint(TenantId::new(), "shop", &["read"], At(0)).expect("randomness").0
    }

    /// Asks for a key that is not known, and keeps it.
    fn look_up(known: &Known, key: &ApiKey, now: At) {
        let asked = known.find(&key.prefix, now).expect_err("not known");
        known.keep(key, asked);
    }

    #[test]
    fn a_key_is_known_for_a_second_and_not_before_it_was_read() {
        let (known, key, read) = (Known::default(), minted(), At(5_000_000));
        look_up(&known, &key, read);
        assert_eq!(known.find(&key.prefix, read.plus(Duration::from_millis(999))).ok(), Some(key.clone()));
        assert!(known.find(&key.prefix, read.plus(KEPT)).is_err());
        assert!(known.find(&key.prefix, At(read.0 - 1)).is_err(), "the clock went back");
    }

    #[test]
    fn a_revoked_key_is_unknown_at_once_also_when_it_is_being_looked_up() {
        let (known, key, other, now) = (Known::default(), minted(), minted(), At(5_000_000));
        look_up(&known, &key, now);
        look_up(&known, &other, now);
        let late = known.find(&minted().prefix, now).expect_err("not known");
        known.forget(key.id);
        assert!(known.find(&key.prefix, now).is_err());
        assert!(known.find(&other.prefix, now).is_ok(), "another key is not touched");
        known.keep(&key, late);
        assert!(known.find(&key.prefix, now).is_err(), "the row was read before the revocation");
    }

    #[test]
    fn so_many_are_remembered_and_the_old_ones_make_room() {
        let (known, now) = (Known::default(), At(5_000_000));
        let key = minted();
        for n in 0..=KEYS_MAX {
            look_up(&known, &ApiKey { prefix: format!("{n:012}"), ..key.clone() }, now);
        }
        assert_eq!(known.lock().keys.len(), KEYS_MAX);
        look_up(&known, &key, now.plus(KEPT));
        assert_eq!(known.lock().keys.len(), 1);
    }
}
