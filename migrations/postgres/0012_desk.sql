-- The desk and the catalogue, whole: delivery estimates and templates of products, quantities that change, orders that are made anew, the
-- tenant's form for orders, and how long a buyer is known. Everything here is an addition: the release before works on beside this one.

-- How long it takes, by country.
ALTER TABLE catalogue_items ADD COLUMN delivery JSONB NOT NULL DEFAULT '[]';

-- Templates at the printer that the tenant sells from, and what the last sync read of each.
CREATE TABLE catalogue_templates (
  tenant UUID NOT NULL REFERENCES tenants (id),
  provider TEXT NOT NULL,
  id TEXT NOT NULL,
  -- `listed` (not read yet), `read` or `refused`.
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  -- Why it was refused.
  why TEXT NOT NULL,
  raw JSONB NOT NULL,
  synced_at TIMESTAMPTZ,
  PRIMARY KEY (tenant, provider, id)
);

CREATE TABLE catalogue_template_variants (
  tenant UUID NOT NULL,
  provider TEXT NOT NULL,
  template TEXT NOT NULL,
  position BIGINT NOT NULL,
  uid TEXT NOT NULL,
  variant JSONB NOT NULL,
  PRIMARY KEY (tenant, provider, template, position)
);
CREATE INDEX catalogue_template_variants_by_uid ON catalogue_template_variants (tenant, provider, uid);

-- JSON Schemas of what an order's form says; the highest version is in force, and orders keep the one that they were checked by.
CREATE TABLE order_forms (
  tenant UUID NOT NULL REFERENCES tenants (id),
  version BIGINT NOT NULL,
  -- Null: no form is taken.
  schema JSONB,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, version)
);

-- What the form said, sealed; null where there was none.
ALTER TABLE order_details ADD COLUMN form TEXT;
ALTER TABLE order_details ADD COLUMN form_version BIGINT NOT NULL DEFAULT 0;
-- The keyed hash of who bought; empty where the tenant keeps its buyers.
ALTER TABLE order_details ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
-- Since when only that is left.
ALTER TABLE order_details ADD COLUMN forgotten_at TIMESTAMPTZ;
CREATE INDEX order_details_by_buyer ON order_details (tenant, buyer, order_id) WHERE buyer <> '';

-- `keep`, `forget` (after the end of an order) or `hash` (from its beginning).
ALTER TABLE order_rules ADD COLUMN buyers TEXT NOT NULL DEFAULT 'keep';
-- Days from the end of an order to that.
ALTER TABLE order_rules ADD COLUMN buyers_days BIGINT NOT NULL DEFAULT 30;
-- The shop's own address, in the place of the buyers'.
ALTER TABLE order_rules ADD COLUMN buyers_contact TEXT NOT NULL DEFAULT '';

-- What changed quantities added to the total of a paid order (or took from it) and nobody has paid (or given back) yet.
ALTER TABLE order_details ADD COLUMN due_minor BIGINT NOT NULL DEFAULT 0;
-- How often the order was set to be made anew after all the printer had accepted of it had failed.
ALTER TABLE order_details ADD COLUMN round BIGINT NOT NULL DEFAULT 0;
-- It came to nothing, and the order is made anew.
ALTER TABLE provider_orders ADD COLUMN superseded BOOLEAN NOT NULL DEFAULT FALSE;
