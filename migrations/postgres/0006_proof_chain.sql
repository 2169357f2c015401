-- Uploads say for what they were sent; snapshots keep what was shown and how it was approved; files remember who fetched them.

ALTER TABLE uploads ADD COLUMN profile TEXT NOT NULL DEFAULT 'buyer';
-- Of the bytes as they were sent; what is stored has no metadata any more.
ALTER TABLE uploads ADD COLUMN source_sha256 TEXT;
CREATE INDEX uploads_by_source ON uploads (tenant, source_sha256) WHERE source_sha256 IS NOT NULL;

CREATE TABLE upload_limits (
  tenant UUID PRIMARY KEY REFERENCES tenants (id),
  artwork_bytes_max BIGINT NOT NULL
);

ALTER TABLE snapshot_approvals ADD COLUMN how TEXT NOT NULL DEFAULT 'api';
ALTER TABLE snapshot_approvals ADD COLUMN seen TEXT;

CREATE TABLE snapshot_assets (
  tenant UUID NOT NULL,
  snapshot UUID NOT NULL REFERENCES snapshots (id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  render UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, snapshot, name)
);

-- Who made a snapshot with what: personal, and gone after a while.
CREATE TABLE snapshot_origins (
  tenant UUID NOT NULL,
  snapshot UUID NOT NULL REFERENCES snapshots (id),
  sealed TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, snapshot)
);
CREATE INDEX snapshot_origins_by_age ON snapshot_origins (created_at);

CREATE TABLE file_fetches (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  sha256 TEXT NOT NULL,
  audience TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  whole BOOLEAN NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX file_fetches_by_file ON file_fetches (tenant, sha256, id);
CREATE INDEX order_items_by_snapshot ON order_items (tenant, snapshot);

CREATE TRIGGER snapshots_not_deleted BEFORE DELETE ON snapshots FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER snapshot_assets_kept BEFORE UPDATE OR DELETE ON snapshot_assets FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER file_fetches_kept BEFORE UPDATE ON file_fetches FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The lock's row is written under the snapshot's, so that a change and a lock at one moment wait for each other.
CREATE FUNCTION snapshot_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM snapshots WHERE id = NEW.snapshot FOR UPDATE;
  IF EXISTS (SELECT 1 FROM snapshot_locks WHERE tenant = NEW.tenant AND snapshot = NEW.snapshot) THEN
    RAISE EXCEPTION 'a locked snapshot takes no more rows';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION snapshot_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM snapshots WHERE id = NEW.snapshot FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM snapshot_approvals WHERE tenant = NEW.tenant AND snapshot = NEW.snapshot) THEN
    RAISE EXCEPTION 'a snapshot is locked after it was approved';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER snapshot_approvals_locked BEFORE INSERT ON snapshot_approvals FOR EACH ROW EXECUTE FUNCTION snapshot_open();
CREATE TRIGGER snapshot_assets_locked BEFORE INSERT ON snapshot_assets FOR EACH ROW EXECUTE FUNCTION snapshot_open();
CREATE TRIGGER snapshot_locks_approved BEFORE INSERT ON snapshot_locks FOR EACH ROW EXECUTE FUNCTION snapshot_approved();
