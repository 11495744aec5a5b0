-- Trades that the exchange voided before their day closed (R81): kept, and never instructed.

CREATE TABLE voided(
  trade INTEGER NOT NULL PRIMARY KEY CONSTRAINT fk_trade REFERENCES trade(trade),
  at_ns INTEGER NOT NULL
) STRICT;
CREATE TRIGGER voided_late BEFORE INSERT ON voided
  WHEN (SELECT count(*) FROM instruction WHERE trade = NEW.trade) > 0
  BEGIN SELECT RAISE(ABORT, 'a trade that is instructed cannot be voided'); END;
CREATE TRIGGER voided_update BEFORE UPDATE ON voided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER voided_delete BEFORE DELETE ON voided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
