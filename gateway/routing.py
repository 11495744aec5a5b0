"""Who may see an event: one row for each class of events; a class without a row is told to nobody and fails.

Public is what everybody reads on the channel `market` (listed trades have a channel of their own). All
else goes to the private streams of those whom it concerns. What another one's event shows is cut down
to what a reader may know: no keys, no client order numbers, no name of a group, no other members.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from engine.commands import AccessKind, HaltScope, Method, Side
from engine.events import (
    AccessRecorded,
    AllCancelled,
    AllowanceSet,
    AnyEvent,
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    AuctionRefused,
    BidPlaced,
    BlockConfirmed,
    BlockCountered,
    BlockGroupSet,
    BlockOffered,
    BlockOfferedToGroup,
    BlockRefused,
    Cancelled,
    ClosureAdded,
    ClosureRemoved,
    CodeIssued,
    DayClosed,
    DayOpened,
    Deposited,
    ExchangeRestarted,
    Halted,
    HoldingFrozen,
    HoldingReleased,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    ListingPlaced,
    ListingsTaken,
    NoticePublished,
    OwnLimitsSet,
    ParticipantAdmitted,
    ParticipantRemoved,
    ParticipantRestored,
    ParticipantRestricted,
    PhaseChanged,
    ProposalApproved,
    ProposalMade,
    ProposalRejected,
    Reduced,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Refused,
    Repeated,
    Resumed,
    SwitchArmed,
    SwitchFired,
    Traded,
    TradeFailed,
    TradeSettled,
    TradeVoided,
    TradingAllowed,
    TradingStopped,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from gateway.frames_pushed import MarketEvent

OPERATORS: Final = 0
"""Place of the operators' stream of control events among the private streams."""
Parties = tuple[int, ...]
HIDDEN: Final = 0
"""What stands in the place of a number that the reader may not know."""


class Route(Struct, frozen=True):
    """Where the events of one class go."""

    parties: Callable[[Any], Parties]
    """Whose private streams it belongs to."""
    is_public: Callable[[Any], bool]
    """Whether everybody reads it on the channel `market`."""


def _never(_: AnyEvent) -> bool:
    return False


def _always(_: AnyEvent) -> bool:
    return True


def _nobody(_: AnyEvent) -> Parties:
    return ()


def _operators(_: AnyEvent) -> Parties:
    return (OPERATORS,)


def _owner(event: ListingPlaced | Refused | Deposited) -> Parties:
    """Return the participant of an event; 0, the operators, where one of their commands was refused."""
    return (event.participant,)


def _owner_and_operators(
    event: AuctionApplied | AuctionRefused | AllowanceSet | ProposalMade,
) -> Parties:
    """Return the operators and the participant whose business it is, if it is one's."""
    return (OPERATORS, event.participant) if event.participant else (OPERATORS,)


def _turned_away(event: AccessRecorded) -> Parties:
    """Return the operators where somebody was refused; who comes and goes stands in the drop copy."""
    is_refusal = event.kind in (AccessKind.LOGIN_REFUSED, AccessKind.ENROL_REFUSED)
    return (OPERATORS,) if is_refusal else ()


def _both(event: Traded | BlockOffered | BlockCountered) -> Parties:
    return (event.participant, event.counterparty)


def _members(event: BlockOfferedToGroup) -> Parties:
    return (event.participant, *event.members)


def _cancelled(event: Cancelled) -> Parties:
    """Return the owner; operators follow the applications for auctions, never the bids."""
    is_application = event.method is Method.AUCTION and event.side is Side.SELL
    return (OPERATORS, event.participant) if is_application else (event.participant,)


def _buyer_and_seller(event: TradeSettled | TradeFailed) -> Parties:
    return (event.buyer, event.seller)


def _voided(event: TradeVoided) -> Parties:
    return (OPERATORS, event.buyer, event.seller)


def _is_listed(event: TradeVoided) -> bool:
    """Say whether everybody knew the trade: blocks and auction trades are not public (R65)."""
    return event.method is Method.LISTED


def _halted(event: Halted | Resumed) -> Parties:
    is_of_one = event.scope is HaltScope.PARTICIPANT
    return (OPERATORS, event.participant) if is_of_one else (OPERATORS,)


def _is_for_all(event: Halted | Resumed) -> bool:
    """Say whether a halt concerns everybody; that one participant is halted is its own business."""
    return event.scope is not HaltScope.PARTICIPANT


ROUTES: Final[dict[type[Any], Route]] = {
    Repeated: Route(_nobody, _never),  # its first answer already stands in the stream
    ListingPlaced: Route(_owner, _never),
    Traded: Route(_both, _never),  # listed ones are printed on the channel `trades`
    Cancelled: Route(_cancelled, _never),
    Reduced: Route(_owner, _never),
    Refused: Route(_owner, _never),
    ListingsTaken: Route(_owner, _never),
    BlockGroupSet: Route(_owner, _never),
    BlockOffered: Route(_both, _never),
    BlockOfferedToGroup: Route(_members, _never),
    BlockCountered: Route(_both, _never),
    BlockConfirmed: Route(_both, _never),
    BlockRefused: Route(_both, _never),
    AuctionApplied: Route(_owner_and_operators, _never),
    AuctionRefused: Route(_owner_and_operators, _never),
    AuctionAnnounced: Route(_operators, _always),
    BidPlaced: Route(_owner, _never),  # sealed: nobody but the bidder
    AllCancelled: Route(_owner, _never),
    SwitchArmed: Route(_owner, _never),
    SwitchFired: Route(_owner, _never),
    AuctionEnded: Route(_operators, _always),
    DayOpened: Route(_nobody, _always),
    PhaseChanged: Route(_nobody, _always),
    DayClosed: Route(_nobody, _always),
    ReferencePriceSet: Route(_operators, _always),
    ReferencePriceCorrected: Route(_operators, _always),
    TradeVoided: Route(_voided, _is_listed),
    Halted: Route(_halted, _is_for_all),
    Resumed: Route(_halted, _is_for_all),
    ClosureAdded: Route(_operators, _always),
    ClosureRemoved: Route(_operators, _always),
    NoticePublished: Route(_operators, _always),
    ProposalMade: Route(_owner_and_operators, _never),
    ProposalApproved: Route(_owner_and_operators, _never),
    ProposalRejected: Route(_owner_and_operators, _never),
    ParticipantAdmitted: Route(_owner_and_operators, _never),
    KeyEnrolled: Route(_owner_and_operators, _never),
    KeyRevoked: Route(_owner_and_operators, _never),
    OwnLimitsSet: Route(_owner_and_operators, _never),
    KeyExpired: Route(_owner_and_operators, _never),
    CodeIssued: Route(_owner_and_operators, _never),
    AccessRecorded: Route(_turned_away, _never),
    ExchangeRestarted: Route(_operators, _never),
    ParticipantRemoved: Route(_owner_and_operators, _never),
    ParticipantRestored: Route(_owner_and_operators, _never),
    TradingStopped: Route(_owner_and_operators, _never),
    TradingAllowed: Route(_owner_and_operators, _never),
    ParticipantRestricted: Route(_owner_and_operators, _never),
    AllowanceSet: Route(_owner_and_operators, _never),
    Deposited: Route(_owner, _never),
    TransferredIn: Route(_owner, _never),
    Withdrawn: Route(_owner, _never),
    TransferredOut: Route(_owner, _never),
    HoldingFrozen: Route(_owner_and_operators, _never),
    HoldingReleased: Route(_owner_and_operators, _never),
    TradeSettled: Route(_buyer_and_seller, _never),
    TradeFailed: Route(_buyer_and_seller, _never),
}
"""One row for each class of events."""
_MARKET_EVENTS: Final = get_args(MarketEvent)
_WITH_SENDER: Final = (
    Traded
    | Cancelled
    | BlockOffered
    | BlockOfferedToGroup
    | BlockCountered
    | BlockConfirmed
    | BlockRefused
    | AuctionApplied
)
"""Order events that others than their sender see."""
_CUT_DOWN: Final = frozenset((*get_args(_WITH_SENDER), Halted, Resumed))
"""What is not shown to everybody alike."""
_OFFERS: Final = frozenset((BlockOffered, BlockOfferedToGroup, BlockCountered, Cancelled))
"""What is remembered for the end of an offer."""


class Audience:
    """Who sees what of a log that is shown in order: the end of an offer goes to whom it was made to."""

    def __init__(self) -> None:
        self._others: dict[int, Parties] = {}
        """By number of a block offer or counter-offer: who knows of it beside its owner."""
        self._told: dict[tuple[int, int], Parties] = {}
        """By sequence and number of an ended offer: who else was told, for readers that come later."""

    def open_day(self) -> None:
        """Forget the offers of the day before: order numbers restart."""
        self._others.clear()

    def forget_to(self, sequence: int) -> None:
        """Forget the ends of offers at or before a sequence."""
        self._told = {told: others for told, others in self._told.items() if told[0] > sequence}

    def offered(self, order: int, others: Parties) -> None:
        """Remember whom an offer was made to."""
        self._others[order] = others

    def ended(self, sequence: int, order: int) -> Parties:
        """Remember, and return, whom beside its owner the end of an offer is told."""
        others = self._told[sequence, order] = self._others.get(order, ())
        return others

    def note(self, event: AnyEvent) -> None:
        """Remember whom an offer was made to, and who was told its end."""
        if type(event) not in _OFFERS:
            return
        match event:
            case Cancelled():
                if event.method is Method.BLOCK:
                    self.ended(event.sequence, event.order)
            case BlockOffered():
                self._others[event.order] = (event.counterparty,)
            case BlockOfferedToGroup():
                self._others[event.order] = event.members
            case BlockCountered() if event.order == event.negotiation:
                self._others[event.order] = (event.counterparty,)
            case _:
                pass

    def parties(self, event: AnyEvent) -> Parties:
        """Return whose private streams an event belongs to, each once."""
        found = ROUTES[type(event)].parties(event)
        if isinstance(event, Cancelled) and event.method is Method.BLOCK:
            told = self._told.get((event.sequence, event.order))
            found = (*found, *(self._others.get(event.order, ()) if told is None else told))
        return tuple(dict.fromkeys(found)) if len(found) > 1 else found

    def answer(self, events: Iterable[AnyEvent], participant: int) -> tuple[AnyEvent, ...]:
        """Return what a participant may see of what its own command did.

        A trade may end the offers of others, and time may have passed a boundary: the rest of a
        command's events is not its sender's business.
        """
        shown: list[AnyEvent] = []
        for event in events:
            if isinstance(event, (Repeated, Refused)) or participant in self.parties(event):
                shown.append(as_seen_by(event, participant))
            elif is_public(event):
                shown.append(as_public(event))
        return tuple(shown)


def is_public(event: AnyEvent) -> bool:
    """Say whether everybody reads an event on the channel `market`."""
    return ROUTES[type(event)].is_public(event)


def as_public(event: AnyEvent) -> MarketEvent:
    """Return a public event without the persons and parties in it."""
    assert isinstance(event, _MARKET_EVENTS), "only public events are shown to everybody"
    public: MarketEvent = event
    if isinstance(public, Halted | Resumed):
        return msgspec.structs.replace(public, participant=HIDDEN, key=HIDDEN, person="")
    if isinstance(public, TradeVoided):
        return msgspec.structs.replace(public, buyer=HIDDEN, seller=HIDDEN)
    return public


def as_seen_by(event: AnyEvent, participant: int) -> AnyEvent:
    """Return an event as a participant, or an operator (0), may see it."""
    if type(event) not in _CUT_DOWN:
        return event
    if isinstance(event, Halted | Resumed) and participant != OPERATORS:
        return msgspec.structs.replace(event, key=HIDDEN, person="")
    if not isinstance(event, _WITH_SENDER) or event.participant == participant:
        return event
    if isinstance(event, BlockOfferedToGroup):
        event = msgspec.structs.replace(event, group="", members=(participant,))
    return msgspec.structs.replace(event, key=HIDDEN, client_order=HIDDEN)
