-- Money: every cent from sale to payout. Meaning of the columns: docs/money.md and shared/src/store.

-- The journal by the words of its accounts, and with the day of every line, so that past balances are read by day.
DROP TRIGGER journal_entries_balanced;
DROP TRIGGER journal_lines_closed;
DROP TRIGGER journal_entries_no_update;
DROP TRIGGER journal_entries_no_delete;
DROP TRIGGER journal_lines_no_update;
DROP TRIGGER journal_lines_no_delete;
ALTER TABLE journal_lines RENAME TO journal_lines_old;
ALTER TABLE journal_entries RENAME TO journal_entries_old;

CREATE TABLE journal_lines (
  tenant TEXT NOT NULL,
  entry TEXT NOT NULL,
  position INTEGER NOT NULL,
  account TEXT NOT NULL,
  minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  at INTEGER NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (tenant, entry, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_lines_by_account ON journal_lines (tenant, account, day);
CREATE INDEX journal_lines_by_day ON journal_lines (tenant, day);

CREATE TABLE journal_entries (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  subject TEXT NOT NULL,
  purpose TEXT NOT NULL,
  corrects TEXT,
  why TEXT NOT NULL,
  at INTEGER NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, subject, purpose)
) STRICT, WITHOUT ROWID;

INSERT INTO journal_lines (tenant, entry, position, account, minor, currency, at, day)
  SELECT l.tenant, l.entry, l.position,
    CASE WHEN l.account = 'sales' THEN 'gross' WHEN l.account = 'platform' THEN 'platform_fee'
      WHEN substr(l.account, 1, 9) = 'provider:' THEN 'provider_cost:' || substr(l.account, 10) ELSE l.account END,
    l.minor, l.currency, e.at, e.at / 86400000000
  FROM journal_lines_old l JOIN journal_entries_old e ON e.tenant = l.tenant AND e.id = l.entry;
INSERT INTO journal_entries (tenant, id, subject, purpose, corrects, why, at, day)
  SELECT tenant, id, order_id, purpose, NULL, '', at, at / 86400000000 FROM journal_entries_old;
DROP TABLE journal_lines_old;
DROP TABLE journal_entries_old;

CREATE TRIGGER journal_entries_balanced BEFORE INSERT ON journal_entries
WHEN NOT EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id)
  OR EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id GROUP BY currency HAVING sum(minor) <> 0)
BEGIN SELECT RAISE(ABORT, 'journal lines do not sum to zero'); END;
CREATE TRIGGER journal_entries_dated BEFORE INSERT ON journal_entries
WHEN EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id AND (at <> NEW.at OR day <> NEW.day))
BEGIN SELECT RAISE(ABORT, 'journal lines are of another moment than their entry'); END;
CREATE TRIGGER journal_lines_closed BEFORE INSERT ON journal_lines
WHEN EXISTS (SELECT 1 FROM journal_entries WHERE tenant = NEW.tenant AND id = NEW.entry)
BEGIN SELECT RAISE(ABORT, 'a journal entry takes no lines after its header'); END;
CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries BEGIN SELECT RAISE(ABORT, 'rows of journal_entries are never changed or deleted'); END;
CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries BEGIN SELECT RAISE(ABORT, 'rows of journal_entries are never changed or deleted'); END;
CREATE TRIGGER journal_lines_no_update BEFORE UPDATE ON journal_lines BEGIN SELECT RAISE(ABORT, 'rows of journal_lines are never changed or deleted'); END;
CREATE TRIGGER journal_lines_no_delete BEFORE DELETE ON journal_lines BEGIN SELECT RAISE(ABORT, 'rows of journal_lines are never changed or deleted'); END;

-- Days before open_day are closed: no line is dated there any more, and journal_days holds what they came to.
CREATE TABLE books (
  tenant TEXT PRIMARY KEY NOT NULL,
  open_day INTEGER NOT NULL
) STRICT;
CREATE TABLE journal_days (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  day INTEGER NOT NULL,
  moved_minor INTEGER NOT NULL,
  PRIMARY KEY (tenant, account, currency, day)
) STRICT;

-- Rules and terms ---------------------------------------------------------------------------------------------------

CREATE TABLE money_settings (
  tenant TEXT NOT NULL,
  version INTEGER NOT NULL,
  settings TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, version)
) STRICT;

CREATE TABLE item_terms (
  tenant TEXT NOT NULL,
  order_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  terms TEXT NOT NULL,
  PRIMARY KEY (tenant, order_id, position)
) STRICT;

CREATE TABLE holder_lists (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  unit TEXT NOT NULL,
  source TEXT NOT NULL,
  holders TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, version)
) STRICT;

CREATE TABLE exchange_rates (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  from_currency TEXT NOT NULL,
  to_currency TEXT NOT NULL,
  rate TEXT NOT NULL,
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX exchange_rates_by_pair ON exchange_rates (tenant, from_currency, to_currency, at);

-- What the printer quoted before it was told to print, and what the payment provider took.
ALTER TABLE orders ADD COLUMN quoted_minor INTEGER;
ALTER TABLE payments ADD COLUMN fee_minor INTEGER;
CREATE INDEX payments_by_order ON payments (tenant, order_id);

-- People ------------------------------------------------------------------------------------------------------------

CREATE TABLE parties (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  language TEXT NOT NULL,
  payout_to TEXT,
  payout_minimum_minor INTEGER,
  active INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT;

-- Money back, and money out ------------------------------------------------------------------------------------------

CREATE TABLE refunds (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  key TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  reason TEXT NOT NULL,
  phase TEXT NOT NULL,
  cancels INTEGER NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, key)
) STRICT;
CREATE INDEX refunds_by_order ON refunds (tenant, order_id);

CREATE TABLE payout_batches (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  approved_by TEXT,
  reason TEXT NOT NULL,
  file TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE payouts (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  batch TEXT NOT NULL,
  party TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  reason TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, batch, party)
) STRICT;
-- A party waits in one batch at a time.
CREATE UNIQUE INDEX payouts_waiting ON payouts (tenant, party, currency) WHERE state = 'draft';
CREATE INDEX payouts_by_party ON payouts (tenant, party, id);

-- The journal's words changed: an older binary would write others.
UPDATE schema_floor SET release = 4;

CREATE TRIGGER money_settings_no_update BEFORE UPDATE ON money_settings BEGIN SELECT RAISE(ABORT, 'rows of money_settings are never changed or deleted'); END;
CREATE TRIGGER money_settings_no_delete BEFORE DELETE ON money_settings BEGIN SELECT RAISE(ABORT, 'rows of money_settings are never changed or deleted'); END;
CREATE TRIGGER item_terms_no_update BEFORE UPDATE ON item_terms BEGIN SELECT RAISE(ABORT, 'rows of item_terms are never changed or deleted'); END;
CREATE TRIGGER holder_lists_no_update BEFORE UPDATE ON holder_lists BEGIN SELECT RAISE(ABORT, 'rows of holder_lists are never changed or deleted'); END;
CREATE TRIGGER exchange_rates_no_update BEFORE UPDATE ON exchange_rates BEGIN SELECT RAISE(ABORT, 'rows of exchange_rates are never changed or deleted'); END;
