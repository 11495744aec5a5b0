"""Who may ask and send what: one row for each request, command and channel (gateway-notes 3.2).

A role is what its key was enrolled for, `observer` is who has no key. A command must also be permitted to
the key: what a trader's key may do is narrowed by its permissions. The engine checks all of it again, so
that a replay proves it; here it is said early and without an entry in the log.
"""

from typing import Final, get_args

from engine.commands import (
    AcceptBlock,
    AccessCommand,
    AllowTrading,
    ApplyAuction,
    Approve,
    ArmSwitch,
    CancelAll,
    CancelOrder,
    CancelOrders,
    ClearingCommand,
    Command,
    ConfirmBlock,
    CounterBlock,
    OfferBlock,
    OfferBlockToGroup,
    OperatorCommand,
    Permission,
    PickListing,
    PlaceBid,
    PlaceListing,
    PlaceListings,
    Propose,
    ReduceOrder,
    RefuseBlock,
    Reject,
    Role,
    SetBlockGroup,
    SetOwnLimits,
    StopTrading,
    SystemCommand,
    TakeListings,
    TraderCommand,
)
from gateway import wire

Roles = frozenset[str]

OBSERVER: Final = "observer"
"""Who comes in without a key."""
_KEYS: Final[Roles] = frozenset(role.value for role in Role)
_ALL: Final[Roles] = _KEYS | {OBSERVER}
_TRADER: Final[Roles] = frozenset({Role.TRADER.value})
COMPANY: Final[Roles] = frozenset({Role.TRADER.value, Role.RISK.value, Role.ADMINISTRATOR.value})
"""Roles that act for a participant: they see its own data and no other's."""
OPERATORS: Final[Roles] = frozenset({Role.OPERATOR.value, Role.SUPERVISOR.value})
_CLEARING: Final[Roles] = frozenset({Role.CLEARING.value})
_AUDITOR: Final[Roles] = frozenset({Role.AUDITOR.value})
STAFF: Final[Roles] = OPERATORS | _CLEARING | _AUDITOR
"""Roles that see everybody's data."""
_CONTROL: Final[Roles] = OPERATORS | _AUDITOR
_SYSTEM: Final[Roles] = frozenset()

REQUEST_ROLES: Final[dict[type[wire.Request], Roles]] = {
    wire.Submit: _KEYS,
    wire.FindOrder: COMPANY,
    wire.Subscribe: _ALL,
    wire.Unsubscribe: _ALL,
    wire.Ping: _ALL,
    wire.AdvanceClock: OPERATORS,
    wire.QueryMarket: _ALL,
    wire.QueryBook: _ALL,
    wire.QueryListings: _ALL,
    wire.QueryAccount: COMPANY | STAFF,
    wire.QueryOrders: COMPANY | STAFF,
    wire.QueryTrades: COMPANY | STAFF,
    wire.QueryUnsettled: STAFF,
    wire.QueryParticipants: COMPANY | STAFF,
    wire.QueryKeys: _CONTROL | {Role.ADMINISTRATOR.value, Role.RISK.value},
    wire.QueryCodes: _CONTROL | {Role.ADMINISTRATOR.value},
    wire.QueryProposals: _CONTROL | {Role.ADMINISTRATOR.value},
    wire.QueryBulletins: _ALL,
    wire.QueryStatement: COMPANY | STAFF,
    wire.QueryGroups: COMPANY,
    wire.QueryOffers: COMPANY | STAFF,
    wire.QueryNegotiations: COMPANY | STAFF,
    wire.QueryAuctions: _ALL,
    wire.QueryApplications: COMPANY | _CONTROL,
    wire.QueryHalts: _ALL,
    wire.QueryClosures: _ALL,
    wire.QueryNotices: _ALL,
}
"""Who may send a request."""
CHANNEL_ROLES: Final[dict[str, Roles]] = {
    "market": _ALL,
    "trades": _ALL,
    "book": _ALL,
    "private": COMPANY | _CONTROL,
    "drop": STAFF,
}
"""Who may subscribe to a channel."""

_CANCELS: Final = (CancelOrder, CancelOrders, CancelAll, ReduceOrder, ArmSwitch)
"""What takes back and risks nothing: the risk officer's orders."""
PERMISSIONS: Final[dict[type[Command], Permission]] = {
    **dict.fromkeys((PlaceListing, PlaceListings, PickListing, TakeListings), Permission.LISTED),
    **dict.fromkeys(
        (
            OfferBlock,
            OfferBlockToGroup,
            AcceptBlock,
            CounterBlock,
            ConfirmBlock,
            RefuseBlock,
            SetBlockGroup,
        ),
        Permission.BLOCK,
    ),
    **dict.fromkeys((ApplyAuction, PlaceBid), Permission.AUCTION),
    **dict.fromkeys(_CANCELS, Permission.CANCEL),
}
"""What a key needs for an order command."""


def _command_roles() -> dict[type[Command], Roles]:
    rows: dict[type[Command], Roles] = {}
    for union, roles in (
        (TraderCommand, _TRADER),
        (OperatorCommand, OPERATORS),
        (ClearingCommand, _CLEARING),
        (AccessCommand, _KEYS),
        (SystemCommand, _SYSTEM),
    ):
        rows |= dict.fromkeys(get_args(union), roles)
    rows |= dict.fromkeys(_CANCELS, _TRADER | {Role.RISK.value})
    rows[StopTrading] = COMPANY
    rows[AllowTrading] = frozenset({Role.RISK.value, Role.ADMINISTRATOR.value})
    rows[SetOwnLimits] = rows[AllowTrading] | OPERATORS
    for command in (Propose, Approve, Reject):
        rows[command] = OPERATORS | {Role.ADMINISTRATOR.value}
    return rows


COMMAND_ROLES: Final = _command_roles()
"""Who may submit a command."""
