"""The oracle: what the exchange must answer to every entry, and what it must then show."""

from engine.commands import (
    AdvanceTime,
    AllowTrading,
    Approve,
    ArmSwitch,
    CancelAll,
    CancelForKey,
    CancelOrders,
    ClaimKey,
    Deposit,
    EnrolKey,
    Entry,
    FailTrade,
    Halt,
    NoteRestart,
    OpenDay,
    PlaceListings,
    Propose,
    RecordAccess,
    Reject,
    Resume,
    RevokeKey,
    RotateKey,
    SetBlockGroup,
    SetOwnLimits,
    SettleTrade,
    Side,
    StopTrading,
    TransferIn,
    TransferOut,
    Withdraw,
)
from engine.events import (
    AnyEvent,
    Bulletin,
    ClosureAdded,
    ExchangeRestarted,
    NoticePublished,
)
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
    Book,
    CodeView,
    Depth,
    GroupView,
    HaltView,
    KeyView,
    ListingView,
    MarketView,
    NegotiationView,
    OfferView,
    OrderView,
    ParticipantView,
    ProposalView,
    TradeView,
)
from tests.oracle import batches, groups, halts, parties, show, show_more, switches, who
from tests.oracle.control import enrol_by_sequencer, take_operator
from tests.oracle.day import keep_time, open_day
from tests.oracle.orders import take_order
from tests.oracle.registry import take_clearing
from tests.oracle.state import State
from tests.oracle.switches import next_deadline
from tests.oracle.who import role_broken


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
        if isinstance(entry.command, NoteRestart) and entry.key == 0:
            switches.forgive(state)
        events = keep_time(state)
        return events + self._answer(entry)

    def _answer(self, entry: Entry) -> list[AnyEvent]:
        state, command = self.state, entry.command
        match command:
            case PlaceListings():
                return batches.place_listings(state, command)
            case CancelOrders():
                return batches.cancel_orders(state, command)
            case CancelAll():
                return batches.cancel_all(state, command)
            case ArmSwitch():
                return switches.arm(state, command)
            case RotateKey() | RevokeKey():
                return who.take_access(state, command)
            case SetOwnLimits():
                return [parties.set_own_limits(state, command)]
            case StopTrading() | AllowTrading():
                return parties.take_own(state, command)
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
            case OpenDay() | AdvanceTime() | CancelForKey() | ClaimKey():
                return self._answer_gateway(command)
            case RecordAccess() | NoteRestart():
                return self._answer_gateway(command)
            case _:
                return take_order(state, command)

    def _answer_gateway(
        self,
        command: OpenDay | AdvanceTime | CancelForKey | ClaimKey | RecordAccess | NoteRestart,
    ) -> list[AnyEvent]:
        state = self.state
        broken = role_broken(state, None)
        if broken[0] != Reason.NONE:
            return [state.refused(broken)]
        match command:
            case CancelForKey():
                return batches.cancel_for_key(state, command)
            case ClaimKey():
                return [who.claim_key(state, command)]
            case RecordAccess():
                return [who.record_access(state, command)]
            case NoteRestart():
                return [state.event(ExchangeRestarted), *switches.restarted(state)]
            case OpenDay():
                return open_day(state, command)
            case AdvanceTime():
                return []

    def next_boundary_ns(self) -> int:
        """Return when a phase changes next, 0 if nothing is due today."""
        state = self.state
        if not state.is_day_open or not state.agenda:
            return 0
        due = next_deadline(state)
        return min(int(state.agenda[0]), due[0] if due is not None else int(state.agenda[0]))

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

    def keys(self) -> tuple[KeyView, ...]:
        """Return all keys that were ever enrolled."""
        return who.show_keys(self.state)

    def codes(self) -> tuple[CodeView, ...]:
        """Return the enrolment codes that wait or were claimed."""
        return who.show_codes(self.state)

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

    def notices(self) -> tuple[NoticePublished, ...]:
        """Return the notices of the open or last day."""
        return tuple(self.state.notices)

    def depth(self, product: str, levels: int = 0, listings: int = 20) -> Depth:
        """Return the best levels of a product with their listings."""
        return show_more.depth(self.state, product, levels, listings)

    def closures(self) -> tuple[ClosureAdded, ...]:
        """Return the closures by date."""
        return show_more.closures(self.state)
