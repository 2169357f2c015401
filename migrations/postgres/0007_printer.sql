-- What a person must look at, what may be spent, what the printer said and when, and its webhooks.

CREATE TABLE operator_items (
  id UUID PRIMARY KEY,
  tenant UUID NOT NULL,
  kind TEXT NOT NULL,
  -- What it is about: an order, a part at the printer, a word. One open item per kind and subject.
  subject TEXT NOT NULL,
  order_id UUID,
  detail TEXT NOT NULL,
  opened_at TIMESTAMPTZ NOT NULL,
  closed_at TIMESTAMPTZ,
  closed_by TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX operator_items_open ON operator_items (tenant, kind, subject) WHERE closed_at IS NULL;
CREATE INDEX operator_items_by_tenant ON operator_items (tenant, id);
CREATE INDEX operator_items_by_order ON operator_items (tenant, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE release_limits (
  tenant UUID PRIMARY KEY REFERENCES tenants (id),
  -- What may be released at printers in one day (UTC); none is no limit.
  day_minor BIGINT,
  frozen_why TEXT NOT NULL DEFAULT ''
);

-- What an order may cost: written before its release, so that two orders at one moment cannot both take the last of a limit.
CREATE TABLE spending (
  tenant UUID NOT NULL,
  order_id UUID NOT NULL,
  day TEXT NOT NULL,
  minor BIGINT NOT NULL,
  PRIMARY KEY (tenant, order_id)
);
CREATE INDEX spending_by_day ON spending (tenant, day);

-- When the printer wrote what we know (its own clock), and when the part last moved (ours).
ALTER TABLE provider_orders ADD COLUMN as_of TIMESTAMPTZ;
ALTER TABLE provider_orders ADD COLUMN moved_at TIMESTAMPTZ;

CREATE TABLE unknown_words (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  word TEXT NOT NULL,
  times BIGINT NOT NULL,
  first_at TIMESTAMPTZ NOT NULL,
  last_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider, word)
);

-- How the provider's webhooks prove themselves: a header of a chosen name, and a sealed secret; the one before is taken for a while.
ALTER TABLE connections ADD COLUMN hook_header TEXT;
ALTER TABLE connections ADD COLUMN hook_secret TEXT;
ALTER TABLE connections ADD COLUMN hook_secret_before TEXT;
ALTER TABLE connections ADD COLUMN hook_changed_at TIMESTAMPTZ;

CREATE TABLE hook_events (
  tenant UUID NOT NULL,
  connection UUID NOT NULL,
  -- Digest of event, id, order and item: the same event is one row, however often it comes.
  dedup TEXT NOT NULL,
  event TEXT NOT NULL,
  provider_order TEXT NOT NULL,
  reference TEXT NOT NULL,
  -- None: about nothing of ours.
  order_id UUID,
  body TEXT NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, connection, dedup)
);
CREATE INDEX hook_events_by_order ON hook_events (tenant, order_id, received_at) WHERE order_id IS NOT NULL;
CREATE INDEX hook_events_by_age ON hook_events (received_at);
