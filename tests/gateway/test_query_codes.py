"""Issued codes are read by those who may: all of them by staff, a company's own by its administrator."""

import asyncio

import pytest

from engine.commands import IssueCode, Role
from gateway.client import RequestFailed
from gateway.sync_client import SyncClient
from tests.gateway.gateway_world import World, serving
from tests.gateway.test_login_states import enrolled


def issue(world: World, count: int) -> None:
    """Let two operators issue codes, for participants 1, 2, 3, 1 ..."""
    for number in range(count):
        world.approve(
            IssueCode(
                code_hash=f"{number:064x}",
                code_valid_until_ns=world.clock("20:00"),
                role=Role.TRADER,
                person=f"演示{number}",
                participant=1 + number % 3,
            )
        )


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.OPERATOR])
async def test_staff_sees_all_codes(role: Role) -> None:
    async with serving() as world:
        issue(world, 4)
        async with await world.connect(enrolled(world, role=role, participant=0)) as client:
            assert await client.codes() == world.exchange.codes()
            assert [row.participant for row in await client.codes()] == [1, 2, 3, 1]


async def test_an_administrator_sees_its_own_companys_and_a_trader_none() -> None:
    async with serving() as world:
        issue(world, 4)
        async with await world.connect(enrolled(world, role=Role.ADMINISTRATOR)) as client:
            assert [row.code for row in await client.codes()] == [1, 4]
        async with await world.trader() as client:
            with pytest.raises(RequestFailed) as caught:
                await client.codes()
            assert caught.value.code == "ROLE_NOT_PERMITTED"


async def test_codes_come_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.queries.PAGE_BYTES", 600)
    async with serving() as world:
        issue(world, 7)
        async with await world.connect(world.operators[0]) as client:
            assert len(await client.codes()) == 7


async def test_a_script_reads_them_too() -> None:
    async with serving() as world:
        issue(world, 1)

        def ask() -> int:
            with SyncClient.connect(world.server.url, world.operators[0]) as client:
                return len(client.codes())

        assert await asyncio.to_thread(ask) == 1
