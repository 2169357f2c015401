-- What a fleet of replicas needs. Everything here is an addition with a default: the release before works on beside this one.

-- The oldest release (named by its newest migration) that still works on this schema; a migration that takes something away raises it.
CREATE TABLE schema_floor (
  release BIGINT NOT NULL
);
INSERT INTO schema_floor (release) VALUES (1);

-- Lanes and fair share ------------------------------------------------------------------------------------------------

-- How many jobs in a row a tenant may start when others wait too.
ALTER TABLE tenants ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;

-- {"done", "total", "label"} of a running job; when its id was last handed to Redis.
ALTER TABLE jobs ADD COLUMN progress JSONB;
ALTER TABLE jobs ADD COLUMN offered_at TIMESTAMPTZ;
CREATE INDEX jobs_ready_by_tenant ON jobs (queue, tenant, priority DESC, run_at, id) WHERE state = 'ready';

ALTER TABLE workers ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN release TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN dispatcher TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN slots BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workers ADD COLUMN draining BOOLEAN NOT NULL DEFAULT FALSE;

-- Looking after it ---------------------------------------------------------------------------------------------------

-- Dead jobs are few among many that ended: what the status page and the metrics ask for.
CREATE INDEX job_history_dead ON job_history (tenant, id) WHERE state = 'dead';

-- Shared limits --------------------------------------------------------------------------------------------------------

-- Budget and breaker of one account, for installations without Redis. Instants are microseconds of the ledger's time.
CREATE TABLE gates (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  full_at BIGINT NOT NULL,
  paused_until BIGINT NOT NULL,
  throttles BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  open_until BIGINT NOT NULL,
  probe_until BIGINT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider)
);

-- Who used it: calls per minute and kind of work.
CREATE TABLE gate_use (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  minute TIMESTAMPTZ NOT NULL,
  kind TEXT NOT NULL,
  calls BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  put_off BIGINT NOT NULL,
  PRIMARY KEY (tenant, provider, minute, kind)
);

-- The last probes of a connection; a probe without an answer has no latency.
CREATE TABLE provider_probes (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  ok BOOLEAN NOT NULL,
  latency_ms BIGINT,
  said TEXT NOT NULL,
  PRIMARY KEY (tenant, provider)
);

-- Schedules of the installation --------------------------------------------------------------------------------------------

-- The cron lines of the configuration: when each fired last and fires next. Replicas move a row on by compare and set. While a firing
-- is being spread over many tenants, spread_tenant and spread_provider say how far that is; after a crash any replica goes on there.
CREATE TABLE fires (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  each_of TEXT NOT NULL,
  payload JSONB NOT NULL,
  cron TEXT NOT NULL,
  zone TEXT NOT NULL,
  next_fire TIMESTAMPTZ NOT NULL,
  last_fire TIMESTAMPTZ,
  fired_at TIMESTAMPTZ,
  jobs BIGINT NOT NULL,
  spread_tenant UUID,
  spread_provider TEXT NOT NULL
);
ALTER TABLE schedules ADD COLUMN last_job UUID;

-- Jobs of cron lines: whether the last one still waits, and those that can be forgotten early.
CREATE INDEX jobs_of_lines ON jobs (tenant, kind) WHERE substr(key, 1, 5) = 'cron:';
CREATE INDEX job_history_of_lines ON job_history (finished_at) WHERE substr(key, 1, 5) = 'cron:';
CREATE INDEX job_keys_of_lines ON job_keys (created_at) WHERE substr(key, 1, 5) = 'cron:';

-- Orders that are still on their way, and the jobs that follow them.
CREATE INDEX provider_orders_open ON provider_orders (tenant, provider, order_id) WHERE stage NOT IN ('delivered', 'returned', 'canceled', 'failed');
CREATE INDEX jobs_of_orders ON jobs (tenant, (payload->>'order')) WHERE kind IN ('poll_tracking', 'submit_order');
