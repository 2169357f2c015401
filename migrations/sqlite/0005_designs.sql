-- Personalisation: what products allow, which press first took a design, publishable keys and the pages that may use them. Everything here
-- is an addition with a default: the release before works on beside this one.

-- What the zones of a product allow; one evaluator in the api and the worker reads it. {} restricts nothing.
ALTER TABLE products ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';

-- The press that was in force when a design was stored, and the design it was before it moved to a later version of the format.
ALTER TABLE specs ADD COLUMN press_version TEXT NOT NULL DEFAULT '1';
ALTER TABLE specs ADD COLUMN migrated_from TEXT;

-- A rate of its own; without one a key has the installation's.
ALTER TABLE api_keys ADD COLUMN per_second INTEGER;

-- Web origins whose pages may use a tenant's publishable keys.
CREATE TABLE widget_origins (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  origin TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, origin)
) STRICT;
CREATE INDEX widget_origins_by_origin ON widget_origins (origin);
