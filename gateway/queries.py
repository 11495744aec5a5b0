"""Answers to the questions of clients, read from the exchange's views, in pages of bounded size."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar

import msgspec

from engine.commands import HaltScope, Restriction, Side
from engine.events import Bulletin, ClosureAdded, NoticePublished
from engine.profile import Profile
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
from gateway import wire
from gateway.access import Identity
from gateway.codes import Fault
from gateway.feed import Feed
from gateway.roles import STAFF
from gateway.statement import make_statement

PAGE_BYTES: Final = 128 * 1024
"""Most bytes of the rows of one reply; one row always goes."""
T = TypeVar("T")


class Views(Protocol):
    """The read-only views of the exchange."""

    @property
    def sequence(self) -> int: ...  # noqa: D102
    @property
    def time_ns(self) -> int: ...  # noqa: D102
    def market(self) -> MarketView: ...  # noqa: D102
    def book(self, product: str, levels: int = 0) -> Book: ...  # noqa: D102
    def depth(self, product: str, levels: int = 0, listings: int = 20) -> Depth: ...  # noqa: D102
    def listings(  # noqa: D102
        self, product: str, side: Side, price_fen: int
    ) -> tuple[ListingView, ...]: ...
    def account(self, participant: int) -> Account: ...  # noqa: D102
    def orders(self, participant: int) -> tuple[OrderView, ...]: ...  # noqa: D102
    def trades(  # noqa: D102
        self, participant: int = 0, date: str = ""
    ) -> tuple[TradeView, ...]: ...
    def unsettled(self) -> tuple[TradeView, ...]: ...  # noqa: D102
    def participants(self) -> tuple[ParticipantView, ...]: ...  # noqa: D102
    def keys(self) -> tuple[KeyView, ...]: ...  # noqa: D102
    def codes(self) -> tuple[CodeView, ...]: ...  # noqa: D102
    def proposals(self) -> tuple[ProposalView, ...]: ...  # noqa: D102
    def bulletins(self) -> tuple[Bulletin, ...]: ...  # noqa: D102
    def groups(self, participant: int) -> tuple[GroupView, ...]: ...  # noqa: D102
    def offers(self, participant: int) -> tuple[OfferView, ...]: ...  # noqa: D102
    def negotiations(self, participant: int) -> tuple[NegotiationView, ...]: ...  # noqa: D102
    def auctions(self, date: str = "") -> tuple[AuctionView, ...]: ...  # noqa: D102
    def applications(  # noqa: D102
        self, participant: int = 0
    ) -> tuple[ApplicationView, ...]: ...
    def halts(self) -> tuple[HaltView, ...]: ...  # noqa: D102
    def closures(self) -> tuple[ClosureAdded, ...]: ...  # noqa: D102
    def notices(self) -> tuple[NoticePublished, ...]: ...  # noqa: D102


class Desk:
    """Answers one question at a time; it changes nothing."""

    def __init__(self, exchange: Views, feed: Feed, profile: Profile) -> None:
        self._exchange = exchange
        self._profile = profile
        self._feed = feed
        self._products = frozenset(view.product for view in exchange.market().products)

    def answer(self, request: wire.Request, identity: Identity) -> wire.Reply:
        """Return the reply to a query; Fault where it asks for what is not there or not theirs."""
        match request:
            case wire.QueryMarket():
                return wire.MarketReply(id=request.id, market=self._exchange.market())
            case wire.QueryBook():
                self._check_product(request.product)
                book = self._exchange.depth(request.product)
                sequence = self._exchange.sequence
                return wire.BookReply(id=request.id, sequence=sequence, book=book)
            case wire.QueryAccount():
                number = self._participant(request.participant, identity)
                self._view_of(number)
                return wire.AccountReply(id=request.id, account=self._exchange.account(number))
            case wire.QueryStatement():
                number = self._participant(request.participant, identity)
                view = self._view_of(number)
                statement = make_statement(
                    self._exchange, self._feed, self._profile, view, request.date
                )
                return wire.StatementReply(id=request.id, statement=statement)
            case wire.FindOrder():
                return self._find_order(request, identity)
            case _:
                return self._rows(request, identity)

    def _rows(self, request: wire.Request, identity: Identity) -> wire.Reply:
        exchange, number = self._exchange, request.id
        match request:
            case wire.QueryListings():
                self._check_product(request.product)
                found = exchange.listings(request.product, request.side, request.price_fen)
                listings, more = _page(_after_place(found, request.after))
                return wire.ListingsReply(id=number, rows=listings, has_more=more)
            case wire.QueryOrders():
                mine = exchange.orders(self._participant(request.participant, identity))
                orders, more = _page(r for r in mine if r.order > request.after)
                return wire.OrdersReply(id=number, rows=orders, has_more=more)
            case wire.QueryTrades():
                whose = self._participant(request.participant, identity, all_of_them=True)
                found_trades = exchange.trades(whose, request.date)
                trades, more = _page(r for r in found_trades if r.trade > request.after)
                return wire.TradesReply(id=number, rows=trades, has_more=more)
            case wire.QueryUnsettled():
                trades, more = _page(r for r in exchange.unsettled() if r.trade > request.after)
                return wire.TradesReply(id=number, rows=trades, has_more=more)
            case wire.QueryBulletins():
                days = (r for r in exchange.bulletins() if r.date > request.after)
                bulletins, more = _page(days)
                return wire.BulletinsReply(id=number, rows=bulletins, has_more=more)
            case wire.QueryHalts():
                standing = (r for r in exchange.halts() if r.halt > request.after)
                seen = (r for r in standing if _may_see_halt(r, identity))
                halts, more = _page(seen, _halt_as_seen_by(identity))
                return wire.HaltsReply(id=number, rows=halts, has_more=more)
            case _:
                return self._rows_of_people(request, identity)

    def _rows_of_people(self, request: wire.Request, identity: Identity) -> wire.Reply:
        """Answer what concerns participants, keys, codes and proposals."""
        exchange, number = self._exchange, request.id
        match request:
            case wire.QueryParticipants():
                views = (r for r in exchange.participants() if r.participant > request.after)
                rows, more = _page(views, _as_seen_by(identity))
                return wire.ParticipantsReply(id=number, rows=rows, has_more=more)
            case wire.QueryKeys():
                found_keys = (r for r in exchange.keys() if r.key > request.after)  # noqa: SIM118
                keys, more = _page(r for r in found_keys if _is_of(r.participant, identity))
                return wire.KeysReply(id=number, rows=keys, has_more=more)
            case wire.QueryCodes():
                issued = (r for r in exchange.codes() if r.code > request.after)
                codes, more = _page(r for r in issued if _is_of(r.participant, identity))
                return wire.CodesReply(id=number, rows=codes, has_more=more)
            case wire.QueryProposals():
                waiting = (r for r in exchange.proposals() if r.proposal > request.after)
                proposals, more = _page(r for r in waiting if _is_of(r.participant, identity))
                return wire.ProposalsReply(id=number, rows=proposals, has_more=more)
            case _:
                return self._more_rows(request, identity)

    def _more_rows(self, request: wire.Request, identity: Identity) -> wire.Reply:
        """Answer what concerns blocks, auctions, closures and notices."""
        exchange, number = self._exchange, request.id
        match request:
            case wire.QueryGroups():
                own = exchange.groups(identity.participant)
                groups, more = _page(r for r in own if r.group > request.after)
                return wire.GroupsReply(id=number, rows=groups, has_more=more)
            case wire.QueryOffers():
                whose = self._participant(request.participant, identity)
                open_ones = (r for r in exchange.offers(whose) if r.order > request.after)
                offers, more = _page(open_ones, _offer_as_seen_by(whose))
                return wire.OffersReply(id=number, rows=offers, has_more=more)
            case wire.QueryNegotiations():
                whose = self._participant(request.participant, identity)
                talks = (r for r in exchange.negotiations(whose) if r.negotiation > request.after)
                negotiations, more = _page(talks)
                return wire.NegotiationsReply(id=number, rows=negotiations, has_more=more)
            case wire.QueryAuctions():
                held = (r for r in exchange.auctions(request.date) if r.auction > request.after)
                auctions, more = _page(held)
                return wire.AuctionsReply(id=number, rows=auctions, has_more=more)
            case wire.QueryApplications():
                whose = self._participant(request.participant, identity, all_of_them=True)
                made = (r for r in exchange.applications(whose) if r.auction > request.after)
                applications, more = _page(made)
                return wire.ApplicationsReply(id=number, rows=applications, has_more=more)
            case wire.QueryClosures():
                dates = (r for r in exchange.closures() if r.date > request.after)
                closures, more = _page(dates)
                return wire.ClosuresReply(id=number, rows=closures, has_more=more)
            case wire.QueryNotices():
                told = (r for r in exchange.notices() if r.notice > request.after)
                notices, more = _page(told)
                return wire.NoticesReply(id=number, rows=notices, has_more=more)
            case _:
                raise AssertionError(f"no answer to {type(request).__name__}")

    def _find_order(self, request: wire.FindOrder, identity: Identity) -> wire.OrderFound:
        """Return the first answer to an order command of this key and trading day."""
        entry = self._feed.first_answer(identity.participant, identity.key, request.client_order)
        if entry is not None:
            return wire.OrderFound(
                id=request.id,
                sequence=entry.sequence,
                time_ns=entry.time_ns,
                events=self._feed.audience.answer(entry.events, identity.participant),
            )
        return wire.OrderFound(id=request.id, sequence=0, time_ns=0, events=())

    def _check_product(self, product: str) -> None:
        if product not in self._products:
            raise Fault("PRODUCT_UNKNOWN", path="$.product")

    def _participant(self, asked: int, identity: Identity, *, all_of_them: bool = False) -> int:
        """Return whose data is asked for: a trader may ask for its own alone."""
        if identity.role not in STAFF:
            if asked not in (0, identity.participant):
                raise Fault("ROLE_NOT_PERMITTED", path="$.participant")
            return identity.participant
        if not asked and not all_of_them:
            raise Fault("PARTICIPANT_UNKNOWN", path="$.participant")
        return asked

    def _view_of(self, participant: int) -> ParticipantView:
        views = self._exchange.participants()
        if not 1 <= participant <= len(views):
            raise Fault("PARTICIPANT_UNKNOWN", path="$.participant")
        return views[participant - 1]


def _page(rows: Iterable[T], seen_as: Callable[[T], T] | None = None) -> tuple[tuple[T, ...], bool]:
    """Return the first rows that fit into a page, and whether there are more."""
    page: list[T] = []
    size = 0
    for row in rows:
        shown = seen_as(row) if seen_as is not None else row
        size += len(msgspec.json.encode(shown))
        if page and size > PAGE_BYTES:
            return tuple(page), True
        page.append(shown)
    return tuple(page), False


def _after_place(rows: tuple[ListingView, ...], order: int) -> Iterable[ListingView]:
    """Return the listings behind an order number: oldest first is also by rising number."""
    return (row for row in rows if row.order > order)


def _as_seen_by(identity: Identity) -> Callable[[ParticipantView], ParticipantView]:
    """Return how a participant's row is shown: others' accounts and codes are nobody's business."""

    def shown(view: ParticipantView) -> ParticipantView:
        if identity.role in STAFF or view.participant == identity.participant:
            return view
        hidden: dict[str, Any] = {
            "credit_code": "",
            "registry_account": "",
            "funds_account": "",
            "compliance_year": 0,
            "restriction": Restriction.NONE,
            # That it was removed from the list is public, that it was suspended is not.
            "status": "removed" if view.status == "removed" else "active",
            "halt": 0,
            "allowance_t": 0,
        }
        return msgspec.structs.replace(view, **hidden)

    return shown


def _is_of(participant: int, identity: Identity) -> bool:
    """Say whether a key or proposal is this reader's business: a company's administrator sees its own."""
    return identity.role in STAFF or participant == identity.participant


def _may_see_halt(view: HaltView, identity: Identity) -> bool:
    """Say whether a halt is this reader's business: that of another participant is not."""
    is_of_one = view.scope is HaltScope.PARTICIPANT
    return not is_of_one or identity.role in STAFF or view.participant == identity.participant


def _halt_as_seen_by(identity: Identity) -> Callable[[HaltView], HaltView]:
    """Return how a halt is shown: which person halted is told to operators alone."""

    def shown(view: HaltView) -> HaltView:
        return view if identity.role in STAFF else msgspec.structs.replace(view, person="")

    return shown


def _offer_as_seen_by(participant: int) -> Callable[[OfferView], OfferView]:
    """Return how an offer is shown: its group and the others it was made to are the offerer's alone."""

    def shown(view: OfferView) -> OfferView:
        if view.participant == participant:
            return view
        return msgspec.structs.replace(view, group="", members=(participant,))

    return shown
