"""The questions that a client may ask: typed, in pages, answered with the engine's own views."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from engine.commands import Side
from engine.events import Bulletin, ClosureAdded, NoticePublished
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
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
from gateway.client_errors import RequestFailed
from gateway.link import Link

R = TypeVar("R", bound=wire.Outward)
PAGES_MAX: Final = 10_000
"""Most pages of one question: a gateway that never ends its answer is a broken one."""


def expect(reply: wire.Reply, kind: type[R], language: str) -> R:
    """Return a reply that must be of a kind."""
    if not isinstance(reply, kind):
        detail = f"{type(reply).__name__}, {kind.__name__}"
        raise RequestFailed.here("unknown", "PROTOCOL", language, detail)
    return reply


class Queries:
    """Everything that only reads; RequestFailed where the role does not allow it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def _ask(self, make: Callable[[int], wire.Request], kind: type[R]) -> R:
        reply, _ = await self._link.request(make)
        return expect(reply, kind, self._link.language)

    async def _rows(
        self,
        make: Callable[[int, Any], wire.Request],
        kind: type[Any],
        place: str,
        first: int | str = 0,
    ) -> tuple[Any, ...]:
        rows: list[Any] = []
        after: Any = first
        for _ in range(PAGES_MAX):
            page = await self._ask(lambda n, a=after: make(n, a), kind)  # type: ignore[misc]
            rows += page.rows
            if not page.has_more:
                return tuple(rows)
            after = getattr(rows[-1], place)
        detail = f"more than {PAGES_MAX} pages"
        raise RequestFailed.here("unknown", "PROTOCOL", self._link.language, detail)

    async def market(self) -> MarketView:
        """Return phases, references, bands and live quotes of all products."""
        return (await self._ask(lambda n: wire.QueryMarket(id=n), wire.MarketReply)).market

    async def book(self, product: str) -> Depth:
        """Return the five best levels of a product with the oldest listings of each."""
        reply = await self._ask(lambda n: wire.QueryBook(id=n, product=product), wire.BookReply)
        return reply.book

    async def listings(self, product: str, side: Side, price_fen: int) -> tuple[ListingView, ...]:
        """Return the listings of one level, oldest first."""
        return await self._rows(
            lambda n, a: wire.QueryListings(
                id=n, product=product, side=side, price_fen=price_fen, after=a
            ),
            wire.ListingsReply,
            "order",
        )

    async def account(self, participant: int = 0) -> Account:
        """Return cash and holdings, the own ones or (operator, clearing) a named participant's."""
        reply = await self._ask(
            lambda n: wire.QueryAccount(id=n, participant=participant), wire.AccountReply
        )
        return reply.account

    async def orders(self, participant: int = 0) -> tuple[OrderView, ...]:
        """Return the orders of the trading day by number, own or (operator) a named participant's."""
        return await self._rows(
            lambda n, a: wire.QueryOrders(id=n, participant=participant, after=a),
            wire.OrdersReply,
            "order",
        )

    async def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return trades of a day ("" = the open or last one): own ones, or (operator, clearing) all."""
        return await self._rows(
            lambda n, a: wire.QueryTrades(id=n, participant=participant, date=date, after=a),
            wire.TradesReply,
            "trade",
        )

    async def unsettled(self) -> tuple[TradeView, ...]:
        """Return the trades of all days that wait for settlement (operator, clearing)."""
        return await self._rows(
            lambda n, a: wire.QueryUnsettled(id=n, after=a), wire.TradesReply, "trade"
        )

    async def participants(self) -> tuple[ParticipantView, ...]:
        """Return the admitted participants; a trader sees only numbers and names of the others."""
        return await self._rows(
            lambda n, a: wire.QueryParticipants(id=n, after=a),
            wire.ParticipantsReply,
            "participant",
        )

    async def keys(self) -> tuple[KeyView, ...]:
        """Return the enrolled keys (operator; an administrator its own company's)."""
        return await self._rows(lambda n, a: wire.QueryKeys(id=n, after=a), wire.KeysReply, "key")

    async def codes(self) -> tuple[CodeView, ...]:
        """Return the issued enrolment codes, never what they read (operator; an administrator its company's)."""
        return await self._rows(
            lambda n, a: wire.QueryCodes(id=n, after=a), wire.CodesReply, "code"
        )

    async def proposals(self) -> tuple[ProposalView, ...]:
        """Return the proposals that wait for a second operator (operator)."""
        return await self._rows(
            lambda n, a: wire.QueryProposals(id=n, after=a), wire.ProposalsReply, "proposal"
        )

    async def bulletins(self, after: str = "") -> tuple[Bulletin, ...]:
        """Return the daily bulletins after a date, oldest first (R85)."""
        return await self._rows(
            lambda n, a: wire.QueryBulletins(id=n, after=a), wire.BulletinsReply, "date", after
        )

    async def groups(self) -> tuple[GroupView, ...]:
        """Return the own block groups by name."""
        return await self._rows(
            lambda n, a: wire.QueryGroups(id=n, after=a), wire.GroupsReply, "group", ""
        )

    async def offers(self, participant: int = 0) -> tuple[OfferView, ...]:
        """Return the open block offers that were made by or to the own participant."""
        return await self._rows(
            lambda n, a: wire.QueryOffers(id=n, participant=participant, after=a),
            wire.OffersReply,
            "order",
        )

    async def negotiations(self, participant: int = 0) -> tuple[NegotiationView, ...]:
        """Return the open block negotiations of the own participant (洽谈)."""
        return await self._rows(
            lambda n, a: wire.QueryNegotiations(id=n, participant=participant, after=a),
            wire.NegotiationsReply,
            "negotiation",
        )

    async def auctions(self, date: str = "") -> tuple[AuctionView, ...]:
        """Return the announced auctions of a day ("" = the open or last one)."""
        return await self._rows(
            lambda n, a: wire.QueryAuctions(id=n, date=date, after=a), wire.AuctionsReply, "auction"
        )

    async def applications(self, participant: int = 0) -> tuple[ApplicationView, ...]:
        """Return the own auctions from the application on; an operator's 0 means everybody's."""
        return await self._rows(
            lambda n, a: wire.QueryApplications(id=n, participant=participant, after=a),
            wire.ApplicationsReply,
            "auction",
        )

    async def halts(self) -> tuple[HaltView, ...]:
        """Return the halts that stand; those of other participants only to operators."""
        return await self._rows(
            lambda n, a: wire.QueryHalts(id=n, after=a), wire.HaltsReply, "halt"
        )

    async def closures(self, after: str = "") -> tuple[ClosureAdded, ...]:
        """Return the dates after a date on which the market stays closed."""
        return await self._rows(
            lambda n, a: wire.QueryClosures(id=n, after=a), wire.ClosuresReply, "date", after
        )

    async def notices(self) -> tuple[NoticePublished, ...]:
        """Return the exchange's notices of the open or last trading day (公告)."""
        return await self._rows(
            lambda n, a: wire.QueryNotices(id=n, after=a), wire.NoticesReply, "notice"
        )

    async def statement(self, date: str, participant: int = 0) -> wire.Statement:
        """Return a daily statement (R87): of this trading day or the last one."""
        reply = await self._ask(
            lambda n: wire.QueryStatement(id=n, date=date, participant=participant),
            wire.StatementReply,
        )
        return reply.statement
