"""The link: what it sends, what it asks for, and how much of either at once."""

import asyncio
from typing import Any

import pytest

from engine.commands import AnyCommand, CancelOrder, Propose
from gateway.client import Answer
from gateway.client_errors import SubmitFailed
from gateway.frames_replies import Outcome
from gateway.inbox import Disconnected
from terminal.link import IN_FLIGHT_MAX, Busy, Link
from terminal.messages import Fetched, IntentAnswered, IntentFailed, IntentSent, Message
from tests.markets import admission
from tests.terminal.states import welcome


class SlowClient:
    """A client whose answers wait until they are let go."""

    def __init__(self, outcome: Exception | None = None) -> None:
        self.open = asyncio.Event()
        self.outcome = outcome
        self.asked: list[str] = []
        self.numbers = 0

    def next_client_order(self) -> int:
        self.numbers += 1
        return self.numbers

    async def submit(self, _: AnyCommand) -> Answer:
        await self.open.wait()
        if self.outcome is not None:
            raise self.outcome
        return Answer(sequence=1, time_ns=1, events=())

    async def find_order(self, client_order: int) -> Answer | None:
        self.asked.append(f"find {client_order}")
        return None

    async def account(self) -> str:
        self.asked.append("account")
        return "account"

    async def close(self) -> None:
        self.open.set()

    def __getattr__(self, name: str) -> Any:
        async def query() -> str:
            self.asked.append(name)
            return name

        return query


def link_of(client: SlowClient) -> tuple[Link, list[Message]]:
    heard: list[Message] = []
    return Link(client, heard.append), heard  # type: ignore[arg-type]


def cancel(client_order: int) -> CancelOrder:
    return CancelOrder(order=1, client_order=client_order)


async def finish(link: Link) -> None:
    await asyncio.gather(*link._sends)


async def test_no_more_commands_wait_than_the_limit() -> None:
    client = SlowClient()
    link, heard = link_of(client)
    for _ in range(IN_FLIGHT_MAX):
        link.send(cancel)
    with pytest.raises(Busy):
        link.send(cancel)
    assert len(heard) == IN_FLIGHT_MAX, "what could not leave was never said to be on its way"
    client.open.set()
    await finish(link)
    assert link.send(cancel) == IN_FLIGHT_MAX + 1
    await finish(link)


async def test_each_intent_has_a_client_order_number_of_its_own() -> None:
    client = SlowClient()
    client.open.set()
    link, heard = link_of(client)
    link.send(cancel)
    link.send(cancel)
    await finish(link)
    sent = [message.command for message in heard if isinstance(message, IntentSent)]
    assert [command.client_order for command in sent] == [1, 2]  # type: ignore[union-attr]
    assert [type(message) for message in heard[2:]] == [IntentAnswered, IntentAnswered]


async def test_an_order_with_unknown_outcome_is_asked_for_until_it_is_known() -> None:
    client = SlowClient(SubmitFailed("unknown", "CONNECTION_LOST", "lost"))
    client.open.set()
    link, heard = link_of(client)
    link.send(cancel)
    await finish(link)
    assert [type(message) for message in heard] == [IntentSent, IntentFailed]
    await link.resolve()
    assert heard[2:] == [IntentAnswered(1, None)]
    await link.resolve()
    assert client.asked == ["find 1"], "once known it is not asked for again"


async def test_a_rejected_order_and_a_proposal_are_not_asked_for() -> None:
    cases: list[tuple[Outcome, Any]] = [("rejected", cancel), ("unknown", propose)]
    for outcome, make in cases:
        client = SlowClient(SubmitFailed(outcome, "X", "x"))
        client.open.set()
        link, _ = link_of(client)
        link.send(make)
        await finish(link)
        await link.resolve()
        assert client.asked == []


def propose(_: int) -> Propose:
    return Propose(actions=(admission(1),), reason="演示")


async def test_repeated_wishes_become_one_query() -> None:
    client = SlowClient()
    link, heard = link_of(client)
    for _ in range(1_000):
        link.want("account", "orders")
    fetching = asyncio.create_task(link._fetch())
    await asyncio.wait([fetching], timeout=0.05)
    fetching.cancel()
    assert client.asked == ["account", "orders"]
    assert heard == [Fetched("account", "account"), Fetched("orders", "orders")]


async def test_a_channel_that_is_refused_ends_the_line_with_its_reason() -> None:
    client = SlowClient()
    client.welcome = welcome()  # type: ignore[attr-defined]
    client.time_ns = client.sequence = 0  # type: ignore[attr-defined]

    async def subscribe(*_: str) -> None:
        raise SubmitFailed("rejected", "NO", "演示")

    client.subscribe = subscribe  # type: ignore[attr-defined]
    link, heard = link_of(client)
    await link.run()
    assert isinstance(heard[-1], Disconnected)
    assert heard[-1].is_final
    assert "演示" in heard[-1].text
