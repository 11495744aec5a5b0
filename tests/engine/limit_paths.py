"""Every path on which a key orders tonnes, for a company whose trader has an own limit."""

from collections.abc import Callable

from engine.commands import (
    AcceptBlock,
    AnnounceAuction,
    AnyCommand,
    ApplyAuction,
    AuctionFloor,
    ConfirmBlock,
    CounterBlock,
    NewListing,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListing,
    PlaceListings,
    PriceMode,
    SetBlockGroup,
    SetOwnLimits,
    Side,
    TakeListings,
)
from engine.events import AuctionAnnounced, BlockCountered, BlockOffered
from tests.engine.test_companies import Company
from tests.markets import PRODUCT, trader

MINE, OTHER = trader(1), trader(2)
"""The limited key, and the key of another participant."""
LISTED_T, BLOCK_T = 100, 100_000
WHY = "演示"


def limit(tonnes: int, key: int = MINE) -> SetOwnLimits:
    return SetOwnLimits(key=key, order_max_t=tonnes, explanation=WHY)


def limited(tonnes: int, clock: str = "") -> Company:
    """Return a company whose risk officer has limited its trader's key, at a time of the day."""
    company = Company()
    assert company.told(company.risk, limit(tonnes)) == ["OwnLimitsSet"]
    if clock:
        company.desk.advance(clock)
    return company


def listing(company: Company, tonnes: int, side: Side = Side.BUY) -> PlaceListing:
    return PlaceListing(
        product=PRODUCT,
        side=side,
        price_fen=4_700,
        quantity_t=tonnes,
        client_order=company.desk.next_client_order(),
    )


def item(company: Company, tonnes: int) -> NewListing:
    return NewListing(
        product=PRODUCT,
        side=Side.BUY,
        price_fen=4_700,
        quantity_t=tonnes,
        client_order=company.desk.next_client_order(),
    )


def offer(company: Company, sender: int, to: int, tonnes: int) -> OfferBlock:
    return OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=to,
        price_fen=4_800,
        quantity_t=tonnes,
        client_order=company.desk.next_client_order(),
    )


def offered(company: Company, sender: int, to: int, tonnes: int) -> int:
    """Let a participant offer a block to another; return its number."""
    event = company.desk.one(trader(sender), offer(company, sender, to, tonnes))
    assert isinstance(event, BlockOffered), event
    return event.order


def counter(company: Company, number: int, to: int, tonnes: int) -> CounterBlock:
    return CounterBlock(
        offer=number,
        counterparty=to,
        price_fen=4_800,
        quantity_t=tonnes,
        client_order=company.desk.next_client_order(),
    )


# ---------------------------------------------------------------- every path


def _place(company: Company, tonnes: int) -> AnyCommand:
    return listing(company, tonnes)


def _batch(company: Company, tonnes: int) -> AnyCommand:
    return PlaceListings(orders=(item(company, 1), item(company, tonnes)))


def _pick(company: Company, tonnes: int) -> AnyCommand:
    company.desk.listing(2, Side.SELL, 4_800, 3 * tonnes)
    number = company.exchange.orders(2)[-1].order
    return PickListing(
        listing=number, quantity_t=tonnes, client_order=company.desk.next_client_order()
    )


def _take(company: Company, tonnes: int) -> AnyCommand:
    company.desk.listing(2, Side.SELL, 4_800, 1)
    return TakeListings(
        product=PRODUCT,
        side=Side.BUY,
        quantity_t=tonnes,
        limit_price_fen=4_800,
        client_order=company.desk.next_client_order(),
    )


def _offer(company: Company, tonnes: int) -> AnyCommand:
    return offer(company, 1, 2, tonnes)


def _offer_to_group(company: Company, tonnes: int) -> AnyCommand:
    company.desk.one(MINE, SetBlockGroup(group="g", members=(2, 3)))
    return OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="g",
        price_fen=4_800,
        quantity_t=tonnes,
        client_order=company.desk.next_client_order(),
    )


def _accept(company: Company, tonnes: int) -> AnyCommand:
    number = offered(company, 2, 1, tonnes)
    return AcceptBlock(offer=number, client_order=company.desk.next_client_order())


def _counter(company: Company, tonnes: int) -> AnyCommand:
    return counter(company, offered(company, 2, 1, BLOCK_T), 2, tonnes)


def _counter_back(company: Company, tonnes: int) -> AnyCommand:
    """Let the other side answer an offer of the limited key, which names terms in its turn."""
    number = offered(company, 1, 2, BLOCK_T)
    company.desk.one(OTHER, counter(company, number, 1, BLOCK_T + 7))
    return counter(company, number, 2, tonnes)


def _confirm(company: Company, tonnes: int) -> AnyCommand:
    """Let the other side name terms to the limited key, which is to give its word on them."""
    number = offered(company, 1, 2, BLOCK_T)
    countered = company.desk.one(OTHER, counter(company, number, 1, tonnes))
    assert isinstance(countered, BlockCountered)
    return ConfirmBlock(
        offer=number,
        counterparty=2,
        terms=countered.terms,
        client_order=company.desk.next_client_order(),
    )


def _application(company: Company, tonnes: int) -> ApplyAuction:
    return ApplyAuction(
        product=PRODUCT,
        quantity_t=tonnes,
        floor=AuctionFloor.LOWER_LIMIT,
        price_mode=PriceMode.UNIFORM,
        client_order=company.desk.next_client_order(),
    )


def _bid(company: Company, tonnes: int) -> AnyCommand:
    desk = company.desk
    if not company.exchange.auctions():
        desk.one(OTHER, _application(company, BLOCK_T))
        window = {"begin_ns": desk.clock("10:00"), "end_ns": desk.clock("10:30")}
        (announced,) = desk.approve(AnnounceAuction(auction=1, **window))
        assert isinstance(announced, AuctionAnnounced)
        desk.advance("10:00")
    return PlaceBid(
        auction=1, price_fen=4_800, quantity_t=tonnes, client_order=desk.next_client_order()
    )


PATHS: dict[str, tuple[Callable[[Company, int], AnyCommand], int, str]] = {
    "listing": (_place, LISTED_T, ""),
    "batch": (_batch, LISTED_T, ""),
    "pick": (_pick, LISTED_T, ""),
    "take": (_take, LISTED_T, ""),
    "bid": (_bid, LISTED_T, ""),
    "application": (_application, BLOCK_T, ""),
    "offer": (_offer, BLOCK_T, "13:00"),
    "offer to a group": (_offer_to_group, BLOCK_T, "13:00"),
    "acceptance": (_accept, BLOCK_T, "13:00"),
    "counter-offer": (_counter, BLOCK_T, "13:00"),
    "offerer's counter-offer": (_counter_back, BLOCK_T, "13:00"),
    "confirmation": (_confirm, BLOCK_T, "13:00"),
}
"""What makes a command of the limited key with so many tonnes, the limit, and when it is taken."""
