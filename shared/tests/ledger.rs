//! The ledger's behaviour: one suite, every database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "ledger/control.rs"]
mod control;
#[path = "ledger/ends.rs"]
mod ends;
#[path = "ledger/enqueueing.rs"]
mod enqueueing;
#[path = "ledger/fairness.rs"]
mod fairness;
#[path = "ledger/fleet.rs"]
mod fleet;
#[path = "ledger/groups.rs"]
mod groups;
#[path = "ledger/liveness.rs"]
mod liveness;
#[path = "ledger/offers.rs"]
mod offers;
#[path = "ledger/reading.rs"]
mod reading;
#[path = "ledger/zones.rs"]
mod zones;

use std::sync::Arc;

use platen_shared::db::At;
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::{Enqueued, Fence, Job, Ledger, NewJob, Presence, Queue, enqueue};
use platen_shared::testing::{ManualClock, databases_and_pooler, suite_ran};
use serde_json::{Value, json};

/// A ledger on a fresh database, with its clock in the test's hand.
pub(crate) struct Bench {
    pub(crate) ledger: Ledger,
    pub(crate) clock: ManualClock,
    pub(crate) tenant: TenantId,
}

impl Bench {
    pub(crate) fn job(&self, key: &str) -> NewJob {
        NewJob {
            tenant: self.tenant,
            queue: Queue::Orders,
            kind: "test",
            key: key.to_owned(),
            spec_hash: None,
            provider: String::new(),
            payload: json!({ "key": key }),
            priority: 0,
            run_at: At(0),
            correlation_id: "req-1".to_owned(),
        }
    }

    pub(crate) async fn put(&self, job: &NewJob) -> Enqueued {
        let mut tx = self.ledger.db.begin("test").await.unwrap();
        let done = enqueue::enqueue(&mut tx, self.ledger.now(), job).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// Enqueues, claims and starts one job for a living worker.
    pub(crate) async fn running(&self, key: &str, worker: &str) -> Fence {
        let id = self.put(&self.job(key)).await.id();
        self.ledger.beat(&Presence::named(worker)).await.unwrap();
        let fence = self.get(worker).await.fence();
        assert_eq!(fence.id, id);
        fence
    }

    /// Claims as a dispatcher does: looks first, which makes due work ready.
    pub(crate) async fn claim_jobs(&self, worker: &str, n: i64) -> Vec<Job> {
        self.ledger.with_work(Queue::ALL).await.unwrap();
        self.ledger.claim(worker, Queue::ALL, n).await.unwrap()
    }

    pub(crate) async fn claim(&self, worker: &str, n: i64) -> Vec<JobId> {
        self.claim_jobs(worker, n).await.into_iter().map(|job| job.id).collect()
    }

    /// Claims the next job.
    pub(crate) async fn get(&self, worker: &str) -> Job {
        self.claim_jobs(worker, 1).await.pop().expect("a job is ready")
    }

    pub(crate) async fn state(&self, id: JobId) -> platen_shared::ledger::Job {
        self.ledger.job(self.tenant, id).await.unwrap().unwrap()
    }

    /// Ends an attempt as the executor does.
    pub(crate) async fn succeed(&self, fence: &Fence, output: &Value) -> Result<(), platen_shared::ledger::Fenced> {
        use platen_shared::ledger::finish::{End, archive, hold};
        let mut tx = self.ledger.db.begin("test").await?;
        hold(&mut tx, fence).await?;
        archive(&mut tx, self.ledger.now(), (fence.tenant, fence.id), End::Succeeded, None, Some(output)).await?;
        Ok(tx.commit().await?)
    }
}

/// Runs a behaviour on a fresh database of every engine.
async fn each<F: Future<Output = ()>>(behaviour: impl Fn(Arc<Bench>) -> F) {
    for test in databases_and_pooler().await {
        let clock = ManualClock::new();
        let ledger = Ledger::new(test.db.clone(), Arc::new(clock.clone()));
        behaviour(Arc::new(Bench { ledger, clock, tenant: TenantId::new() })).await;
        suite_ran("ledger", test.variant());
        test.drop_it().await;
    }
}

macro_rules! behaviours {
    ($($module:ident: $($name:ident),+;)+) => {$($(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            each($module::$name).await;
        }
    )+)+};
}

behaviours! {
    enqueueing: the_same_work_is_one_job, a_key_with_another_payload_is_refused, a_rolled_back_change_leaves_no_job,
        a_hundred_callers_make_one_job, a_job_waits_until_it_is_due, priority_then_age_decides, a_worker_sees_only_its_queues;
    ends: a_finished_job_is_history, a_late_worker_changes_nothing, a_failure_is_counted_and_a_delay_is_not, a_checkpoint_is_kept_and_fenced,
        two_workers_never_get_one_job;
    liveness: a_dead_workers_jobs_come_back, a_slow_job_is_left_alone, a_claimed_job_is_returned_uncharged, what_a_lost_answer_claimed_is_found, a_claim_that_a_crash_took_back_is_another_one, leaving_gives_everything_back,
        a_continued_worker_is_fenced;
    groups: submitted_jobs_are_there_when_they_are_answered, each_of_a_group_hears_its_own_outcome,
        a_command_is_noted_with_its_job_and_a_refused_one_is_not, many_attempts_end_in_one_transaction, the_late_ones_of_a_group_change_nothing,
        an_attempt_ends_once_whatever_comes_together, groups_that_want_the_same_keys_wait_for_each_other_in_one_order,
        a_claim_does_not_wait_for_the_disk_and_all_else_does;
    fairness: a_busy_tenant_never_starves_a_quiet_one, weights_decide_how_many_in_a_row, more_tenants_than_one_claim_looks_at_all_get_their_turn,
        what_is_taken_by_id_is_taken_once;
    offers: what_is_on_offer_is_not_offered_twice, offers_are_fair_and_bounded, a_retried_job_is_offered_at_once,
        what_came_back_is_offered_out_of_turn, a_paused_job_is_not_taken,
        a_snoozed_job_sleeps_until_its_time, progress_is_shown_while_it_runs_and_fenced;
    control: cancel_says_what_became_of_it, a_dead_job_can_be_retried, a_pause_stops_each_scope_and_says_so, a_resumed_job_goes_on,
        a_schedule_fires_once, foreign_tenants_see_nothing;
    fleet: operators_see_who_runs_what, operators_see_what_is_dead_and_whose;
    reading: lists_filter_and_page, depths_and_tallies_count, old_history_is_trimmed, the_database_tells_its_time, another_connections_enqueue_is_heard;
}
