-- Messages: what happened that somebody is told of, to whom, by which channel, and how that went. And the watch over providers.

CREATE TABLE message_settings (
  tenant TEXT PRIMARY KEY REFERENCES tenants (id),
  sender_name TEXT NOT NULL,
  -- Where the tenant's own people are told of trouble, and where answers of customers go.
  support_email TEXT,
  language TEXT NOT NULL,
  white_label INTEGER NOT NULL,
  -- Kinds of notices that are not sent by e-mail.
  muted TEXT NOT NULL,
  -- A page of the tenant's for parcels whose carrier has none, with {number} in it.
  tracking_page TEXT,
  -- Business days in production after which an order is late, and days on which nobody works.
  delay_days TEXT NOT NULL,
  holidays TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE message_templates (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  html TEXT,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, language)
) STRICT;

-- The language that a buyer wants to be written in, where the shop said it.
CREATE TABLE order_languages (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  language TEXT NOT NULL,
  PRIMARY KEY (tenant, order_id)
) STRICT;

-- Sealed: where a creator or a holder is written to.
ALTER TABLE parties ADD COLUMN email TEXT;

CREATE TABLE notices (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  -- What it tells of: a second telling of the same is none.
  key TEXT NOT NULL,
  topic TEXT NOT NULL,
  order_id TEXT,
  at INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, key)
) STRICT;
CREATE INDEX notices_by_time ON notices (tenant, at);

CREATE TABLE messages (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  notice TEXT NOT NULL,
  -- customer, operator, party:NAME, or the endpoint's id.
  recipient TEXT NOT NULL,
  -- email or webhook.
  channel TEXT NOT NULL,
  -- new, queued, sent, unknown, failed or dropped.
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  said TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, notice, recipient, channel)
) STRICT;
CREATE INDEX messages_new ON messages (tenant, id) WHERE state = 'new';

CREATE TABLE webhook_endpoints (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  id TEXT NOT NULL,
  url TEXT NOT NULL,
  -- Topics; empty for all.
  topics TEXT NOT NULL,
  -- Sealed.
  secret TEXT NOT NULL,
  -- Sealed; signs too until then.
  old_secret TEXT,
  old_until INTEGER,
  enabled INTEGER NOT NULL,
  off_why TEXT NOT NULL,
  failing_since INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE deliveries (
  tenant TEXT NOT NULL,
  message TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  -- Of HTTP; none when nobody answered.
  status INTEGER,
  took_ms INTEGER,
  said TEXT NOT NULL,
  PRIMARY KEY (tenant, message, attempt)
) STRICT;

-- The last verdicts on an account at a provider, newest last, a letter each: g good, s slow, b bad.
CREATE TABLE provider_watch (
  tenant TEXT NOT NULL,
  provider TEXT NOT NULL,
  recent TEXT NOT NULL,
  heard_at INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, provider)
) STRICT;

CREATE TABLE incidents (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  said TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (tenant, provider, kind) WHERE closed_at IS NULL;
