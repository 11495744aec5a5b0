"""From the journal alone: no control command had one pair of eyes, and a planted one is found."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import ceax
from engine import events as happened
from engine.commands import (
    Action,
    AddClosure,
    AdmitParticipant,
    AllowTrading,
    AnnounceAuction,
    Approve,
    ChangePhase,
    ClaimKey,
    CloseDay,
    CorrectReferencePrice,
    EnrolKey,
    FreezeHolding,
    Halt,
    HaltScope,
    IssueCode,
    OpenDay,
    Propose,
    PublishNotice,
    RefuseAuction,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    Restriction,
    RestrictParticipant,
    Resume,
    Role,
    RotateKey,
    SetAllowance,
    SetOwnLimits,
    SetReferencePrice,
    StopTrading,
    VoidTrade,
)
from engine.events import Refused
from engine.reasons import Reason
from gateway import cli_eyes
from gateway.four_eyes import FINDINGS_MAX, FourEyes, watch_journal
from gateway.history import Applied
from tests.engine.surveillance_floor import Recorder, busy
from tests.gateway.gateway_world import CLEARING, OPERATOR_ONE, OPERATOR_TWO, World
from tests.gateway.sequencer_rig import Rig, moment
from tests.gateway.sequencer_rig import listing as rig_listing
from tests.gateway.test_alerts_command import write
from tests.markets import national, public_key
from tests.sample_events import sample

MADE: dict[Any, Any] = {
    AdmitParticipant: happened.ParticipantAdmitted,
    RemoveParticipant: happened.ParticipantRemoved,
    RestoreParticipant: happened.ParticipantRestored,
    RestrictParticipant: happened.ParticipantRestricted,
    EnrolKey: happened.KeyEnrolled,
    IssueCode: happened.CodeIssued,
    SetReferencePrice: happened.ReferencePriceSet,
    CorrectReferencePrice: happened.ReferencePriceCorrected,
    FreezeHolding: happened.HoldingFrozen,
    ReleaseHolding: happened.HoldingReleased,
    SetAllowance: happened.AllowanceSet,
    VoidTrade: happened.TradeVoided,
    ChangePhase: happened.PhaseChanged,
    CloseDay: happened.DayClosed,
    AddClosure: happened.ClosureAdded,
    RemoveClosure: happened.ClosureRemoved,
    AnnounceAuction: happened.AuctionAnnounced,
    RefuseAuction: happened.AuctionRefused,
    PublishNotice: happened.NoticePublished,
}
"""What each action of two persons is told by, once it is done."""
HOUR_NS = 3_600 * 10**9


def day() -> World:
    """Return a world on whose day everything that needs two persons was done by two."""
    world = World()
    world.open()
    first, second = world.trader_key(1), public_key(50)
    code = IssueCode(
        code_hash="ab" * 32,
        code_valid_until_ns=world.exchange.time_ns + HOUR_NS,
        role=Role.RISK,
        person="演示风控",
        participant=1,
    )
    world.approve(code)
    claimed = world.send(0, ClaimKey(code_hash="ab" * 32, public_key=second)).events[0]
    risk = claimed.key  # type: ignore[union-attr]
    world.send(first, RotateKey(public_key=public_key(51)))
    world.send(first, StopTrading(explanation="演示"))
    world.send(risk, AllowTrading(explanation="演示"))
    for key in (risk, OPERATOR_ONE):
        world.send(key, SetOwnLimits(key=first, order_max_t=500, explanation="演示"))
    world.send(OPERATOR_ONE, Halt(scope=HaltScope.MARKET, explanation="演示"))
    world.send(OPERATOR_TWO, Resume(halt=1, explanation="演示"))
    world.approve(RestrictParticipant(participant=2, restriction=Restriction.SUSPENDED))
    world.approve(RemoveParticipant(participant=3, explanation="演示移出"))
    return world


def look(log: list[Applied]) -> FourEyes:
    eyes = FourEyes()
    eyes.take(log)
    return eyes


def test_a_whole_day_had_two_pairs_of_eyes() -> None:
    eyes = look(day().sequencer.applied)
    assert eyes.findings == []
    assert eyes.approvals == 6


def test_what_the_engine_refuses_leaves_no_finding() -> None:
    world = day()
    made = world.send(
        OPERATOR_ONE,
        Propose(actions=(RemoveParticipant(participant=1, explanation="x"),), reason="x"),
    )
    proposal = made.events[0].proposal  # type: ignore[union-attr]
    (refused,) = world.send(OPERATOR_ONE, Approve(proposal=proposal)).events
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.SAME_PERSON
    world.send(CLEARING, Approve(proposal=proposal))
    assert look(world.sequencer.applied).findings == []


def alone(log: list[Applied], name: str, **changes: Any) -> list[Applied]:
    """Return a log in which the last command of a class was another key's, or its events other ones."""
    place = max(n for n, item in enumerate(log) if type(item.command).__name__ == name)
    return [*log[:place], msgspec.structs.replace(log[place], **changes), *log[place + 1 :]]


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("Approve", OPERATOR_ONE, "was alone"),
        ("Approve", CLEARING, "a clearing approved"),
        ("Approve", 4, "a trader approved"),
        ("Approve", 99, "never enrolled"),
        ("Propose", OPERATOR_TWO, "whose key it was not"),
        ("Resume", OPERATOR_ONE, "was alone"),
        ("AllowTrading", 4, "was alone"),
        ("RotateKey", OPERATOR_ONE, "other terms than the one that it follows"),
        ("ClaimKey", OPERATOR_ONE, "nobody approved it"),
        ("SetOwnLimits", CLEARING, "a clearing limited key 4"),
        ("SetOwnLimits", 5, "a trader limited key 4"),
        ("SetOwnLimits", 99, "never enrolled"),
    ],
)
def test_a_log_that_one_person_made_is_found(name: str, key: int, problem: str) -> None:
    eyes = look(alone(day().sequencer.applied, name, key=key))
    assert any(problem in str(finding) for finding in eyes.findings), eyes.findings


def test_an_effect_without_its_approval_is_found() -> None:
    log = day().sequencer.applied
    place = max(n for n, item in enumerate(log) if isinstance(item.command, Approve))
    bare = msgspec.structs.replace(log[place], events=log[place].events[1:])
    (finding,) = look([*log[:place], bare]).findings
    assert finding.problem == "nobody approved it"
    assert str(finding).startswith(f"sequence {finding.sequence}, Approve by key {OPERATOR_TWO}")


def test_every_action_of_two_persons_is_told_by_an_event() -> None:
    assert set(MADE) == set(get_args(Action))


@pytest.mark.parametrize("action", MADE, ids=lambda action: action.__name__)
def test_what_two_persons_must_do_is_found_where_nobody_approved_it(action: Any) -> None:
    log = day().sequencer.applied
    bare = msgspec.structs.replace(log[-1], key=4, events=(sample(MADE[action]),))
    assert isinstance(bare.command, Approve)
    (finding,) = look([*log[:-1], bare]).findings
    assert finding.problem == "nobody approved it"


def test_a_code_is_claimed_once_and_a_market_founded_once() -> None:
    log = day().sequencer.applied
    claim = next(item for item in log if isinstance(item.command, ClaimKey))
    assert "used before" in str(look([*log, claim]).findings[0])
    founding = next(item for item in log if isinstance(item.command, EnrolKey))
    assert any(isinstance(item.command, OpenDay) for item in log)
    assert "founded already" in str(look([*log, founding]).findings[0])


def test_findings_are_bounded_and_counted() -> None:
    log = day().sequencer.applied
    claim = next(item for item in log if isinstance(item.command, ClaimKey))
    eyes = look([*log, *[claim] * (FINDINGS_MAX + 5)])
    assert (len(eyes.findings), eyes.count) == (FINDINGS_MAX, FINDINGS_MAX + 5)


async def test_the_journal_on_disk_proves_it_without_a_gateway() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    await rig.sequencer.submit(4, rig_listing(1))
    await rig.sequencer.advance_clock(moment("16:00"))
    await rig.sequencer.stop()
    watched = watch_journal(rig.disk)
    assert watched.eyes.findings == []
    assert watched.eyes.approvals == 3
    assert watched.report.last_sequence == rig.sequencer.exchange.sequence


def test_the_command_proves_it_of_a_data_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(write(tmp_path, busy(Recorder(national())).entries))
    assert ceax.main(["journal", "eyes", folder]) == 0
    assert "none had one pair of eyes" in capsys.readouterr().out
    assert ceax.main(["journal", "eyes", folder, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["approvals"] > 0
    assert facts["findings"] == []
    # As if the engine had let an operator approve its own.
    monkeypatch.setattr(FourEyes, "_person", lambda *_: "演示一人")
    monkeypatch.setattr(cli_eyes, "FINDINGS_SHOWN", 2)
    assert ceax.main(["journal", "eyes", folder]) == 1
    *findings, verdict = capsys.readouterr().out.splitlines()
    assert ["演示一人 was alone" in finding for finding in findings] == [True] * 2
    assert f"{facts['approvals']} had one pair of eyes" in verdict
