"""Seeded streams through engine and oracle: the long proof, its batches and its digests."""

from random import Random

import numpy as np
from msgspec import structs

from engine.codec import entry_to_record, is_hot, record_to_entry
from engine.commands import EnrolKey, Entry, Permission, Role
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.profile import Profile
from tests.invariants import Laws
from tests.markets import (
    Desk,
    Twins,
    compare_events,
    compare_views,
    public_key,
    small_profile,
    trader_key,
)
from tests.moves_control import Moves
from tests.reached import Reached
from tests.strategies import stream_move

TRADERS = 5
RICH_FROM = 3
"""The first two traders cannot pay a block; they meet the limit of their means often."""
LOOK_EVERY = 50
"""Events are compared after every command, all views and the laws after so many."""


class Recorder:
    """A market that keeps every entry and its answer."""

    def __init__(self, twins: Twins) -> None:
        self.twins = twins
        self.laws = Laws(twins.exchange, twins.profile)
        self.reached = Reached()
        self.entries: list[Entry] = []
        self.answers: list[list[AnyEvent]] = []

    def apply(self, entry: Entry) -> list[AnyEvent]:
        events = self.twins.apply(entry)
        self.laws.watch(events)
        self.reached.watch(entry, events)
        self.entries.append(entry)
        self.answers.append(events)
        return events

    def look(self) -> None:
        """Compare all views and hold the laws."""
        self.twins.compare()
        self.laws.shown = self.twins.exchange  # another one since a restart
        self.laws.check()


def founded(market: Recorder, profile: Profile) -> Desk:
    """Return a desk in a market with traders who own something; two of them have two keys each."""
    desk = Desk(market)
    desk.found(TRADERS)
    desk.approve(
        *(
            structs.replace(trader_key(50 + number), participant=number)
            for number in (RICH_FROM, RICH_FROM + 1)
        )
    )
    desk.approve(*people())
    block_t = profile.block.quantity_t_min
    for participant in range(1, TRADERS + 1):
        cash_fen = (1_500 if participant < RICH_FROM else 12_000) * block_t * participant
        desk.endow(participant, cash_fen, 3 * block_t)
    return desk


def people() -> tuple[EnrolKey, ...]:
    """Return the keys of those who do not trade, or not everything: of the staff and of two companies."""
    cancel, listed = (Permission.CANCEL,), (Permission.LISTED, Permission.CANCEL)
    rows: tuple[tuple[Role, str, int, tuple[Permission, ...]], ...] = (
        (Role.SUPERVISOR, "演示主管", 0, ()),
        (Role.READER, "演示行情", 0, ()),
        (Role.AUDITOR, "演示审计", 0, ()),
        (Role.ADMINISTRATOR, "演示管理一", 1, ()),
        (Role.ADMINISTRATOR, "演示管理二", 1, ()),
        (Role.ADMINISTRATOR, "演示管理三", 2, ()),
        (Role.RISK, "演示风控一", 1, ()),
        (Role.RISK, "演示风控二", 2, ()),
        (Role.TRADER, "演示撤单", 3, cancel),
        (Role.TRADER, "演示挂牌", 4, listed),
    )
    return tuple(
        EnrolKey(
            public_key=public_key(800 + number),
            role=role,
            person=person,
            participant=participant,
            permissions=permissions,
        )
        for number, (role, person, participant, permissions) in enumerate(rows)
    )


def run_stream(
    seed: int, commands: int, profile: Profile | None = None, kind: type[Twins] = Twins
) -> Recorder:
    """Run a seeded stream through both exchanges; AssertionError names seed, command and place."""
    rules = profile or small_profile()
    twins = kind(rules)
    twins.looks_at_everything = False
    recorder = Recorder(twins)
    desk = founded(recorder, rules)
    moves, random = Moves(twins.oracle.state), Random(seed)
    for step in range(commands):
        try:
            desk.send(*stream_move(moves, random))
            if step % LOOK_EVERY == 0 or step == commands - 1:
                recorder.look()
        except AssertionError as error:
            message = f"seed {seed}, profile {rules.name}, command {step}: {error}"
            raise AssertionError(message) from error
    return recorder


def replay_in_batches(recorder: Recorder, seed: int, profile: Profile) -> Exchange:
    """Apply the recorded entries in random batches and compare answers, digests and views."""
    exchange, random, start = Exchange(profile), Random(seed), 0
    while start < len(recorder.entries):
        end = start + random.choice((1, 2, 3, 17, 64, 256))
        batch = recorder.entries[start:end]
        answers = exchange.apply_entries(batch)
        assert len(answers) == len(batch)
        for entry, told, wanted in zip(batch, answers, recorder.answers[start:end], strict=True):
            compare_events(entry, told, wanted)
        start = end
    one_by_one = recorder.twins.exchange
    assert exchange.event_digest() == one_by_one.event_digest(), f"event digest, seed {seed}"
    assert exchange.state_digest() == one_by_one.state_digest(), f"state digest, seed {seed}"
    compare_views(exchange, recorder.twins.oracle, profile)
    exchange.check()
    return exchange


def replay_as_records(recorder: Recorder, seed: int, profile: Profile) -> None:
    """Apply the entries as a journal keeps them, order commands as records; the digests must be equal."""
    exchange, run = Exchange(profile), list[Entry]()

    def flush() -> None:
        if run:
            rows = np.concatenate([entry_to_record(entry, profile) for entry in run])
            assert [record_to_entry(row, profile) for row in rows] == run
            assert len(exchange.apply_records(rows).ends) == len(run)
            run.clear()

    for entry in recorder.entries:
        if is_hot(entry.command):
            run.append(entry)
        else:
            flush()
            exchange.apply(entry)
    flush()
    one_by_one = recorder.twins.exchange
    assert exchange.event_digest() == one_by_one.event_digest(), f"event digest, seed {seed}"
    assert exchange.state_digest() == one_by_one.state_digest(), f"state digest, seed {seed}"
