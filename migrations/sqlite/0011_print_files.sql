-- Production: work orders link items to who makes them; what files in bundles are called. Everything here is an addition: the release before
-- works on beside this one.

CREATE TABLE work_orders (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  id TEXT NOT NULL,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, number)
) STRICT;

CREATE TABLE work_order_items (
  tenant TEXT NOT NULL,
  work_order TEXT NOT NULL,
  position INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  item TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (tenant, work_order, position)
) STRICT;
CREATE INDEX work_order_items_by_item ON work_order_items (tenant, item);

CREATE TABLE work_order_events (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  work_order TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX work_order_events_by_order ON work_order_events (tenant, work_order, id);

CREATE TABLE file_namings (
  tenant TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id),
  template TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
