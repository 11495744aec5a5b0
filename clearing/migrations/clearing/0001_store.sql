-- What clearing keeps: its place in the drop copy, trades, instructions, movements, days. No balances.

CREATE TABLE cursor(
  name TEXT NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL CONSTRAINT ck_sequence CHECK(sequence >= 0)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER cursor_forward BEFORE UPDATE ON cursor WHEN NEW.sequence < OLD.sequence
  BEGIN SELECT RAISE(ABORT, 'a cursor only goes forward'); END;
INSERT INTO cursor VALUES ('drop', 0);

CREATE TABLE participant(
  participant INTEGER NOT NULL PRIMARY KEY,
  registry_account TEXT NOT NULL CONSTRAINT uq_registry_account UNIQUE,
  funds_account TEXT NOT NULL CONSTRAINT uq_funds_account UNIQUE
) STRICT;

CREATE TABLE day(
  date TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL,
  quantity_t INTEGER NOT NULL DEFAULT 0,   -- of the exchange's bulletin
  amount_fen INTEGER NOT NULL DEFAULT 0,
  seal BLOB,
  result BLOB,
  outcome_hash TEXT NOT NULL DEFAULT '',
  problem TEXT NOT NULL DEFAULT '',
  breaks INTEGER NOT NULL DEFAULT 0,
  report BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE day_event(
  number INTEGER NOT NULL PRIMARY KEY,
  date TEXT NOT NULL CONSTRAINT fk_date REFERENCES day(date),
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  at_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE trade(
  trade INTEGER NOT NULL PRIMARY KEY,
  date TEXT NOT NULL CONSTRAINT fk_date REFERENCES day(date),
  time_ns INTEGER NOT NULL,
  method INTEGER NOT NULL,
  product TEXT NOT NULL,
  price_fen INTEGER NOT NULL CONSTRAINT ck_price CHECK(price_fen > 0),
  quantity_t INTEGER NOT NULL CONSTRAINT ck_quantity CHECK(quantity_t > 0),
  buyer INTEGER NOT NULL,
  seller INTEGER NOT NULL,
  buy_order INTEGER NOT NULL,
  sell_order INTEGER NOT NULL
) STRICT;
CREATE INDEX trade_by_date ON trade(date, trade);
CREATE TRIGGER trade_late BEFORE INSERT ON trade
  WHEN (SELECT state FROM day WHERE date = NEW.date) NOT IN ('OPEN', 'CLOSED')
  BEGIN SELECT RAISE(ABORT, 'a trade for a day that is sealed'); END;
CREATE TRIGGER trade_update BEFORE UPDATE ON trade BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER trade_delete BEFORE DELETE ON trade BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TABLE instruction(
  tx_id TEXT NOT NULL PRIMARY KEY,
  trade INTEGER NOT NULL CONSTRAINT uq_trade UNIQUE CONSTRAINT fk_trade REFERENCES trade(trade),
  date TEXT NOT NULL CONSTRAINT fk_date REFERENCES day(date),
  number INTEGER NOT NULL,
  body BLOB NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  because_of TEXT NOT NULL DEFAULT '',
  told TEXT NOT NULL DEFAULT '' CONSTRAINT ck_told CHECK(told IN ('', 'settled', 'failed')),
  CONSTRAINT uq_number UNIQUE(date, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE instruction_event(
  number INTEGER NOT NULL PRIMARY KEY,
  tx_id TEXT NOT NULL CONSTRAINT fk_instruction REFERENCES instruction(tx_id),
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  at_ns INTEGER NOT NULL
) STRICT;
CREATE TRIGGER instruction_event_update BEFORE UPDATE ON instruction_event
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER instruction_event_delete BEFORE DELETE ON instruction_event
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TABLE movement(
  number INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  product TEXT NOT NULL,
  quantity_t INTEGER NOT NULL,
  amount_fen INTEGER NOT NULL,
  reference TEXT NOT NULL CONSTRAINT uq_reference UNIQUE,
  date TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'WAITING' CONSTRAINT ck_state CHECK(state IN ('WAITING', 'BOOKED', 'REFUSED')),
  text TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX movement_by_state ON movement(state, number);
CREATE TRIGGER movement_final BEFORE UPDATE OF state ON movement WHEN OLD.state = 'BOOKED'
  BEGIN SELECT RAISE(ABORT, 'final'); END;
