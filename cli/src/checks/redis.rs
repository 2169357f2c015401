//! Redis: reachable, new enough, near enough, and keeping what it is given.

use std::time::Duration;

use platen_shared::redis::inspect::{Facts, inspect};

use super::Finding;

/// Dispatch and shared limits wait for every answer; on one network an answer takes well under a millisecond.
const SLOW: Duration = Duration::from_millis(100);
/// Scripts and streams that are used need this version.
const VERSION_MIN: (u32, u32) = (6, 2);

pub(super) async fn look(url: &str) -> Vec<Finding> {
    match inspect(url).await {
        Ok(facts) => judge(&facts),
        Err(said) => vec![Finding::Wrong(format!(
            "redis.url (REDIS_URL): {said}. Until then jobs are handed out through the database, and limits are divided among replicas"
        ))],
    }
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if !facts.is_at_least(VERSION_MIN.0, VERSION_MIN.1) {
        let (major, minor) = VERSION_MIN;
        found.push(Finding::Wrong(format!(
            "Redis is {} and must be {major}.{minor} or newer: upgrade it",
            facts.version
        )));
    }
    let policy = &facts.policy;
    if facts.evicts() && facts.memory_max > 0 {
        found.push(Finding::Wrong(format!(
            "its maxmemory-policy is {policy}: when full it drops keys, and with them the shared limits. Type `redis-cli config set \
             maxmemory-policy noeviction` and put it into its settings"
        )));
    } else if facts.evicts() {
        found.push(Finding::Note(format!(
            "its maxmemory-policy is {policy}, which drops keys once maxmemory is set: noeviction is the one to have."
        )));
    }
    if facts.round_trip >= SLOW {
        let ms = facts.round_trip.as_millis();
        found.push(Finding::Note(format!(
            "it answers slowly ({ms} ms a round trip), which delays every job that goes through it: `redis-cli slowlog get` shows \
             whether it is busy; else it is too far away."
        )));
    }
    if !found.iter().any(|finding| matches!(finding, Finding::Wrong(_))) {
        found.insert(0, Finding::Good(format!("version {}, answers", facts.version)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { version: "7.0.15".into(), memory_max: 0, policy: "noeviction".into(), round_trip: Duration::ZERO }
    }

    #[test]
    fn a_sound_redis_is_good_and_nothing_else() {
        assert_eq!(judge(&facts()), [Finding::Good("version 7.0.15, answers".into())]);
    }

    #[test]
    fn dropping_keys_is_wrong_once_there_is_a_limit() {
        let evicting = Facts { policy: "allkeys-lru".into(), memory_max: 1 << 30, ..facts() };
        assert!(
            matches!(&judge(&evicting)[..], [Finding::Wrong(said)] if said.contains("maxmemory-policy noeviction"))
        );
        let unlimited = Facts { memory_max: 0, ..evicting };
        assert!(matches!(&judge(&unlimited)[..], [Finding::Good(_), Finding::Note(_)]));
    }

    #[test]
    fn a_slow_or_old_one_is_named() {
        let slow = Facts { round_trip: SLOW, ..facts() };
        assert!(matches!(&judge(&slow)[..], [Finding::Good(_), Finding::Note(said)] if said.contains("100 ms")));
        let old = Facts { version: "5.0.14".into(), ..facts() };
        assert!(matches!(&judge(&old)[..], [Finding::Wrong(said)] if said.contains("6.2 or newer")));
    }
}
