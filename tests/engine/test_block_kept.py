"""What the exchange keeps of a block's dialogue: a snapshot holds every word, the digest covers it."""

from typing import Any

import pytest

from engine.block_state import Negotiation, Offer
from engine.commands import AcceptBlock, ConfirmBlock, CounterBlock, RefuseBlock, Side
from engine.exchange import Exchange
from tests.engine.block_floor import LOT, BlockFloor, told
from tests.markets import Desk, trader


def talking() -> tuple[BlockFloor, int]:
    """Return an afternoon in the middle of two talks about one offer, one word given."""
    floor = BlockFloor()
    offer = floor.offer_to(2, 3, 4)
    floor.counter(2, offer, 4_600, text="四十六元")
    floor.counter(3, offer, 4_700, 200_000)
    floor.counter(1, offer, 4_650, to=2)
    floor.refuse(4, offer)
    floor.confirm(2, offer)
    return floor, offer


def taken_up(floor: BlockFloor) -> Exchange:
    """Return the exchange that comes back from a snapshot, which must be the same."""
    other = Exchange.from_snapshot(floor.exchange.profile, floor.exchange.snapshot())
    other.check()
    assert other.state_digest() == floor.exchange.state_digest()
    for who in (1, 2, 3, 4):
        assert other.groups(who) == floor.exchange.groups(who)
        assert other.offers(who) == floor.exchange.offers(who)
        assert other.negotiations(who) == floor.exchange.negotiations(who)
    assert len(other.negotiations(1)) == len(floor.talks()) > 0
    return other


def test_talks_go_on_after_a_snapshot_as_if_nothing_had_been() -> None:
    floor, offer = talking()
    others = Desk(taken_up(floor))
    others.sequence, others.time_ns = floor.desk.sequence, floor.desk.time_ns
    terms = floor.talk(offer, 2).terms
    words: list[tuple[int, Any]] = [
        (2, ConfirmBlock(offer=offer, counterparty=1, terms=terms, client_order=900)),
        (4, AcceptBlock(offer=offer, client_order=901)),
        (
            3,
            CounterBlock(
                offer=offer, counterparty=1, price_fen=4_710, quantity_t=LOT, client_order=902
            ),
        ),
        (3, RefuseBlock(offer=offer, counterparty=1, client_order=903)),
        (1, ConfirmBlock(offer=offer, counterparty=2, terms=terms, client_order=904)),
        (1, ConfirmBlock(offer=offer, counterparty=2, terms=terms, client_order=904)),
    ]
    found = []
    for who, word in words:
        answered = floor.desk.send(trader(who), word)
        assert others.send(trader(who), word) == answered
        found += told(answered)
    assert found == [
        *("Refused", "Refused", "BlockCountered", "BlockRefused", "Cancelled"),
        *("BlockConfirmed", "Traded", "Repeated"),
    ]
    restored = others.market
    assert isinstance(restored, Exchange)
    assert restored.state_digest() == floor.exchange.state_digest()
    assert restored.event_digest() == floor.exchange.event_digest()


def another(value: Any) -> Any:
    """Return a value of the same kind that is not the given one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Side):
        return Side.BUY + Side.SELL - value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "."
    if isinstance(value, tuple):
        return value[:-1]
    return {**value, 77: 78}


@pytest.mark.parametrize("kind", [Negotiation, Offer])
def test_the_state_digest_covers_every_word(kind: Any) -> None:
    floor, offer = talking()
    market = floor.exchange._market
    kept: Any = market.offers[offer] if kind is Offer else market.negotiations[floor.talks()[0]]
    before = floor.exchange.state_digest()
    for name in kind.__struct_fields__:
        value = getattr(kept, name)
        setattr(kept, name, another(value))
        assert floor.exchange.state_digest() != before, name
        setattr(kept, name, value)
    assert floor.exchange.state_digest() == before


def test_the_state_digest_covers_the_groups() -> None:
    floor, _ = talking()
    before = floor.exchange.state_digest()
    floor.exchange._market.groups[1, "friends"] = (2, 3)
    after = floor.exchange.state_digest()
    floor.exchange._market.groups[1, "others"] = floor.exchange._market.groups.pop((1, "friends"))
    assert len({before, after, floor.exchange.state_digest()}) == 3
