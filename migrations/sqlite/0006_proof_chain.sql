-- Uploads say for what they were sent; snapshots keep what was shown and how it was approved; files remember who fetched them.

ALTER TABLE uploads ADD COLUMN profile TEXT NOT NULL DEFAULT 'buyer';
-- Of the bytes as they were sent; what is stored has no metadata any more.
ALTER TABLE uploads ADD COLUMN source_sha256 TEXT;
CREATE INDEX uploads_by_source ON uploads (tenant, source_sha256) WHERE source_sha256 IS NOT NULL;

CREATE TABLE upload_limits (
  tenant TEXT PRIMARY KEY REFERENCES tenants (id),
  artwork_bytes_max INTEGER NOT NULL
) STRICT;

ALTER TABLE snapshot_approvals ADD COLUMN how TEXT NOT NULL DEFAULT 'api';
ALTER TABLE snapshot_approvals ADD COLUMN seen TEXT;

CREATE TABLE snapshot_assets (
  tenant TEXT NOT NULL,
  snapshot TEXT NOT NULL REFERENCES snapshots (id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  render TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, snapshot, name)
) STRICT;

-- Who made a snapshot with what: personal, and gone after a while.
CREATE TABLE snapshot_origins (
  tenant TEXT NOT NULL,
  snapshot TEXT NOT NULL REFERENCES snapshots (id),
  sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, snapshot)
) STRICT;
CREATE INDEX snapshot_origins_by_age ON snapshot_origins (created_at);

CREATE TABLE file_fetches (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  audience TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX file_fetches_by_file ON file_fetches (tenant, sha256, id);
CREATE INDEX order_items_by_snapshot ON order_items (tenant, snapshot);

CREATE TRIGGER snapshots_no_delete BEFORE DELETE ON snapshots BEGIN SELECT RAISE(ABORT, 'rows of snapshots are never changed or deleted'); END;
CREATE TRIGGER snapshot_assets_no_update BEFORE UPDATE ON snapshot_assets BEGIN SELECT RAISE(ABORT, 'rows of snapshot_assets are never changed or deleted'); END;
CREATE TRIGGER snapshot_assets_no_delete BEFORE DELETE ON snapshot_assets BEGIN SELECT RAISE(ABORT, 'rows of snapshot_assets are never changed or deleted'); END;
CREATE TRIGGER file_fetches_no_update BEFORE UPDATE ON file_fetches BEGIN SELECT RAISE(ABORT, 'rows of file_fetches are never changed or deleted'); END;
CREATE TRIGGER snapshot_approvals_locked BEFORE INSERT ON snapshot_approvals
WHEN EXISTS (SELECT 1 FROM snapshot_locks WHERE tenant = NEW.tenant AND snapshot = NEW.snapshot)
BEGIN SELECT RAISE(ABORT, 'a locked snapshot takes no more rows'); END;
CREATE TRIGGER snapshot_assets_locked BEFORE INSERT ON snapshot_assets
WHEN EXISTS (SELECT 1 FROM snapshot_locks WHERE tenant = NEW.tenant AND snapshot = NEW.snapshot)
BEGIN SELECT RAISE(ABORT, 'a locked snapshot takes no more rows'); END;
CREATE TRIGGER snapshot_locks_approved BEFORE INSERT ON snapshot_locks
WHEN NOT EXISTS (SELECT 1 FROM snapshot_approvals WHERE tenant = NEW.tenant AND snapshot = NEW.snapshot)
BEGIN SELECT RAISE(ABORT, 'a snapshot is locked after it was approved'); END;
