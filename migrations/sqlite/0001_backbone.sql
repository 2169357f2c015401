-- The ledger of work, and everything orders need. Meaning of the columns: ARCHITECTURE.md and shared/src/{ledger,store}.

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  platform_fee_bps INTEGER NOT NULL,
  test_mode INTEGER NOT NULL,
  frozen INTEGER NOT NULL,
  auto_submit INTEGER NOT NULL,
  spending_cap_minor INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id);

CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL REFERENCES tenants (id),
  provider TEXT NOT NULL,
  credential TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant, provider)
) STRICT;

CREATE TABLE idempotency (
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  route TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  status INTEGER,
  headers TEXT,
  body TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_tenant ON audit (tenant, id);

-- Work -------------------------------------------------------------------------------------------------------------

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
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
  started_at INTEGER
) STRICT;
CREATE INDEX jobs_ready ON jobs (queue, priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'scheduled' AND waiting_for <> 'paused';
CREATE INDEX jobs_owned ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_spec ON jobs (tenant, spec_hash) WHERE spec_hash IS NOT NULL;

CREATE TABLE job_history (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
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
  finished_at INTEGER NOT NULL
) STRICT;
CREATE INDEX job_history_by_tenant ON job_history (tenant, id);
CREATE INDEX job_history_by_spec ON job_history (tenant, spec_hash) WHERE spec_hash IS NOT NULL;
CREATE INDEX job_history_by_age ON job_history (finished_at);

CREATE TABLE job_attempts (
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  worker TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  class TEXT,
  message TEXT,
  PRIMARY KEY (job, number)
) STRICT;

CREATE TABLE job_keys (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, key)
) STRICT;
CREATE INDEX job_keys_by_job ON job_keys (job);

CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  process TEXT NOT NULL,
  queues TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL
) STRICT;

CREATE TABLE pauses (
  id TEXT PRIMARY KEY,
  tenant TEXT,
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE schedules (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  cron TEXT NOT NULL,
  zone TEXT NOT NULL,
  next_fire INTEGER NOT NULL,
  last_fire INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT;
CREATE INDEX schedules_due ON schedules (next_fire);

-- Designs ----------------------------------------------------------------------------------------------------------

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (tenant, sha256)
) STRICT;

CREATE TABLE products (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  zones TEXT NOT NULL,
  wire_zones TEXT NOT NULL,
  placements TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_uid TEXT NOT NULL,
  price_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  revenue TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id, version)
) STRICT;

CREATE TABLE specs (
  tenant TEXT NOT NULL,
  hash TEXT NOT NULL,
  canonical TEXT NOT NULL,
  product_id TEXT NOT NULL,
  template_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, hash)
) STRICT;

CREATE TABLE snapshots (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (tenant, spec_hash)
) STRICT;

CREATE TABLE snapshot_approvals (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  snapshot TEXT NOT NULL REFERENCES snapshots (id),
  actor TEXT NOT NULL,
  note TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_approvals_by_snapshot ON snapshot_approvals (tenant, snapshot);

CREATE TABLE snapshot_locks (
  tenant TEXT NOT NULL,
  snapshot TEXT NOT NULL REFERENCES snapshots (id),
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, snapshot)
) STRICT;

CREATE TABLE artefacts (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job TEXT NOT NULL,
  files TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, key)
) STRICT;

-- Catalogue --------------------------------------------------------------------------------------------------------

CREATE TABLE catalogue_items (
  tenant TEXT NOT NULL,
  provider TEXT NOT NULL,
  uid TEXT NOT NULL,
  catalogue TEXT NOT NULL,
  title TEXT NOT NULL,
  attributes TEXT NOT NULL,
  raw TEXT NOT NULL,
  cost_minor INTEGER,
  currency TEXT NOT NULL,
  stock TEXT NOT NULL,
  generation TEXT NOT NULL,
  retired_at INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, provider, uid)
) STRICT;
CREATE INDEX catalogue_items_by_catalogue ON catalogue_items (tenant, provider, catalogue, uid);

CREATE TABLE catalogue_syncs (
  tenant TEXT NOT NULL,
  provider TEXT NOT NULL,
  generation TEXT NOT NULL,
  state TEXT NOT NULL,
  pages INTEGER NOT NULL,
  items INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  last_sync_at INTEGER,
  PRIMARY KEY (tenant, provider)
) STRICT;

-- Orders -----------------------------------------------------------------------------------------------------------

CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  number TEXT NOT NULL,
  channel TEXT NOT NULL,
  external_id TEXT NOT NULL,
  state TEXT NOT NULL,
  payment_state TEXT NOT NULL,
  fulfilment_state TEXT NOT NULL,
  review_state TEXT NOT NULL,
  state_why TEXT NOT NULL,
  revision TEXT NOT NULL,
  currency TEXT NOT NULL,
  items_minor INTEGER NOT NULL,
  shipping_minor INTEGER NOT NULL,
  packaging_minor INTEGER NOT NULL,
  tax_minor INTEGER NOT NULL,
  total_minor INTEGER NOT NULL,
  terms TEXT NOT NULL,
  country TEXT NOT NULL,
  recipient TEXT NOT NULL,
  test INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant, number),
  UNIQUE (tenant, channel, external_id)
) STRICT;
CREATE INDEX orders_by_state ON orders (tenant, state, id);
CREATE INDEX orders_by_tenant ON orders (tenant, id);

CREATE TABLE order_items (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  position INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  product_version INTEGER NOT NULL,
  snapshot TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  title TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_uid TEXT NOT NULL,
  placements TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  unit_minor INTEGER NOT NULL,
  line_minor INTEGER NOT NULL,
  revenue TEXT NOT NULL,
  UNIQUE (tenant, order_id, position)
) STRICT;

CREATE TABLE order_events (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  at INTEGER NOT NULL,
  dimension TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  source TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX order_events_by_order ON order_events (tenant, order_id, id);

CREATE TABLE payments (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  reference TEXT NOT NULL,
  method TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (tenant, reference)
) STRICT;

CREATE TABLE provider_orders (
  tenant TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  status TEXT NOT NULL,
  stage TEXT NOT NULL,
  cost_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  raw TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, provider, provider_id)
) STRICT;
CREATE INDEX provider_orders_by_order ON provider_orders (tenant, order_id);

CREATE TABLE shipments (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  provider TEXT NOT NULL,
  provider_order TEXT NOT NULL,
  method TEXT NOT NULL,
  stage TEXT NOT NULL,
  min_delivery TEXT,
  max_delivery TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant, provider, provider_order)
) STRICT;
CREATE INDEX shipments_by_order ON shipments (tenant, order_id);

CREATE TABLE parcels (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL,
  shipment TEXT NOT NULL REFERENCES shipments (id),
  tracking_code TEXT NOT NULL,
  tracking_url TEXT NOT NULL,
  carrier TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, order_id, tracking_code)
) STRICT;

CREATE TABLE tracking_events (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL,
  shipment TEXT NOT NULL REFERENCES shipments (id),
  stage TEXT NOT NULL,
  status TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (tenant, shipment, stage)
) STRICT;

-- Money: lines first, the header last; the header's trigger refuses a sum that is not zero --------------------------------

CREATE TABLE journal_lines (
  tenant TEXT NOT NULL,
  entry TEXT NOT NULL,
  position INTEGER NOT NULL,
  account TEXT NOT NULL,
  minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (tenant, entry, position)
) STRICT;

CREATE TABLE journal_entries (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (tenant, order_id, purpose)
) STRICT;

CREATE TRIGGER journal_entries_balanced BEFORE INSERT ON journal_entries
WHEN NOT EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id)
  OR EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id GROUP BY currency HAVING sum(minor) <> 0)
BEGIN SELECT RAISE(ABORT, 'journal lines do not sum to zero'); END;

CREATE TRIGGER journal_lines_closed BEFORE INSERT ON journal_lines
WHEN EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.entry)
BEGIN SELECT RAISE(ABORT, 'a journal entry takes no lines after its header'); END;
CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries BEGIN SELECT RAISE(ABORT, 'rows of journal_entries are never changed or deleted'); END;
CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries BEGIN SELECT RAISE(ABORT, 'rows of journal_entries are never changed or deleted'); END;
CREATE TRIGGER journal_lines_no_update BEFORE UPDATE ON journal_lines BEGIN SELECT RAISE(ABORT, 'rows of journal_lines are never changed or deleted'); END;
CREATE TRIGGER journal_lines_no_delete BEFORE DELETE ON journal_lines BEGIN SELECT RAISE(ABORT, 'rows of journal_lines are never changed or deleted'); END;
CREATE TRIGGER snapshots_no_update BEFORE UPDATE ON snapshots BEGIN SELECT RAISE(ABORT, 'rows of snapshots are never changed or deleted'); END;
CREATE TRIGGER snapshot_approvals_no_update BEFORE UPDATE ON snapshot_approvals BEGIN SELECT RAISE(ABORT, 'rows of snapshot_approvals are never changed or deleted'); END;
CREATE TRIGGER snapshot_approvals_no_delete BEFORE DELETE ON snapshot_approvals BEGIN SELECT RAISE(ABORT, 'rows of snapshot_approvals are never changed or deleted'); END;
CREATE TRIGGER snapshot_locks_no_update BEFORE UPDATE ON snapshot_locks BEGIN SELECT RAISE(ABORT, 'rows of snapshot_locks are never changed or deleted'); END;
CREATE TRIGGER snapshot_locks_no_delete BEFORE DELETE ON snapshot_locks BEGIN SELECT RAISE(ABORT, 'rows of snapshot_locks are never changed or deleted'); END;
CREATE TRIGGER specs_no_update BEFORE UPDATE ON specs BEGIN SELECT RAISE(ABORT, 'rows of specs are never changed or deleted'); END;
CREATE TRIGGER order_events_no_update BEFORE UPDATE ON order_events BEGIN SELECT RAISE(ABORT, 'rows of order_events are never changed or deleted'); END;
CREATE TRIGGER order_events_no_delete BEFORE DELETE ON order_events BEGIN SELECT RAISE(ABORT, 'rows of order_events are never changed or deleted'); END;
