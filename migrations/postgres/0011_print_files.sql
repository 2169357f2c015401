-- Production: work orders link items to who makes them; what files in bundles are called. Everything here is an addition: the release before
-- works on beside this one.

CREATE TABLE work_orders (
  tenant UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, number)
);

CREATE TABLE work_order_items (
  tenant UUID NOT NULL,
  work_order UUID NOT NULL,
  position BIGINT NOT NULL,
  order_id UUID NOT NULL,
  item UUID NOT NULL,
  quantity BIGINT NOT NULL,
  PRIMARY KEY (tenant, work_order, position)
);
CREATE INDEX work_order_items_by_item ON work_order_items (tenant, item);

CREATE TABLE work_order_events (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  work_order UUID NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX work_order_events_by_order ON work_order_events (tenant, work_order, id);

CREATE TABLE file_namings (
  tenant UUID PRIMARY KEY NOT NULL REFERENCES tenants (id),
  template TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);
