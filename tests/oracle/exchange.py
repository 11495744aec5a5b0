"""The oracle: what the exchange must answer to every entry, and what it must then show."""

from engine.commands import (
    AdvanceTime,
    Approve,
    Deposit,
    EnrolKey,
    Entry,
    FailTrade,
    Halt,
    OpenDay,
    Propose,
    Reject,
    Resume,
    SetBlockGroup,
    SettleTrade,
    Side,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.events import AnyEvent, Bulletin, ClosureAdded, KeyEnrolled
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
    Book,
    GroupView,
    HaltView,
    ListingView,
    MarketView,
    NegotiationView,
    OfferView,
    OrderView,
    ParticipantView,
    ProposalView,
    TradeView,
)
from tests.oracle import groups, halts, show, show_more
from tests.oracle.control import enrol_by_sequencer, role_broken, take_operator
from tests.oracle.day import keep_time, open_day
from tests.oracle.orders import take_order
from tests.oracle.registry import take_clearing
from tests.oracle.state import State


class Oracle:
    """The exchange in dicts and sorted lists: same entries, same events, same views."""

    def __init__(self, profile: Profile) -> None:
        self.state = State(profile)

    @property
    def sequence(self) -> int:
        """Sequence of the last entry."""
        return self.state.sequence

    @property
    def time_ns(self) -> int:
        """Exchange time of the last entry."""
        return self.state.time_ns

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Take one entry; the phases that its time passes change before its command is looked at."""
        state = self.state
        earlier = entry.time_ns < state.time_ns
        state.begin(entry)
        if earlier:
            return [state.refused((Reason.TIME_BACKWARDS, 0, 0))]
        events = keep_time(state)
        return events + self._answer(entry)

    def _answer(self, entry: Entry) -> list[AnyEvent]:
        state, command = self.state, entry.command
        match command:
            case SetBlockGroup():
                return groups.set_group(state, command)
            case Propose() | Approve() | Reject():
                return take_operator(state, command)
            case Halt() | Resume():
                return halts.take(state, command)
            case Deposit() | TransferIn() | SettleTrade() | FailTrade():
                return take_clearing(state, command)
            case Withdraw() | TransferOut():
                return take_clearing(state, command)
            case EnrolKey():
                return enrol_by_sequencer(state, command)
            case OpenDay() | AdvanceTime():
                broken = role_broken(state, None)
                if broken[0] != Reason.NONE:
                    return [state.refused(broken)]
                return open_day(state, command) if isinstance(command, OpenDay) else []
            case _:
                return take_order(state, command)

    def next_boundary_ns(self) -> int:
        """Return when a phase changes next, 0 if nothing is due today."""
        state = self.state
        return int(state.agenda[0]) if state.is_day_open and state.agenda else 0

    def market(self) -> MarketView:
        """Return phases and quotes."""
        return show.market(self.state)

    def book(self, product: str, levels: int = 0) -> Book:
        """Return the best levels of a product."""
        return show.book(self.state, product, levels)

    def listings(self, product: str, side: Side, price_fen: int) -> tuple[ListingView, ...]:
        """Return the listings of a level, oldest first."""
        return show.listings(self.state, product, side, price_fen)

    def account(self, participant: int) -> Account:
        """Return cash and holdings of a participant."""
        return show.account(self.state, participant)

    def orders(self, participant: int) -> tuple[OrderView, ...]:
        """Return a participant's orders of the day."""
        return show.orders(self.state, participant)

    def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return trades of a day, of everybody where participant is 0."""
        return show.trades(self.state, participant, date)

    def participants(self) -> tuple[ParticipantView, ...]:
        """Return who is admitted."""
        return show.participants(self.state)

    def keys(self) -> tuple[KeyEnrolled, ...]:
        """Return the enrolled keys."""
        return tuple(self.state.enrolled)

    def proposals(self) -> tuple[ProposalView, ...]:
        """Return what waits for a second operator."""
        return show.proposals(self.state)

    def bulletins(self) -> tuple[Bulletin, ...]:
        """Return the bulletins of all days."""
        return tuple(self.state.bulletins)

    def unsettled(self) -> tuple[TradeView, ...]:
        """Return the trades that the registry has not answered yet."""
        return show.unsettled(self.state)

    def groups(self, participant: int) -> tuple[GroupView, ...]:
        """Return a participant's own block groups."""
        return show_more.groups(self.state, participant)

    def offers(self, participant: int) -> tuple[OfferView, ...]:
        """Return the open block offers that a participant made or may answer."""
        return show_more.offers(self.state, participant)

    def negotiations(self, participant: int) -> tuple[NegotiationView, ...]:
        """Return the open block negotiations of a participant."""
        return show_more.negotiations(self.state, participant)

    def auctions(self, date: str = "") -> tuple[AuctionView, ...]:
        """Return the auctions of a day that were announced."""
        return show_more.auctions(self.state, date)

    def applications(self, participant: int = 0) -> tuple[ApplicationView, ...]:
        """Return a participant's own auctions, everybody's where it is 0."""
        return show_more.applications(self.state, participant)

    def halts(self) -> tuple[HaltView, ...]:
        """Return the halts that stand."""
        return show_more.halts(self.state)

    def closures(self) -> tuple[ClosureAdded, ...]:
        """Return the closures by date."""
        return show_more.closures(self.state)
