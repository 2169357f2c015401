-- Messages: what happened that somebody is told of, to whom, by which channel, and how that went. And the watch over providers.

CREATE TABLE message_settings (
  tenant UUID PRIMARY KEY REFERENCES tenants (id),
  sender_name TEXT NOT NULL,
  -- Where the tenant's own people are told of trouble, and where answers of customers go.
  support_email TEXT,
  language TEXT NOT NULL,
  white_label BOOLEAN NOT NULL,
  -- Kinds of notices that are not sent by e-mail.
  muted JSONB NOT NULL,
  -- A page of the tenant's for parcels whose carrier has none, with {number} in it.
  tracking_page TEXT,
  -- Business days in production after which an order is late, and days on which nobody works.
  delay_days JSONB NOT NULL,
  holidays JSONB NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE message_templates (
  tenant UUID NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  html TEXT,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, name, language)
);

-- The language that a buyer wants to be written in, where the shop said it.
CREATE TABLE order_languages (
  tenant UUID NOT NULL,
  order_id UUID NOT NULL REFERENCES orders (id),
  language TEXT NOT NULL,
  PRIMARY KEY (tenant, order_id)
);

-- Sealed: where a creator or a holder is written to.
ALTER TABLE parties ADD COLUMN email TEXT;

CREATE TABLE notices (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  -- What it tells of: a second telling of the same is none.
  key TEXT NOT NULL,
  topic TEXT NOT NULL,
  order_id UUID,
  at TIMESTAMPTZ NOT NULL,
  data JSONB NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, key)
);
CREATE INDEX notices_by_time ON notices (tenant, at);

CREATE TABLE messages (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  notice UUID NOT NULL,
  -- customer, operator, party:NAME, or the endpoint's id.
  recipient TEXT NOT NULL,
  -- email or webhook.
  channel TEXT NOT NULL,
  -- new, queued, sent, unknown, failed or dropped.
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  said TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, notice, recipient, channel)
);
CREATE INDEX messages_new ON messages (tenant, id) WHERE state = 'new';

CREATE TABLE webhook_endpoints (
  tenant UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  url TEXT NOT NULL,
  -- Topics; empty for all.
  topics JSONB NOT NULL,
  -- Sealed.
  secret TEXT NOT NULL,
  -- Sealed; signs too until then.
  old_secret TEXT,
  old_until TIMESTAMPTZ,
  enabled BOOLEAN NOT NULL,
  off_why TEXT NOT NULL,
  failing_since TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE deliveries (
  tenant UUID NOT NULL,
  message UUID NOT NULL,
  attempt BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  -- Of HTTP; none when nobody answered.
  status BIGINT,
  took_ms BIGINT,
  said TEXT NOT NULL,
  PRIMARY KEY (tenant, message, attempt)
);

-- The last verdicts on an account at a provider, newest last, a letter each: g good, s slow, b bad.
CREATE TABLE provider_watch (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  recent TEXT NOT NULL,
  heard_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider)
);

CREATE TABLE incidents (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  said TEXT NOT NULL,
  opened_at TIMESTAMPTZ NOT NULL,
  closed_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX incidents_open ON incidents (tenant, provider, kind) WHERE closed_at IS NULL;
