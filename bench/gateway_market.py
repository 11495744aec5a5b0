"""The market that the gateway is measured with: many rich traders on an open morning, and no limits in the way.

It is made once, by the sequencer itself and without sockets, and copied for each measurement.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.emitters import credit_code
from engine.commands import (
    Action,
    AdmitParticipant,
    AnyCommand,
    Approve,
    Category,
    Deposit,
    EnrolKey,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    TransferIn,
)
from engine.events import Refused
from engine.units import midnight_ns, parse_clock
from gateway import keys, process
from gateway.limits import LIMITS
from gateway.market import make_market
from gateway.sequencer import Sequencer

DATE: Final = "2021-07-16"
"""The first day of the national market: one product, its reference is the published opening price."""
PRODUCT: Final = "CEA19-20"
REFERENCE_FEN: Final = 4_800
CLOCK: Final = ("--clock", "simulated", "--clock-start", f"{DATE}T08:00", "--clock-rate", "1")
"""Exchange time runs as fast as the machine's, from the morning session on."""
FIRST_OPERATOR, SECOND_OPERATOR, CLEARING = 1, 2, 3
CASH_FEN: Final = 10**13
HOLDING_T: Final = 10**9
ACTIONS: Final = 200
COMMANDS_AT_ONCE: Final = 1_000
MANY: Final = 1_000_000
"""Instead of each limit that would stop a load: what is measured is the gateway, not its patience."""
IDLE_SECONDS: Final = 600


class Trader(Struct, frozen=True, kw_only=True):
    """Who logs in as a load."""

    participant: int
    public_key: str
    secret_key: str


async def make(folder: Path, traders: int, participants: int) -> None:
    """Make a market with traders of so many participants, opened, and `limits.toml` beside it."""
    market = folder / "market"
    make_market(market)
    people = [
        Trader(
            participant=number % participants + 1,
            public_key=key.public_key,
            secret_key=key.secret_key,
        )
        for number in range(traders)
        for key in (keys.new_key(f"演示交易员{number + 1}", Role.TRADER),)
    ]
    path = folder / "traders.json"
    path.touch(mode=keys.KEY_FILE_MODE)
    path.write_bytes(msgspec.json.encode(people))
    (folder / "limits.toml").write_text(limits_text(), encoding="ascii")
    await _found(market, people, participants)


def load_traders(folder: Path) -> list[Trader]:
    """Return the traders of a market that was made here."""
    return msgspec.json.decode((folder / "traders.json").read_bytes(), type=list[Trader])


def limits_text() -> str:
    """Return the limits of a gateway that is measured."""
    wide = {
        name: MANY
        for name in LIMITS["trader"].__struct_fields__
        if name.endswith(("_per_second", "_burst"))
    }
    wide |= {
        "requests_in_flight": 16_384,
        "idle_seconds": IDLE_SECONDS,
        "lag_frames": MANY,
    }
    top = {
        "connections_per_address": 20_000,
        "connections_per_participant": 20_000,
        "connections_per_key": 20_000,
        "login_s": 60,
    }
    lines = [f"{name} = {value}" for name, value in top.items()]
    for role in ("trader", "observer"):
        lines += [f"[limits.{role}]", *(f"{name} = {value}" for name, value in wide.items())]
    return "\n".join(lines) + "\n"


async def _found(folder: Path, people: list[Trader], participants: int) -> None:
    settings = process.Settings(
        folder=folder, clock="simulated", clock_start=f"{DATE}T08:00", clock_rate=0
    )
    market, sequencer, *_ = process.prepare(settings)
    await sequencer.start(market.genesis)
    try:
        await _agree(sequencer, [_admission(number) for number in range(1, participants + 1)])
        await _agree(
            sequencer,
            [
                EnrolKey(
                    public_key=trader.public_key,
                    role=Role.TRADER,
                    person=f"演示交易员{number}",
                    participant=trader.participant,
                )
                for number, trader in enumerate(people, 1)
            ],
        )
        await sequencer.advance_clock(midnight_ns(DATE) + parse_clock("08:30"))
        await _tell(
            sequencer, CLEARING, [c for n in range(1, participants + 1) for c in _riches(n)]
        )
        price = SetReferencePrice(
            product=PRODUCT, price_fen=REFERENCE_FEN, basis=ReferenceBasis.ADMINISTRATIVE
        )
        await _agree(sequencer, [price])
        await sequencer.advance_clock(midnight_ns(DATE) + parse_clock("09:30"))
    finally:
        await sequencer.stop()


def _admission(number: int) -> AdmitParticipant:
    return AdmitParticipant(
        name=f"演示企业{number}",
        credit_code=credit_code(number),
        category=Category.KEY_EMITTING_UNIT,
        province="演示",
        sector="发电",
        registry_account=f"R{number}",
        funds_account=f"F{number}",
        compliance_year=2021,
    )


def _riches(participant: int) -> list[AnyCommand]:
    return [
        Deposit(participant=participant, amount_fen=CASH_FEN, reference=f"d{participant}"),
        TransferIn(
            participant=participant,
            product=PRODUCT,
            quantity_t=HOLDING_T,
            reference=f"t{participant}",
        ),
    ]


async def _agree(sequencer: Sequencer, actions: list[Action]) -> None:
    """Let two operators carry out actions, many at a time."""
    for start in range(0, len(actions), ACTIONS):
        proposed = Propose(actions=tuple(actions[start : start + ACTIONS]), reason="bench")
        (made,) = await _tell(sequencer, FIRST_OPERATOR, [proposed])
        await _tell(sequencer, SECOND_OPERATOR, [Approve(proposal=made.events[0].proposal)])


async def _tell(sequencer: Sequencer, key: int, commands: list[AnyCommand]) -> list[Any]:
    """Submit commands; AssertionError names the first that is refused."""
    done: list[Any] = []
    for start in range(0, len(commands), COMMANDS_AT_ONCE):
        done += await sequencer.submit_many(key, commands[start : start + COMMANDS_AT_ONCE])
    for item in done:
        for event in item.events:
            assert not isinstance(event, Refused), f"{event} for {item.command}"
    return done
