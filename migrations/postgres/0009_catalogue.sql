-- The catalogue in full: prices by country, pages and quantity, stock by region, sizes, colours and print areas; alarms about what a tenant
-- sells; and packaging: what each tier costs at a provider, who packs how, and the creators' own designs of it.

ALTER TABLE catalogue_items ADD COLUMN prices JSONB NOT NULL DEFAULT '[]';
ALTER TABLE catalogue_items ADD COLUMN regions JSONB NOT NULL DEFAULT '{}';
ALTER TABLE catalogue_items ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_items ADD COLUMN size TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_items ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE catalogue_items ADD COLUMN areas JSONB NOT NULL DEFAULT '[]';
CREATE INDEX catalogue_items_by_family ON catalogue_items (tenant, provider, family, uid);
-- Grows when a sync ends: what was remembered of an older one is forgotten.
ALTER TABLE catalogue_syncs ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- So many would have been retired at once, so that none was.
ALTER TABLE catalogue_syncs ADD COLUMN vanished BIGINT NOT NULL DEFAULT 0;

CREATE TABLE catalogue_alarms (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  provider TEXT NOT NULL,
  product TEXT NOT NULL,
  uid TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  raised_at TIMESTAMPTZ NOT NULL,
  resolved_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX catalogue_alarms_open ON catalogue_alarms (tenant, provider, product, kind) WHERE resolved_at IS NULL;

CREATE TABLE packaging_rules (
  tenant UUID PRIMARY KEY NOT NULL REFERENCES tenants (id),
  platform BOOLEAN NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE packaging_costs (
  tenant UUID NOT NULL REFERENCES tenants (id),
  provider TEXT NOT NULL,
  tier TEXT NOT NULL,
  currency TEXT NOT NULL,
  price_minor BIGINT NOT NULL,
  cost_minor BIGINT NOT NULL,
  -- Whether the account really delivers it, as an operator recorded.
  delivered BOOLEAN NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, provider, tier, currency)
);

CREATE TABLE packaging_designs (
  tenant UUID NOT NULL REFERENCES tenants (id),
  creator TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  design JSONB NOT NULL,
  why TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  decided_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, creator, version)
);
