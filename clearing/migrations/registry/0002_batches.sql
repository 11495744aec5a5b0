-- Settlement batches: sealed lists of instructions, one per trade, in execution order (R91-R92).

CREATE TABLE batch(
  batch TEXT NOT NULL PRIMARY KEY,
  date TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT ck_state CHECK(state IN ('RECEIVING', 'CLEARED', 'CONFIRMED', 'DONE')),
  seal BLOB,
  result BLOB,
  result_hash TEXT NOT NULL DEFAULT '',
  outcome_hash TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TRIGGER batch_forward BEFORE UPDATE OF state ON batch WHEN (OLD.state, NEW.state) NOT IN (
  VALUES ('RECEIVING', 'CLEARED'), ('CLEARED', 'CONFIRMED'), ('CONFIRMED', 'DONE'))
  BEGIN SELECT RAISE(ABORT, 'a batch only goes forward'); END;
CREATE TRIGGER batch_delete BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'append-only'); END;

CREATE TABLE instruction(
  tx_id TEXT NOT NULL PRIMARY KEY,
  batch TEXT NOT NULL CONSTRAINT fk_batch REFERENCES batch(batch),
  number INTEGER NOT NULL CONSTRAINT ck_number CHECK(number >= 1),
  body BLOB NOT NULL,
  body_hash TEXT NOT NULL,
  trade INTEGER NOT NULL,
  product TEXT NOT NULL,
  quantity_t INTEGER NOT NULL CONSTRAINT ck_quantity CHECK(quantity_t > 0),
  price_fen INTEGER NOT NULL CONSTRAINT ck_price CHECK(price_fen > 0),
  amount_fen INTEGER NOT NULL CONSTRAINT ck_exact CHECK(amount_fen = quantity_t * price_fen),
  seller TEXT NOT NULL,
  buyer TEXT NOT NULL,
  seller_funds TEXT NOT NULL,
  buyer_funds TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'RECEIVED' CONSTRAINT ck_state
    CHECK(state IN ('RECEIVED', 'ACCEPTED', 'REJECTED', 'SETTLED', 'FAILED')),
  code TEXT NOT NULL DEFAULT '',
  because_of TEXT NOT NULL DEFAULT '',
  txn INTEGER CONSTRAINT uq_txn UNIQUE CONSTRAINT fk_txn REFERENCES txn(txn),
  CONSTRAINT uq_number UNIQUE(batch, number),
  CONSTRAINT ck_delivered CHECK((state = 'SETTLED') = (txn IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX instruction_by_seller ON instruction(batch, seller, state);
CREATE INDEX instruction_by_buyer ON instruction(buyer, batch);

CREATE TRIGGER instruction_final BEFORE UPDATE ON instruction
  WHEN OLD.state IN ('SETTLED', 'FAILED', 'REJECTED') BEGIN SELECT RAISE(ABORT, 'final'); END;
CREATE TRIGGER instruction_fixed BEFORE UPDATE OF tx_id, batch, number, body, body_hash, trade, product,
  quantity_t, price_fen, amount_fen, seller, buyer, seller_funds, buyer_funds ON instruction
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER instruction_delete BEFORE DELETE ON instruction
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER instruction_sealed BEFORE INSERT ON instruction
  WHEN (SELECT state FROM batch WHERE batch = NEW.batch) <> 'RECEIVING'
  BEGIN SELECT RAISE(ABORT, 'sealed'); END;
