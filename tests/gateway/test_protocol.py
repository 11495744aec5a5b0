"""The conversation without sockets: its transition table, who may do what, rates by time given."""

import time
from typing import Any

import pytest

from engine.commands import CancelOrder, PlaceListing, Side
from gateway import keys, wire
from gateway.access import Access, Identity
from gateway.codes import FAULTS, CloseCode, Fault, text_of
from gateway.limits import Bucket, Buckets
from gateway.protocol import Close, Conversation, Perform, Refuse, Send, State, Welcomed
from tests.gateway.gateway_world import World, settings
from tests.markets import PRODUCT

HOST, NONCE = "127.0.0.1:7000", "ab" * 32


def buckets(_: Identity, limits: wire.Limits) -> Buckets:
    return Buckets(limits, 0.0)


def conversation(world: World, **changes: Any) -> Conversation:
    return Conversation(Access(world.exchange), settings(**changes), host=HOST, nonce=NONCE)


def login(key: keys.KeyFile) -> str:
    now_ns = time.time_ns()
    text = wire.login_text(HOST, NONCE, key.public_key, now_ns)
    frame = wire.Login(public_key=key.public_key, time_ns=now_ns, signature=key.sign(text))
    return wire.encode(frame).decode()


def receive(talk: Conversation, text: str | wire.Request, now_s: float = 0.0) -> Any:
    sent = text if isinstance(text, str) else wire.encode(text).decode()
    return talk.receive(sent, now_s, time.time_ns(), buckets)


@pytest.fixture(scope="module")
def world() -> World:
    import asyncio

    async def make() -> World:
        return World()

    return asyncio.run(make())


def ready(world: World, **changes: Any) -> Conversation:
    talk = conversation(world, **changes)
    assert isinstance(receive(talk, login(world.traders[0])), Welcomed)
    return talk


def test_the_transition_table(world: World) -> None:
    observe = wire.encode(wire.Observe()).decode()
    stranger = login(keys.new_key("演示路人", "trader"))
    ping = wire.Ping(id=1)
    table: list[tuple[State, str | wire.Request, State, type[Any]]] = [
        (State.GREETING, login(world.traders[0]), State.READY, Welcomed),
        (State.GREETING, observe, State.READY, Welcomed),
        (State.GREETING, stranger, State.CLOSED, Refuse),
        (State.GREETING, ping, State.CLOSED, Close),
        (State.GREETING, "{", State.CLOSED, Close),
        (State.READY, ping, State.READY, Perform),
        (State.READY, "{", State.READY, Send),
        (State.READY, observe, State.READY, Send),
        (State.READY, login(world.traders[0]), State.READY, Send),
    ]
    for start, text, end, effect in table:
        talk = conversation(world) if start is State.GREETING else ready(world)
        assert talk.state is start
        done = receive(talk, text)
        assert (talk.state, type(done)) == (end, effect), text
    talk.state = State.CLOSED
    with pytest.raises(AssertionError, match="takes no frames"):
        receive(talk, ping)


def test_orders_and_cancels_have_buckets_of_their_own(world: World) -> None:
    talk = ready(world, orders_per_second=2, orders_burst=2, cancels_per_second=1, cancels_burst=1)
    order = wire.Submit(
        id=1,
        command=PlaceListing(
            product=PRODUCT, side=Side.BUY, price_fen=1, quantity_t=1, client_order=1
        ),
    )
    cancel = wire.Submit(id=2, command=CancelOrder(order=1, client_order=2))
    assert [type(receive(talk, order)) for _ in range(3)] == [Perform, Perform, Send]
    assert [type(receive(talk, cancel)) for _ in range(2)] == [Perform, Send]
    refused = receive(talk, order, 0.25)
    assert refused.frame.retry_after_ms == 251
    assert isinstance(receive(talk, order, 0.51), Perform)
    assert isinstance(receive(talk, wire.QueryMarket(id=3), 0.51), Perform)


def test_a_bucket_fills_with_time_and_not_past_its_burst() -> None:
    bucket = Bucket(rate=8, burst=5, now_s=100.0)
    assert [bucket.take(100.0) for _ in range(5)] == [0.0] * 5
    assert bucket.take(100.0) == 0.125
    assert bucket.take(100.125) == 0.0
    assert [bucket.take(1_000.0) for _ in range(6)][:5] == [0.0] * 5
    assert bucket.take(1_000.0) > 0


def test_every_code_has_its_text_in_both_languages() -> None:
    for code, row in FAULTS.items():
        assert row.zh
        assert row.en.isascii()
        assert ("{detail}" in row.zh) == ("{detail}" in row.en), code
        assert "{" not in text_of(code, "zh", 5)
    frame = Fault("BUSY", outcome="not_sent", retry_after_ms=50).frame(3, "zh")
    assert (frame.id, frame.code, frame.outcome, frame.retry_after_ms) == (
        3,
        "BUSY",
        "not_sent",
        50,
    )


def test_close_reasons_fit_into_a_close_frame(world: World) -> None:
    talk = conversation(world)
    closed = receive(talk, '{"type":"Ping","' + "电" * 500 + '":1}')
    assert isinstance(closed, Close)
    assert closed.code is CloseCode.MALFORMED
    assert len(closed.reason.encode()) <= 123
