"""Delivery versus payment: what trading allowed settles in its order (INV-9), both legs or none (INV-10)."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from clearing.database import Database
from clearing.instructions import Market, PartyFacts, TradeFacts, instruct
from clearing.messages import (
    BatchConfirm,
    BlockAccount,
    CreditBank,
    FreezeHolding,
    InstructionPage,
    Issue,
    MoveIn,
    OpenAccount,
    Outcome,
    PayIn,
)
from clearing.registry_batches import Batches
from clearing.registry_ledger import CASH, SCHEMA, Ledger, Refused
from clearing.registry_requests import Requests
from clearing.sese023 import Envelope
from clearing.settle import blame, outcome_hash, seal
from engine.commands import Method
from tests.clearing.house import CEA24, DATE

MARKET = Market(place_of_trade="CEAX", depository="DEMO-REG")
LETTERS = "ABCD"


class Bench:
    """A registry's database with a few accounts, driven without a network."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path, SCHEMA, time.time_ns)
        self.ledger = Ledger(self.database, time.time_ns)
        self.requests = Requests(self.database, self.ledger)
        self.batches = Batches(self.database, self.ledger)
        self.serial = 0

    def more(self) -> dict[str, str]:
        """Return date and an unused reference."""
        self.serial += 1
        return {"date": DATE, "reference": f"R{self.serial}"}

    def endow(self, letter: str, tonnes: int, fen: int) -> None:
        """Open an account and fill its trading side."""
        do, account = self.requests.carry_out, f"R-{letter}"
        names = {"funds_account": f"F-{letter}", "name": "演示", "credit_code": "X"}
        do("admin", OpenAccount(account=account, **names, **self.more()))
        if tonnes:
            do("admin", Issue(account=account, product=CEA24, quantity_t=tonnes, **self.more()))
            do("admin", MoveIn(account=account, product=CEA24, quantity_t=tonnes, **self.more()))
        if fen:
            do("admin", CreditBank(account=account, amount_fen=fen, **self.more()))
            do("admin", PayIn(account=account, amount_fen=fen, **self.more()))

    def settle(self, envelopes: list[Envelope], group: int) -> tuple[Outcome, ...]:
        """Hand over, seal, confirm and settle a batch in groups."""
        sealed = seal(DATE, envelopes)
        for first in range(0, len(envelopes), 200):
            self.batches.receive(
                InstructionPage(
                    batch=sealed.batch,
                    date=DATE,
                    first=first + 1,
                    instructions=tuple(envelopes[first : first + 200]),
                )
            )
        result = self.batches.seal(sealed)
        self.batches.confirm(BatchConfirm(batch=sealed.batch, result_hash=result.hash))
        while self.batches.settle_some(group):
            pass
        view = self.batches.view(sealed.batch)
        outcomes = self.batches.outcomes(sealed.batch, 0)
        assert view.state == "DONE"
        assert view.outcome_hash == outcome_hash(outcomes)
        return outcomes

    def balances(self) -> dict[str, tuple[int, int, int]]:
        """Return tonnes, booked fen and the bank's fen by letter."""
        return {
            letter: (
                self.ledger.balance("registry", f"R-{letter}", CEA24, "trading"),
                self.ledger.balance("registry", f"R-{letter}", CASH, "settlement"),
                self.ledger.balance("bank", f"R-{letter}", CASH, "pool"),
            )
            for letter in LETTERS
        }


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        made = Bench(Path(folder) / "registry.sqlite")
        try:
            yield made
        finally:
            made.database.close()


def party(letter: str) -> PartyFacts:
    return PartyFacts(
        participant=LETTERS.index(letter) + 1,
        registry_account=f"R-{letter}",
        funds_account=f"F-{letter}",
    )


def message(number: int, seller: str, buyer: str, quantity_t: int, price_fen: int) -> Envelope:
    facts = TradeFacts(
        trade=number,
        date=DATE,
        time_ns=number,
        method=Method.LISTED,
        product=CEA24,
        price_fen=price_fen,
        quantity_t=quantity_t,
        buyer=0,
        seller=0,
        buy_order=1,
        sell_order=2,
    )
    return instruct(facts, party(seller), party(buyer), MARKET, number, 0)


@settings(max_examples=40)
@given(st.data())
def test_what_trading_allowed_settles_in_execution_order(data: st.DataObject) -> None:
    start = {
        letter: (data.draw(st.integers(0, 500)), data.draw(st.integers(0, 2_000_000)))
        for letter in LETTERS
    }
    # The exchange's own rule, restated: sell what was held at the open, spend proceeds at once.
    free = {letter: list(both) for letter, both in start.items()}
    envelopes: list[Envelope] = []
    for _ in range(data.draw(st.integers(0, 12))):
        seller, buyer = data.draw(st.permutations(LETTERS))[:2]
        price_fen = data.draw(st.integers(4_000, 6_000))
        most = min(free[seller][0], free[buyer][1] // price_fen)
        if most < 1:
            continue
        quantity_t = data.draw(st.one_of(st.just(most), st.integers(1, most)))
        envelopes.append(message(len(envelopes) + 1, seller, buyer, quantity_t, price_fen))
        free[seller][0] -= quantity_t
        free[seller][1] += quantity_t * price_fen
        free[buyer][1] -= quantity_t * price_fen
    with bench() as registry:
        for letter, (tonnes, fen) in start.items():
            registry.endow(letter, tonnes, fen)
        outcomes = registry.settle(envelopes, data.draw(st.sampled_from([1, 3, 200])))
        assert [outcome.state for outcome in outcomes] == ["SETTLED"] * len(envelopes)
        after = registry.balances()
        assert {k: fen for k, (_, fen, _) in after.items()} == {k: v[1] for k, v in free.items()}
        assert sum(t for t, _, _ in after.values()) == sum(t for t, _ in start.values())
        assert all(booked == bank for _, booked, bank in after.values())
        assert registry.ledger.verify() == []


@settings(max_examples=40)
@given(st.data())
def test_after_a_shock_each_trade_has_both_legs_or_none(data: st.DataObject) -> None:
    start = {
        letter: (data.draw(st.integers(0, 60)), data.draw(st.integers(0, 300_000)))
        for letter in LETTERS
    }
    trades = []
    for number in range(1, data.draw(st.integers(1, 10)) + 1):
        seller, buyer = data.draw(st.permutations(LETTERS))[:2]
        trades.append((number, seller, buyer, data.draw(st.integers(1, 40)), 5_000))
    blocked = data.draw(st.sampled_from(["", *LETTERS]))
    with bench() as registry:
        for letter, (tonnes, fen) in start.items():
            registry.endow(letter, tonnes, fen)
        if blocked:
            block = BlockAccount(account=f"R-{blocked}", blocked=True, **registry.more())
            registry.requests.carry_out("admin", block)
        outcomes = registry.settle([message(*trade) for trade in trades], 3)
        # The batch's own oracle, written for obviousness.
        now = {letter: list(both) for letter, both in start.items()}
        wanted = []
        for _, seller, buyer, quantity_t, price_fen in trades:
            amount = quantity_t * price_fen
            if blocked in {seller, buyer}:
                wanted.append("BLOC")
            elif now[seller][0] < quantity_t:
                wanted.append("LACK")
            elif now[buyer][1] < amount:
                wanted.append("MONY")
            else:
                wanted.append("")
                now[seller][0] -= quantity_t
                now[buyer][0] += quantity_t
                now[seller][1] += amount
                now[buyer][1] -= amount
        assert [outcome.code for outcome in outcomes] == wanted
        assert registry.balances() == {k: (t, f, f) for k, (t, f) in now.items()}
        assert registry.ledger.verify() == []


def test_an_unknown_account_or_a_foreign_funds_account_is_rejected_alone() -> None:
    with bench() as registry:
        registry.endow("A", 100, 0)
        registry.endow("B", 0, 10_000_000)
        foreign = structs.replace(party("B"), funds_account="F-A")
        facts = TradeFacts(
            trade=3, date=DATE, time_ns=1, method=Method.BLOCK, product=CEA24, price_fen=5_000,
            quantity_t=1, buyer=2, seller=1, buy_order=1, sell_order=2,
        )  # fmt: skip
        outcomes = registry.settle(
            [
                message(1, "A", "B", 10, 5_000),
                message(2, "C", "B", 10, 5_000),
                instruct(facts, party("A"), foreign, MARKET, 3, 0),
            ],
            200,
        )
        assert [(o.state, o.code) for o in outcomes] == [
            ("SETTLED", ""),
            ("REJECTED", "SAFE"),
            ("REJECTED", "SAFE"),
        ]


def test_a_final_instruction_and_a_sealed_batch_do_not_change() -> None:
    with bench() as registry:
        registry.endow("A", 100, 0)
        registry.endow("B", 0, 10_000_000)
        registry.settle([message(1, "A", "B", 10, 5_000)], 200)
        late = InstructionPage(
            batch="B2026010501", date=DATE, first=2, instructions=(message(2, "A", "B", 1, 5_000),)
        )
        with pytest.raises(Refused, match="sealed"):
            registry.batches.receive(late)
        for sql in (
            "UPDATE instruction SET state = 'FAILED', txn = NULL",
            "UPDATE instruction SET buyer = 'R-A'",
            "DELETE FROM instruction",
            "UPDATE batch SET state = 'CLEARED'",
            "DELETE FROM batch",
        ):
            with pytest.raises(Exception, match=r"final|append-only|forward"):
                registry.database.connection.execute(sql)


def test_a_freeze_comes_before_the_delivery() -> None:
    with bench() as registry:
        registry.endow("A", 100, 0)
        registry.endow("B", 0, 10_000_000)
        registry.requests.carry_out(
            "admin",
            FreezeHolding(
                account="R-A", product=CEA24, quantity_t=91, side="trading", **registry.more()
            ),
        )
        outcomes = registry.settle(
            [message(1, "A", "B", 10, 5_000), message(2, "A", "B", 9, 5_000)], 1
        )
        assert [(o.state, o.code) for o in outcomes] == [("FAILED", "LACK"), ("SETTLED", "")]


def test_the_last_tonne_and_the_last_fen_settle() -> None:
    with bench() as registry:
        registry.endow("A", 10, 0)
        registry.endow("B", 0, 50_000)
        registry.endow("C", 1, 0)
        registry.endow("D", 0, 4_999)
        outcomes = registry.settle(
            [message(1, "A", "B", 10, 5_000), message(2, "C", "D", 1, 5_000)], 200
        )
        assert [(o.state, o.code) for o in outcomes] == [("SETTLED", ""), ("FAILED", "MONY")]


@pytest.mark.parametrize(
    ("short_fen", "named"),
    [(1, ("a",)), (10, ("a",)), (11, ("a", "b")), (30, ("a", "b")), (31, ())],
)
def test_blame_names_the_failed_sales_that_would_have_paid(
    short_fen: int, named: tuple[str, ...]
) -> None:
    assert blame(short_fen, [("a", 10), ("b", 20)]) == named
