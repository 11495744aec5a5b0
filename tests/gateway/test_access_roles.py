"""Who may ask and send what: a row for everything, and the whole table of roles and commands by hand."""

import time
from typing import Any, get_args

import msgspec
import pytest

from engine.commands import (
    AnyCommand,
    OrderCommand,
    Permission,
    Propose,
    RevokeKey,
    Role,
    SetOwnLimits,
    TraderCommand,
)
from engine.events import Refused
from engine.reasons import Reason
from gateway import keys, wire
from gateway.access import OBSERVER, Access, Identity
from gateway.describe_examples import example
from gateway.limits import LIMITS, Buckets, Settings
from gateway.protocol import Conversation, Perform, Send, State
from gateway.roles import (
    CHANNEL_ROLES,
    COMMAND_ROLES,
    COMPANY,
    PERMISSIONS,
    REQUEST_ROLES,
    STAFF,
)
from tests.gateway.gateway_world import World

COMMANDS = {kind.__name__: kind for kind in get_args(AnyCommand)}
REQUESTS = {
    kind.__name__: kind for kind in get_args(wire.AnyInward) if issubclass(kind, wire.Request)
}
ROLES = (*(role.value for role in Role), "observer")
LISTED = {"PlaceListing", "PlaceListings", "PickListing", "TakeListings"}
BLOCK = {
    "OfferBlock",
    "OfferBlockToGroup",
    "AcceptBlock",
    "CounterBlock",
    "ConfirmBlock",
    "RefuseBlock",
    "SetBlockGroup",
}
AUCTION = {"ApplyAuction", "PlaceBid"}
CANCELS = {"CancelOrder", "CancelOrders", "CancelAll", "ReduceOrder", "ArmSwitch"}
OWN_KEYS = {"RotateKey", "RevokeKey"}
COMPANYS_OWN = {"StopTrading", "AllowTrading", "SetOwnLimits"}
CONTROL = {"Propose", "Approve", "Reject", "Halt", "Resume"}
LEDGER = {"Deposit", "TransferIn", "Withdraw", "TransferOut", "SettleTrade", "FailTrade"}
MAY_SEND: dict[str, set[str]] = {
    "trader": LISTED | BLOCK | AUCTION | CANCELS | OWN_KEYS | {"StopTrading"},
    "risk": CANCELS | OWN_KEYS | COMPANYS_OWN,
    "administrator": OWN_KEYS | COMPANYS_OWN | {"Propose", "Approve", "Reject"},
    "operator": CONTROL | OWN_KEYS | {"SetOwnLimits"},
    "supervisor": CONTROL | OWN_KEYS | {"SetOwnLimits"},
    "clearing": LEDGER | OWN_KEYS,
    "reader": OWN_KEYS,
    "auditor": OWN_KEYS,
    "observer": set(),
}
"""gateway-notes 3.2, role by role; the sequencer's own commands nobody may send."""


class Nobody:
    """An exchange without keys: identities are given, not logged in."""

    def keys(self) -> tuple[()]:
        return ()

    def participants(self) -> tuple[()]:
        return ()


def talk(role: str, permissions: tuple[Permission, ...] = tuple(Permission)) -> Conversation:
    settings = Settings()
    conversation = Conversation(Access(Nobody(), settings), settings, host="h:1", nonce="00")
    conversation.state = State.READY
    conversation.identity = OBSERVER
    if role != "observer":
        conversation.identity = Identity(
            key=1,
            role=role,
            person="演示",
            participant=1 if role in COMPANY else 0,
            participant_name="",
            permissions=permissions if role == "trader" else permissions[-1:],
        )
    conversation.limits = LIMITS[role]
    conversation._buckets = Buckets(LIMITS[role], 0.0)
    return conversation


def answer(conversation: Conversation, frame: wire.Request) -> Any:
    data = wire.encode(frame).decode()
    return conversation.receive(data, 0.0, time.time_ns(), lambda _, limits: Buckets(limits, 0.0))


def is_let_in(conversation: Conversation, frame: wire.Request) -> bool:
    effect = answer(conversation, frame)
    if isinstance(effect, Perform):
        return True
    assert isinstance(effect, Send), effect
    assert isinstance(effect.frame, wire.Error)
    assert effect.frame.code == "ROLE_NOT_PERMITTED"
    return False


def test_every_request_command_channel_and_role_has_its_row() -> None:
    assert set(REQUEST_ROLES) == set(REQUESTS.values())
    assert set(COMMAND_ROLES) == set(COMMANDS.values())
    assert set(CHANNEL_ROLES) == {"market", "trades", "book", "private", "drop"}
    assert set(LIMITS) == set(ROLES) == set(MAY_SEND)
    assert not COMPANY & STAFF
    assert COMPANY | STAFF | {"reader", "observer"} == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_send_what_the_table_says_and_nothing_else(role: str) -> None:
    conversation = talk(role)
    let_in = {
        name
        for name, kind in COMMANDS.items()
        if is_let_in(conversation, wire.Submit(id=1, command=example(kind)))
    }
    assert let_in == MAY_SEND[role]


PUBLIC = {
    "Subscribe",
    "Unsubscribe",
    "Ping",
    "QueryMarket",
    "QueryBook",
    "QueryListings",
    "QueryBulletins",
    "QueryAuctions",
    "QueryHalts",
    "QueryClosures",
    "QueryNotices",
    "QueryStatus",
}
OWN = {
    "QueryAccount",
    "QueryOrders",
    "QueryTrades",
    "QueryParticipants",
    "QueryStatement",
    "QueryOffers",
    "QueryNegotiations",
}
OF_COMPANY = OWN | {"Submit", "FindOrder", "QueryGroups", "QueryApplications"}
OF_KEYS = {"QueryKeys", "QueryCodes", "QueryProposals"}
OF_CONTROL = OWN | OF_KEYS | {"Submit", "QueryUnsettled", "QueryApplications"}
MAY_ASK: dict[str, set[str]] = {
    "trader": OF_COMPANY,
    "risk": OF_COMPANY | {"QueryKeys"},
    "administrator": OF_COMPANY | OF_KEYS,
    "operator": OF_CONTROL | {"AdvanceClock"},
    "supervisor": OF_CONTROL | {"AdvanceClock"},
    "clearing": OWN | {"Submit", "QueryUnsettled"},
    "reader": {"Submit"},
    "auditor": OF_CONTROL,
    "observer": set(),
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_ask_what_the_table_says_and_nothing_else(role: str) -> None:
    may = {kind.__name__ for kind, roles in REQUEST_ROLES.items() if role in roles}
    assert may == (MAY_ASK[role] | PUBLIC) & set(REQUESTS)


def test_what_a_channel_shows_is_for_whom() -> None:
    everybody = set(ROLES)
    assert CHANNEL_ROLES["market"] == CHANNEL_ROLES["trades"] == CHANNEL_ROLES["book"] == everybody
    assert CHANNEL_ROLES["private"] == COMPANY | {"operator", "supervisor", "auditor"}
    assert CHANNEL_ROLES["drop"] == STAFF


@pytest.mark.parametrize(
    ("permission", "names"),
    [
        (Permission.LISTED, LISTED),
        (Permission.BLOCK, BLOCK),
        (Permission.AUCTION, AUCTION),
        (Permission.CANCEL, CANCELS),
    ],
)
def test_a_traders_key_does_what_its_permissions_say(
    permission: Permission, names: set[str]
) -> None:
    conversation = talk("trader", (permission,))
    let_in = {
        name
        for name, kind in COMMANDS.items()
        if is_let_in(conversation, wire.Submit(id=1, command=example(kind)))
    }
    assert let_in == names | OWN_KEYS


def test_every_order_needs_a_permission() -> None:
    assert set(PERMISSIONS) == set(get_args(TraderCommand))
    assert set(get_args(OrderCommand)) <= set(PERMISSIONS)


@pytest.mark.parametrize("permission", Permission)
def test_the_engine_asks_for_the_same_permissions(permission: Permission) -> None:
    """What is said early at the gateway is what a replay proves."""
    world = World()
    world.open()
    key = keys.new_key("演示新人", Role.TRADER)
    enrolment = world.enrolment(key, 1)
    world.approve(msgspec.structs.replace(enrolment, permissions=(permission,)))
    number = world.exchange.keys()[-1].key
    for kind in get_args(TraderCommand):
        events = world.send(number, example(kind)).events
        is_barred = any(
            isinstance(event, Refused) and event.reason is Reason.ROLE_NOT_PERMITTED
            for event in events
        )
        assert is_barred == (PERMISSIONS[kind] is not permission), (kind, permission, events)


@pytest.mark.parametrize("role", Role)
def test_the_engine_bars_the_same_roles(role: Role) -> None:
    world = World()
    world.open()
    key = keys.new_key("演示新人", role)
    world.approve(world.enrolment(key, 1 if role.value in COMPANY else 0))
    number = world.exchange.keys()[-1].key
    by_content = {
        RevokeKey,
        SetOwnLimits,
        Propose,
    }  # whose key, and for whom: the engine alone knows
    for kind in get_args(AnyCommand):
        events = world.send(number, example(kind)).events
        is_barred = any(
            isinstance(event, Refused) and event.reason is Reason.ROLE_NOT_PERMITTED
            for event in events
        )
        if kind not in by_content or role.value not in COMMAND_ROLES[kind]:
            assert is_barred == (role.value not in COMMAND_ROLES[kind]), (kind, events)
