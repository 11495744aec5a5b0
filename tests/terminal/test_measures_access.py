"""Keys and codes by keys of the keyboard: a key is revoked at once, a code is shown once and then works."""

import re
from pathlib import Path

import pytest

from engine.commands import Approve, Role
from gateway import keys
from gateway.client import Client
from gateway.enrolling import enrol
from terminal.texts import Language
from tests.gateway.gateway_world import OPERATOR_TWO, serving
from tests.terminal.rig import seat
from tests.terminal.test_forms import LANGUAGES, fill, measure, pick, send


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_key_is_revoked_by_one_at_once(tmp_path: Path, language: Language) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as person,
    ):
        number = world.trader_key(2)
        await pick(person, "measure_revoke")
        await fill(person, str(number), "left")
        await person.sees("立即吊销" if language == "zh" else "at once", str(number))
        await send(person)
        await person.until(lambda: world.exchange.keys()[number - 1].state == "revoked")
        assert not world.exchange.proposals()
        await person.sees("吊销" if language == "zh" else "was revoked")


async def test_a_code_is_shown_once_and_enrols_its_person(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await pick(person, "measure_code")
        await fill(person, "Demo", "2", "P0002")
        await person.sees("Shown this once")
        found = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){6}", person.text())
        assert found is not None
        await send(person)
        await person.until(world.exchange.proposals, "for the proposal")
        assert found[0] not in person.text()
        assert found[0] not in repr(world.sequencer.applied), "only its hash travels"
        (waiting,) = world.exchange.proposals()
        world.send(OPERATOR_TWO, Approve(proposal=waiting.proposal))
        key = keys.new_key("Demo", Role.RISK)
        await enrol(world.server.url, key, found[0])
        async with await Client.connect(world.server.url, key) as client:
            assert (client.welcome.role, client.welcome.participant) == ("risk", 2)


async def test_each_form_has_a_code_of_its_own(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        for count in (1, 2):
            await measure(person, "measure_code", "Demo", "reader", "")
            await person.until(lambda n=count: len(world.exchange.proposals()) == n)  # type: ignore[misc]
        hashes = {getattr(row.actions[0], "code_hash", "") for row in world.exchange.proposals()}
        assert len(hashes) == 2


@pytest.mark.parametrize("values", [("Demo", "trader", ""), ("Demo", "operator", "P0001")])
async def test_a_role_of_a_company_needs_its_company(
    tmp_path: Path, values: tuple[str, str, str]
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await pick(person, "measure_code")
        await fill(person, *values)
        await person.sees("One of the fields")
        assert "Shown this once" not in person.text()
