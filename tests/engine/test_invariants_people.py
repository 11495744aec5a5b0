"""The engine's own check of keys, codes, stops and removals bites as well."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from engine.commands import ClaimKey, IssueCode, Role, SetOwnLimits, Side, StopTrading
from engine.core.layout import MAY_ALL, REMOVED, STOPPED
from engine.market import Market
from tests.engine.people_desk import People
from tests.markets import OPERATOR_ONE, public_key, trader
from tests.restarts import market_of

HASH = public_key(7_001)


def busy_people() -> People:
    """Return a market with a claimed code, an own limit, a stop of trading and a listing of somebody else."""
    people = People()
    desk = people.desk
    code = IssueCode(
        code_hash=HASH,
        code_valid_until_ns=2**62,
        role=Role.TRADER,
        person="演示新",
        participant=2,
    )
    desk.approve(code)
    desk.send(0, ClaimKey(code_hash=HASH, public_key=people.fresh()))
    desk.send(OPERATOR_ONE, SetOwnLimits(key=trader(2), order_max_t=10, explanation="演示"))
    desk.send(trader(1), StopTrading(explanation="演示"))
    desk.listing(2, Side.BUY, 4_800, 10)
    people.exchange.check()
    return people


def _more_permissions(market: Market) -> None:
    market.core.state.keys["permissions"][1] = MAY_ALL


def _another_party(market: Market) -> None:
    market.core.state.keys["participant"][trader(2)] = 1


def _larger_orders(market: Market) -> None:
    market.core.state.keys["order_max_t"][trader(2)] = 11


def _limit_of_nobody(market: Market) -> None:
    market.own_limits_t[len(market.keys) + 1] = 10


def _limit_of_nothing(market: Market) -> None:
    market.own_limits_t[trader(1)] = 0
    market.core.state.keys["order_max_t"][trader(1)] = 0


def _stop_unmarked(market: Market) -> None:
    market.core.state.restrictions[1] = 0


def _stop_of_nobody(market: Market) -> None:
    market.core.state.restrictions[3] = STOPPED


def _removed_and_listed(market: Market) -> None:
    market.core.state.restrictions[2] |= REMOVED


def _suspended_and_listed(market: Market) -> None:
    market.core.state.restrictions[2] |= 3


def _code_lost(market: Market) -> None:
    market.enrolment_codes.clear()


def _hash_changed(market: Market) -> None:
    market.enrolment_codes[1] = structs.replace(market.enrolment_codes[1], code_hash="0" * 64)


def _count_behind(market: Market) -> None:
    market.code_count = 0


DAMAGE: dict[str, tuple[Callable[[Market], Any], str]] = {
    "permissions": (_more_permissions, "may do something else"),
    "participant": (_another_party, "acts for another"),
    "own limit": (_larger_orders, "has another own limit"),
    "own limit of nobody": (_limit_of_nobody, "the own limit of a key that is none"),
    "own limit of nothing": (_limit_of_nothing, "may order nothing"),
    "unmarked stop": (_stop_unmarked, "a stop of trading and its mark"),
    "stop of nobody": (_stop_of_nobody, "a stop of trading and its mark"),
    "removed": (_removed_and_listed, "a removed participant"),
    "suspended": (_suspended_and_listed, "a suspended participant"),
    "lost code": (_code_lost, "with no code"),
    "changed hash": (_hash_changed, "codes and their hashes"),
    "code count": (_count_behind, "beyond the last"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_named(damage: str) -> None:
    people = busy_people()
    spoil, message = DAMAGE[damage]
    spoil(market_of(people.exchange))
    with pytest.raises(AssertionError, match=message):
        people.exchange.check()


def test_a_listing_of_who_stopped_trading_is_found() -> None:
    people = busy_people()
    market = market_of(people.exchange)
    market.stops[2] = structs.replace(market.stops[1], participant=2)
    market.core.state.restrictions[2] |= STOPPED
    with pytest.raises(AssertionError, match="who stopped trading stands"):
        people.exchange.check()
