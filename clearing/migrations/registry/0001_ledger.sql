-- The registry's ledger: accounts, sealed zero-sum double entry, balances that the postings alone move.
-- Two books: 'registry' (allowances on both sides, R16; settlement cash booked per participant, R90) and
-- 'bank' (the settlement bank's own record of the same money). SYS-… accounts are the world outside.

CREATE TABLE account(
  account TEXT NOT NULL PRIMARY KEY,
  funds_account TEXT NOT NULL CONSTRAINT uq_funds_account UNIQUE,
  name TEXT NOT NULL,
  credit_code TEXT NOT NULL,
  blocked INTEGER NOT NULL DEFAULT 0 CONSTRAINT ck_blocked CHECK(blocked IN (0, 1)),
  opened_at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE txn(
  txn INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  date TEXT NOT NULL,
  posted_at_ns INTEGER NOT NULL,
  previous_hash BLOB NOT NULL CONSTRAINT uq_previous_hash UNIQUE,
  hash BLOB NOT NULL,
  CONSTRAINT uq_reference UNIQUE(kind, reference)
) STRICT;
CREATE INDEX txn_by_date ON txn(date);

CREATE TABLE posting(
  txn INTEGER NOT NULL CONSTRAINT fk_txn REFERENCES txn(txn) DEFERRABLE INITIALLY DEFERRED,
  line INTEGER NOT NULL,
  book TEXT NOT NULL CONSTRAINT ck_book CHECK(book IN ('registry', 'bank')),
  account TEXT NOT NULL CONSTRAINT fk_account REFERENCES account(account),
  asset TEXT NOT NULL,
  bucket TEXT NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT ck_not_zero CHECK(amount <> 0),
  CONSTRAINT pk PRIMARY KEY(txn, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_by_account ON posting(account, txn);

CREATE TABLE balance(
  book TEXT NOT NULL,
  account TEXT NOT NULL,
  asset TEXT NOT NULL,
  bucket TEXT NOT NULL,
  amount INTEGER NOT NULL,
  CONSTRAINT pk PRIMARY KEY(book, account, asset, bucket),
  CONSTRAINT ck_not_negative CHECK(amount >= 0 OR account GLOB 'SYS-*')
) STRICT, WITHOUT ROWID;

-- SQLite has no deferred triggers, so the header of a transaction is inserted last and seals it.
CREATE TRIGGER txn_zero BEFORE INSERT ON txn BEGIN
  SELECT RAISE(ABORT, 'empty') WHERE NOT EXISTS(SELECT 1 FROM posting WHERE txn = NEW.txn);
  SELECT RAISE(ABORT, 'unbalanced') WHERE EXISTS(
    SELECT 1 FROM posting WHERE txn = NEW.txn GROUP BY book, asset HAVING SUM(amount) <> 0);
END;
CREATE TRIGGER posting_sealed BEFORE INSERT ON posting
  WHEN EXISTS(SELECT 1 FROM txn WHERE txn = NEW.txn) BEGIN SELECT RAISE(ABORT, 'sealed'); END;
CREATE TRIGGER posting_folded AFTER INSERT ON posting BEGIN
  INSERT INTO balance SELECT NEW.book, NEW.account, NEW.asset, NEW.bucket, 0
    WHERE NOT EXISTS(SELECT 1 FROM balance WHERE book = NEW.book AND account = NEW.account
      AND asset = NEW.asset AND bucket = NEW.bucket);
  UPDATE balance SET amount = amount + NEW.amount WHERE book = NEW.book AND account = NEW.account
    AND asset = NEW.asset AND bucket = NEW.bucket;
END;
CREATE TRIGGER txn_update BEFORE UPDATE ON txn BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER txn_delete BEFORE DELETE ON txn BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER posting_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER posting_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER balance_delete BEFORE DELETE ON balance BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- The inbox: every request that took effect, with its answer, for ever.
CREATE TABLE inbox(
  sender TEXT NOT NULL,
  reference TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  answer BLOB NOT NULL,
  answered_at_ns INTEGER NOT NULL,
  CONSTRAINT pk PRIMARY KEY(sender, reference)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER inbox_update BEFORE UPDATE ON inbox BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER inbox_delete BEFORE DELETE ON inbox BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- The outbox: what the exchange must book, numbered without gaps; readers keep their own place.
CREATE TABLE movement(
  number INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CONSTRAINT ck_kind CHECK(kind IN ('deposit', 'transfer_in')),
  account TEXT NOT NULL CONSTRAINT fk_account REFERENCES account(account),
  product TEXT NOT NULL,
  quantity_t INTEGER NOT NULL CONSTRAINT ck_quantity CHECK(quantity_t >= 0),
  amount_fen INTEGER NOT NULL CONSTRAINT ck_amount CHECK(amount_fen >= 0),
  reference TEXT NOT NULL CONSTRAINT uq_reference UNIQUE,
  date TEXT NOT NULL,
  txn INTEGER NOT NULL CONSTRAINT uq_txn UNIQUE CONSTRAINT fk_txn REFERENCES txn(txn)
) STRICT;
CREATE TRIGGER movement_update BEFORE UPDATE ON movement BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER movement_delete BEFORE DELETE ON movement BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TABLE freeze(
  reference TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL CONSTRAINT fk_account REFERENCES account(account),
  asset TEXT NOT NULL,
  bucket TEXT NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT ck_amount CHECK(amount > 0),
  released_by TEXT
) STRICT, WITHOUT ROWID;

INSERT INTO account VALUES
  ('SYS-ISSUE', 'SYS-ISSUE', 'allowances issued', 'SYS', 0, 0),
  ('SYS-POOL', 'SYS-POOL', 'settlement-funds account', 'SYS', 0, 0),
  ('SYS-WORLD', 'SYS-WORLD', 'money from outside', 'SYS', 0, 0);
