-- The ledger of work, and everything orders need. Meaning of the columns: ARCHITECTURE.md and shared/src/{ledger,store}.

CREATE TABLE tenants (
  id UUID PRIMARY KEY,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  platform_fee_bps BIGINT NOT NULL,
  test_mode BOOLEAN NOT NULL,
  frozen BOOLEAN NOT NULL,
  auto_submit BOOLEAN NOT NULL,
  spending_cap_minor BIGINT,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE api_keys (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  last_used_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id);

CREATE TABLE connections (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL REFERENCES tenants (id),
  provider TEXT NOT NULL,
  credential TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, provider)
);

CREATE TABLE idempotency (
  tenant UUID NOT NULL,
  key TEXT NOT NULL,
  route TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  status BIGINT,
  headers JSONB,
  body TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE audit (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant, id);

-- Work -------------------------------------------------------------------------------------------------------------

CREATE TABLE jobs (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  spec_hash TEXT,
  provider TEXT NOT NULL,
  payload JSONB NOT NULL,
  priority BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  recoveries BIGINT NOT NULL,
  worker TEXT,
  run_at TIMESTAMPTZ NOT NULL,
  waiting_for TEXT NOT NULL,
  waiting_why TEXT NOT NULL,
  saved JSONB,
  error JSONB,
  cancel_requested BOOLEAN NOT NULL,
  correlation_id TEXT NOT NULL,
  enqueued_at TIMESTAMPTZ NOT NULL,
  ready_at TIMESTAMPTZ NOT NULL,
  started_at TIMESTAMPTZ
);
CREATE INDEX jobs_ready ON jobs (queue, priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'scheduled' AND waiting_for <> 'paused';
CREATE INDEX jobs_owned ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_spec ON jobs (tenant, spec_hash) WHERE spec_hash IS NOT NULL;

CREATE TABLE job_history (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  spec_hash TEXT,
  provider TEXT NOT NULL,
  payload JSONB NOT NULL,
  priority BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  recoveries BIGINT NOT NULL,
  worker TEXT,
  run_at TIMESTAMPTZ NOT NULL,
  waiting_for TEXT NOT NULL,
  waiting_why TEXT NOT NULL,
  saved JSONB,
  error JSONB,
  cancel_requested BOOLEAN NOT NULL,
  correlation_id TEXT NOT NULL,
  enqueued_at TIMESTAMPTZ NOT NULL,
  ready_at TIMESTAMPTZ NOT NULL,
  started_at TIMESTAMPTZ,
  output JSONB,
  finished_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX job_history_by_tenant ON job_history (tenant, id);
CREATE INDEX job_history_by_spec ON job_history (tenant, spec_hash) WHERE spec_hash IS NOT NULL;
CREATE INDEX job_history_by_age ON job_history (finished_at);

CREATE TABLE job_attempts (
  job UUID NOT NULL,
  number BIGINT NOT NULL,
  tenant UUID NOT NULL,
  worker TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  outcome TEXT,
  class TEXT,
  message TEXT,
  PRIMARY KEY (job, number)
);

CREATE TABLE job_keys (
  tenant UUID NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job UUID NOT NULL,
  digest TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, kind, key)
);
CREATE INDEX job_keys_by_job ON job_keys (job);

CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  process TEXT NOT NULL,
  queues TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  heartbeat_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE pauses (
  id UUID PRIMARY KEY,
  tenant UUID,
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE schedules (
  tenant UUID NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload JSONB NOT NULL,
  cron TEXT NOT NULL,
  zone TEXT NOT NULL,
  next_fire TIMESTAMPTZ NOT NULL,
  last_fire TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE INDEX schedules_due ON schedules (next_fire);

-- Designs ----------------------------------------------------------------------------------------------------------

CREATE TABLE uploads (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, sha256)
);

CREATE TABLE products (
  tenant UUID NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  zones JSONB NOT NULL,
  wire_zones JSONB NOT NULL,
  placements JSONB NOT NULL,
  provider TEXT NOT NULL,
  provider_uid TEXT NOT NULL,
  price_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  revenue JSONB NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id, version)
);

CREATE TABLE specs (
  tenant UUID NOT NULL,
  hash TEXT NOT NULL,
  canonical TEXT NOT NULL,
  product_id TEXT NOT NULL,
  template_version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, hash)
);

CREATE TABLE snapshots (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  spec_hash TEXT NOT NULL,
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, spec_hash)
);

CREATE TABLE snapshot_approvals (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  snapshot UUID NOT NULL REFERENCES snapshots (id),
  actor TEXT NOT NULL,
  note TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX snapshot_approvals_by_snapshot ON snapshot_approvals (tenant, snapshot);

CREATE TABLE snapshot_locks (
  tenant UUID NOT NULL,
  snapshot UUID NOT NULL REFERENCES snapshots (id),
  actor TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, snapshot)
);

CREATE TABLE artefacts (
  tenant UUID NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  job UUID NOT NULL,
  files JSONB NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, kind, key)
);

-- Catalogue --------------------------------------------------------------------------------------------------------

CREATE TABLE catalogue_items (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  uid TEXT NOT NULL,
  catalogue TEXT NOT NULL,
  title TEXT NOT NULL,
  attributes JSONB NOT NULL,
  raw JSONB NOT NULL,
  cost_minor BIGINT,
  currency TEXT NOT NULL,
  stock TEXT NOT NULL,
  generation TEXT NOT NULL,
  retired_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider, uid)
);
CREATE INDEX catalogue_items_by_catalogue ON catalogue_items (tenant, provider, catalogue, uid);

CREATE TABLE catalogue_syncs (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  generation TEXT NOT NULL,
  state TEXT NOT NULL,
  pages BIGINT NOT NULL,
  items BIGINT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  last_sync_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, provider)
);

-- Orders -----------------------------------------------------------------------------------------------------------

CREATE TABLE orders (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
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
  items_minor BIGINT NOT NULL,
  shipping_minor BIGINT NOT NULL,
  packaging_minor BIGINT NOT NULL,
  tax_minor BIGINT NOT NULL,
  total_minor BIGINT NOT NULL,
  terms JSONB NOT NULL,
  country TEXT NOT NULL,
  recipient TEXT NOT NULL,
  test BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, number),
  UNIQUE (tenant, channel, external_id)
);
CREATE INDEX orders_by_state ON orders (tenant, state, id);
CREATE INDEX orders_by_tenant ON orders (tenant, id);

CREATE TABLE order_items (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  position BIGINT NOT NULL,
  product_id TEXT NOT NULL,
  product_version BIGINT NOT NULL,
  snapshot UUID NOT NULL,
  spec_hash TEXT NOT NULL,
  title TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_uid TEXT NOT NULL,
  placements JSONB NOT NULL,
  quantity BIGINT NOT NULL,
  unit_minor BIGINT NOT NULL,
  line_minor BIGINT NOT NULL,
  revenue JSONB NOT NULL,
  UNIQUE (tenant, order_id, position)
);

CREATE TABLE order_events (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  at TIMESTAMPTZ NOT NULL,
  dimension TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  source TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX order_events_by_order ON order_events (tenant, order_id, id);

CREATE TABLE payments (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  reference TEXT NOT NULL,
  method TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  actor TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, reference)
);

CREATE TABLE provider_orders (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  status TEXT NOT NULL,
  stage TEXT NOT NULL,
  cost_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  raw JSONB NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider, provider_id)
);
CREATE INDEX provider_orders_by_order ON provider_orders (tenant, order_id);

CREATE TABLE shipments (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  provider TEXT NOT NULL,
  provider_order TEXT NOT NULL,
  method TEXT NOT NULL,
  stage TEXT NOT NULL,
  min_delivery TEXT,
  max_delivery TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, provider, provider_order)
);
CREATE INDEX shipments_by_order ON shipments (tenant, order_id);

CREATE TABLE parcels (
  tenant UUID NOT NULL,
  order_id UUID NOT NULL,
  shipment UUID NOT NULL REFERENCES shipments (id),
  tracking_code TEXT NOT NULL,
  tracking_url TEXT NOT NULL,
  carrier TEXT NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, order_id, tracking_code)
);

CREATE TABLE tracking_events (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL,
  shipment UUID NOT NULL REFERENCES shipments (id),
  stage TEXT NOT NULL,
  status TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, shipment, stage)
);

-- Money: lines first, the header last; the header's trigger refuses a sum that is not zero --------------------------------

CREATE TABLE journal_lines (
  tenant UUID NOT NULL,
  entry UUID NOT NULL,
  position BIGINT NOT NULL,
  account TEXT NOT NULL,
  minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (tenant, entry, position)
);

CREATE TABLE journal_entries (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  order_id UUID NOT NULL,
  purpose TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  UNIQUE (tenant, order_id, purpose)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME;
END $$;

CREATE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id)
     OR EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id GROUP BY currency HAVING sum(minor) <> 0) THEN
    RAISE EXCEPTION 'journal lines do not sum to zero';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION journal_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.entry) THEN
    RAISE EXCEPTION 'a journal entry takes no lines after its header';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER journal_entries_balanced BEFORE INSERT ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_balanced();
CREATE TRIGGER journal_lines_closed BEFORE INSERT ON journal_lines FOR EACH ROW EXECUTE FUNCTION journal_closed();
CREATE TRIGGER journal_entries_kept BEFORE UPDATE OR DELETE ON journal_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_lines_kept BEFORE UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER snapshots_kept BEFORE UPDATE ON snapshots FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER snapshot_approvals_kept BEFORE UPDATE OR DELETE ON snapshot_approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER snapshot_locks_kept BEFORE UPDATE OR DELETE ON snapshot_locks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER specs_kept BEFORE UPDATE ON specs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_events_kept BEFORE UPDATE OR DELETE ON order_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Rings for workers that wait; they poll as well, so a lost ring costs latency only.
CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY platen_jobs;
  RETURN NULL;
END $$;
CREATE TRIGGER jobs_ring AFTER INSERT ON jobs FOR EACH STATEMENT EXECUTE FUNCTION ring();
