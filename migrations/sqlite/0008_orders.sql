-- Orders that explain themselves: what a shop says of an order beside its items, who asked for it to be cancelled and what became of that,
-- what the printer quoted before it was accepted; and indexes that lists and statistics are read from alone.

CREATE TABLE order_details (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  -- The shop's own name for the buyer.
  customer TEXT NOT NULL,
  metadata TEXT NOT NULL,
  -- A person stopped it: no fact moves it on until a person lets it go.
  held INTEGER NOT NULL,
  delivered_at INTEGER,
  delivery_method TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, order_id)
) STRICT;
CREATE INDEX order_details_by_customer ON order_details (tenant, customer, order_id) WHERE customer <> '';

CREATE TABLE order_cancellations (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  why TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  decided_at INTEGER,
  PRIMARY KEY (tenant, order_id)
) STRICT;

CREATE TABLE order_quotes (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  state TEXT NOT NULL,
  why TEXT NOT NULL,
  products_minor INTEGER,
  shipping_minor INTEGER,
  currency TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, order_id)
) STRICT;

-- Rules of a tenant about its orders; without a row everything is off.
CREATE TABLE order_rules (
  tenant TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id),
  -- An order is accepted only after the printer quoted it.
  quote_gate INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

DROP INDEX orders_by_tenant;
CREATE INDEX orders_facets ON orders (tenant, id, state, payment_state, fulfilment_state, review_state, channel, country, test, created_at);
CREATE INDEX orders_tally ON orders (tenant, state, payment_state, fulfilment_state, review_state, test, currency, total_minor);
