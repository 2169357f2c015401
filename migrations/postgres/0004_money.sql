-- Money: every cent from sale to payout. Meaning of the columns: docs/money.md and shared/src/store.

-- The journal by the words of its accounts, and with the day of every line, so that past balances are read by day.
DROP TRIGGER journal_entries_balanced ON journal_entries;
DROP TRIGGER journal_lines_closed ON journal_lines;
DROP TRIGGER journal_entries_kept ON journal_entries;
DROP TRIGGER journal_lines_kept ON journal_lines;

ALTER TABLE journal_lines ADD COLUMN at TIMESTAMPTZ;
ALTER TABLE journal_lines ADD COLUMN day BIGINT;
UPDATE journal_lines l SET at = e.at, day = floor(extract(epoch FROM e.at) / 86400),
    account = CASE WHEN l.account = 'sales' THEN 'gross' WHEN l.account = 'platform' THEN 'platform_fee'
      WHEN left(l.account, 9) = 'provider:' THEN 'provider_cost:' || substr(l.account, 10) ELSE l.account END
  FROM journal_entries e WHERE e.tenant = l.tenant AND e.id = l.entry;
ALTER TABLE journal_lines ALTER COLUMN at SET NOT NULL, ALTER COLUMN day SET NOT NULL;
CREATE INDEX journal_lines_by_account ON journal_lines (tenant, account, day);
CREATE INDEX journal_lines_by_day ON journal_lines (tenant, day);

ALTER TABLE journal_entries RENAME COLUMN order_id TO subject;
ALTER TABLE journal_entries ADD COLUMN corrects UUID;
ALTER TABLE journal_entries ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE journal_entries ADD COLUMN day BIGINT;
UPDATE journal_entries SET day = floor(extract(epoch FROM at) / 86400);
ALTER TABLE journal_entries ALTER COLUMN day SET NOT NULL;
ALTER TABLE journal_entries DROP CONSTRAINT journal_entries_pkey;
ALTER TABLE journal_entries ADD PRIMARY KEY (tenant, id);

-- Both checks in one look at the entry's lines.
CREATE OR REPLACE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id)
     OR EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id GROUP BY currency HAVING sum(minor) <> 0) THEN
    RAISE EXCEPTION 'journal lines do not sum to zero';
  END IF;
  IF EXISTS (SELECT 1 FROM journal_lines WHERE tenant = NEW.tenant AND entry = NEW.id AND (at <> NEW.at OR day <> NEW.day)) THEN
    RAISE EXCEPTION 'journal lines are of another moment than their entry';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION journal_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM journal_entries WHERE tenant = NEW.tenant AND id = NEW.entry) THEN
    RAISE EXCEPTION 'a journal entry takes no lines after its header';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER journal_entries_balanced BEFORE INSERT ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_balanced();
CREATE TRIGGER journal_lines_closed BEFORE INSERT ON journal_lines FOR EACH ROW EXECUTE FUNCTION journal_closed();
CREATE TRIGGER journal_entries_kept BEFORE UPDATE OR DELETE ON journal_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_lines_kept BEFORE UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Days before open_day are closed: no line is dated there any more, and journal_days holds what they came to.
CREATE TABLE books (
  tenant UUID PRIMARY KEY,
  open_day BIGINT NOT NULL
);
CREATE TABLE journal_days (
  tenant UUID NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL,
  day BIGINT NOT NULL,
  moved_minor BIGINT NOT NULL,
  PRIMARY KEY (tenant, account, currency, day)
);

-- Rules and terms ---------------------------------------------------------------------------------------------------

CREATE TABLE money_settings (
  tenant UUID NOT NULL,
  version BIGINT NOT NULL,
  settings JSONB NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, version)
);

CREATE TABLE item_terms (
  tenant UUID NOT NULL,
  order_id UUID NOT NULL,
  position BIGINT NOT NULL,
  terms JSONB NOT NULL,
  PRIMARY KEY (tenant, order_id, position)
);

CREATE TABLE holder_lists (
  tenant UUID NOT NULL,
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  unit TEXT NOT NULL,
  source TEXT NOT NULL,
  holders JSONB NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, name, version)
);

CREATE TABLE exchange_rates (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  from_currency TEXT NOT NULL,
  to_currency TEXT NOT NULL,
  rate TEXT NOT NULL,
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX exchange_rates_by_pair ON exchange_rates (tenant, from_currency, to_currency, at);

-- What the printer quoted before it was told to print, and what the payment provider took.
ALTER TABLE orders ADD COLUMN quoted_minor BIGINT;
ALTER TABLE payments ADD COLUMN fee_minor BIGINT;
CREATE INDEX payments_by_order ON payments (tenant, order_id);

-- People ------------------------------------------------------------------------------------------------------------

CREATE TABLE parties (
  tenant UUID NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  language TEXT NOT NULL,
  payout_to TEXT,
  payout_minimum_minor BIGINT,
  active BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, name)
);

-- Money back, and money out ------------------------------------------------------------------------------------------

CREATE TABLE refunds (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  order_id UUID NOT NULL,
  key TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  reason TEXT NOT NULL,
  phase TEXT NOT NULL,
  cancels BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, key)
);
CREATE INDEX refunds_by_order ON refunds (tenant, order_id);

CREATE TABLE payout_batches (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  approved_by TEXT,
  reason TEXT NOT NULL,
  file TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE payouts (
  tenant UUID NOT NULL,
  id UUID NOT NULL,
  batch UUID NOT NULL,
  party TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  reason TEXT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, batch, party)
);
-- A party waits in one batch at a time.
CREATE UNIQUE INDEX payouts_waiting ON payouts (tenant, party, currency) WHERE state = 'draft';
CREATE INDEX payouts_by_party ON payouts (tenant, party, id);

-- The journal's words changed: an older binary would write others.
UPDATE schema_floor SET release = 4;

CREATE TRIGGER money_settings_kept BEFORE UPDATE OR DELETE ON money_settings FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER item_terms_kept BEFORE UPDATE ON item_terms FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holder_lists_kept BEFORE UPDATE ON holder_lists FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchange_rates_kept BEFORE UPDATE ON exchange_rates FOR EACH ROW EXECUTE FUNCTION refuse_change();
