//! Whose turn it is: tenants with ready work are served in rotation, each as many jobs in a row as its weight says, and nobody's slot
//! stays empty while somebody waits.

use crate::id::TenantId;

/// The rotation of one queue, as one process remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Who was served last.
    pub(super) last: TenantId,
    /// How many more it may start before the turn passes on.
    left: i64,
}

impl Default for Turn {
    fn default() -> Turn {
        Turn { last: TenantId::INSTALLATION, left: 0 }
    }
}

impl Turn {
    /// Deals `n` starts to the tenants that wait (with their weights), who come in the order of rotation: those after the last one first.
    pub(super) fn deal(&mut self, waiting: &[(TenantId, i64)], mut n: i64) -> Vec<(TenantId, i64)> {
        let mut order: Vec<(TenantId, i64)> = waiting.to_vec();
        let mut owed = 0;
        if let Some(at) = order.iter().position(|(tenant, _)| *tenant == self.last).filter(|_| self.left > 0) {
            order.rotate_left(at);
            owed = self.left;
        }
        let mut dealt: Vec<(TenantId, i64)> = vec![];
        for (tenant, weight) in order.iter().cycle().take_while(|_| !order.is_empty()) {
            if n == 0 {
                break;
            }
            let turn = if owed > 0 { std::mem::take(&mut owed) } else { (*weight).max(1) };
            let take = turn.min(n);
            (self.last, self.left, n) = (*tenant, turn - take, n - take);
            match dealt.iter_mut().find(|(known, _)| known == tenant) {
                Some((_, sum)) => *sum += take,
                None => dealt.push((*tenant, take)),
            }
        }
        dealt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(n))
    }

    /// Deals one at a time, as a single freed slot does; the order of rotation is the database's.
    fn served(turn: &mut Turn, weights: &[(u128, i64)], rounds: usize) -> Vec<u128> {
        let one = |turn: &mut Turn| {
            let mut waiting: Vec<_> = weights.iter().map(|(id, weight)| (tenant(*id), *weight)).collect();
            waiting.sort_by_key(|(id, _)| (*id <= turn.last, *id));
            turn.deal(&waiting, 1)[0].0.0.as_u128()
        };
        (0..rounds).map(|_| one(turn)).collect()
    }

    #[test]
    fn tenants_take_turns_by_weight() {
        let mut turn = Turn::default();
        assert_eq!(served(&mut turn, &[(1, 1), (2, 3), (3, 1)], 10), [1, 2, 2, 2, 3, 1, 2, 2, 2, 3]);
    }

    #[test]
    fn a_newcomer_is_next_after_those_before_it() {
        let mut turn = Turn::default();
        assert_eq!(served(&mut turn, &[(5, 1)], 3), [5, 5, 5]);
        assert_eq!(served(&mut turn, &[(5, 1), (2, 1)], 4), [2, 5, 2, 5]);
    }

    #[test]
    fn many_at_once_are_split_as_one_by_one_would_be() {
        let waiting = [(tenant(1), 1), (tenant(2), 2)];
        let mut turn = Turn::default();
        assert_eq!(turn.deal(&waiting, 9), [(tenant(1), 3), (tenant(2), 6)]);
        assert_eq!(turn.deal(&waiting[..1], 4), [(tenant(1), 4)], "work-conserving");
        assert_eq!(turn.deal(&[], 4), [], "nobody waits");
    }
}
