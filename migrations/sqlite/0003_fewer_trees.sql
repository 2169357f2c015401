-- Fewer trees to change per job: the tenant leads every key, so that the lists of a tenant need no index of their own, and an attempt is one
-- row, written when it ends. The release before works on beside this one, its look-ups by id alone more slowly.

CREATE TABLE jobs_new (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  spec_hash TEXT,
  provider TEXT NOT NULL,
  payload TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  recoveries INTEGER NOT NULL,
  worker TEXT,
  run_at INTEGER NOT NULL,
  waiting_for TEXT NOT NULL,
  waiting_why TEXT NOT NULL,
  saved TEXT,
  error TEXT,
  cancel_requested INTEGER NOT NULL,
  correlation_id TEXT NOT NULL,
  enqueued_at INTEGER NOT NULL,
  ready_at INTEGER NOT NULL,
  started_at INTEGER,
  progress TEXT,
  offered_at INTEGER,
  PRIMARY KEY (tenant, id)
) STRICT;
INSERT INTO jobs_new (tenant, id, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries, worker, run_at,
  waiting_for, waiting_why, saved, error, cancel_requested, correlation_id, enqueued_at, ready_at, started_at, progress, offered_at)
  SELECT tenant, id, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries, worker, run_at,
  waiting_for, waiting_why, saved, error, cancel_requested, correlation_id, enqueued_at, ready_at, started_at, progress, offered_at FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_new RENAME TO jobs;
CREATE INDEX jobs_ready ON jobs (queue, tenant, priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'scheduled' AND waiting_for <> 'paused';
CREATE INDEX jobs_owned ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_by_spec ON jobs (tenant, spec_hash) WHERE spec_hash IS NOT NULL;
CREATE INDEX jobs_of_lines ON jobs (tenant, kind) WHERE substr(key, 1, 5) = 'cron:';
CREATE INDEX jobs_of_orders ON jobs (tenant, (payload->>'order')) WHERE kind IN ('poll_tracking', 'submit_order');

CREATE TABLE job_history_new (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  spec_hash TEXT,
  provider TEXT NOT NULL,
  payload TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  recoveries INTEGER NOT NULL,
  worker TEXT,
  run_at INTEGER NOT NULL,
  waiting_for TEXT NOT NULL,
  waiting_why TEXT NOT NULL,
  saved TEXT,
  error TEXT,
  cancel_requested INTEGER NOT NULL,
  correlation_id TEXT NOT NULL,
  enqueued_at INTEGER NOT NULL,
  ready_at INTEGER NOT NULL,
  started_at INTEGER,
  output TEXT,
  finished_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
INSERT INTO job_history_new (tenant, id, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries, worker, run_at,
  waiting_for, waiting_why, saved, error, cancel_requested, correlation_id, enqueued_at, ready_at, started_at, output, finished_at)
  SELECT tenant, id, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries, worker, run_at,
  waiting_for, waiting_why, saved, error, cancel_requested, correlation_id, enqueued_at, ready_at, started_at, output, finished_at FROM job_history;
DROP TABLE job_history;
ALTER TABLE job_history_new RENAME TO job_history;
CREATE INDEX job_history_by_spec ON job_history (tenant, spec_hash) WHERE spec_hash IS NOT NULL;
CREATE INDEX job_history_by_age ON job_history (finished_at);
CREATE INDEX job_history_dead ON job_history (tenant, id) WHERE state = 'dead';
CREATE INDEX job_history_of_lines ON job_history (finished_at) WHERE substr(key, 1, 5) = 'cron:';

CREATE TABLE job_attempts_new (
  tenant TEXT NOT NULL,
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  class TEXT,
  message TEXT,
  PRIMARY KEY (tenant, job, number)
) STRICT, WITHOUT ROWID;
INSERT INTO job_attempts_new (tenant, job, number, worker, started_at, ended_at, outcome, class, message)
  SELECT tenant, job, number, worker, started_at, ended_at, outcome, class, message FROM job_attempts;
DROP TABLE job_attempts;
ALTER TABLE job_attempts_new RENAME TO job_attempts;

CREATE TABLE job_keys_new (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO job_keys_new (tenant, kind, key, job, digest, created_at)
  SELECT tenant, kind, key, job, digest, created_at FROM job_keys;
DROP TABLE job_keys;
ALTER TABLE job_keys_new RENAME TO job_keys;
CREATE INDEX job_keys_of_lines ON job_keys (created_at) WHERE substr(key, 1, 5) = 'cron:';
