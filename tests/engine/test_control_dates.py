"""What changes on its day (rulebook section 2): a new vintage, a retired one, the composite's weights."""

import pytest
from msgspec import structs

from engine.commands import HaltScope, PickListing, ReferenceBasis, SetReferencePrice, Side
from engine.events import Bulletin, DayClosed, DayOpened, Halted, ListingPlaced, Refused, Traded
from engine.profile import Profile
from engine.reasons import Reason
from tests.engine.control_desk import Watched, exchange_of, halt, refused_action, roomy_profile
from tests.markets import Desk, national, trader, with_product

OLD, SECOND, THIRD = "CEA19-20", "CEA21", "CEA22"


def retiring() -> Profile:
    """Return the small market, its oldest vintage listed until 2021-07-20 and out of the composite after."""
    rules = with_product(roomy_profile(), 0, listed_until="2021-07-20")
    first, both, _ = rules.composite
    later = structs.replace(both, effective_from="2021-07-21", members=(SECOND,), weights=(1,))
    return structs.replace(rules, composite=(first, both, later), published_open=())


def retiring_inside_the_composite() -> Profile:
    """Return the same, but the table of weights was not changed with the list of products."""
    rules = retiring()
    return structs.replace(rules, composite=rules.composite[:2])


class Days:
    """A market of two traders whose days are told by one trade of each product."""

    def __init__(self, profile: Profile) -> None:
        self.watched = Watched(profile)
        self.desk = Desk(self.watched)
        self.desk.found(2)
        for product in profile.products:
            self.desk.endow(1, 0, 10_000, product.code)
        self.desk.endow(2, 10**11, 0)

    def open(self, date: str) -> tuple[str, ...]:
        opened = self.desk.open_day(date)[0]
        assert isinstance(opened, DayOpened)
        self.watched.has_begun = True
        return opened.products

    def trade(self, product: str, price_fen: int) -> None:
        placed = self.desk.listing(1, Side.SELL, price_fen, 10, product)
        assert isinstance(placed, ListingPlaced), placed
        pick = PickListing(
            listing=placed.order, quantity_t=10, client_order=self.desk.next_client_order()
        )
        assert isinstance(self.desk.one(trader(2), pick), Traded)

    def close(self) -> Bulletin:
        closed = self.desk.advance("15:00")[-1]
        assert isinstance(closed, DayClosed)
        return closed.bulletin


@pytest.mark.parametrize("rules", [retiring(), retiring_inside_the_composite()])
def test_a_vintage_enters_and_another_leaves_on_its_day(rules: Profile) -> None:
    days = Days(rules)
    assert days.open("2021-07-19") == (OLD,)
    days.desk.set_reference(5_000, OLD, ReferenceBasis.ADMINISTRATIVE)
    days.desk.advance("09:30")
    days.trade(OLD, 5_100)
    assert days.close().close_fen == 5_100

    assert days.open("2021-07-20") == (OLD, SECOND)  # the last day of one, the first of the other
    days.desk.set_reference(5_100, OLD)
    days.desk.set_reference(5_100, SECOND, ReferenceBasis.COMPOSITE_CLOSE)
    days.desk.advance("09:30")
    days.trade(OLD, 5_400)
    days.trade(SECOND, 5_250)
    bulletin = days.close()
    assert [row.product for row in bulletin.products] == [OLD, SECOND]
    assert bulletin.close_fen == 5_300  # (54.00 + 2 x 52.50) / 3: the weights of this day

    assert days.open("2021-07-21") == (SECOND,)
    days.desk.set_reference(5_250, SECOND)
    gone = SetReferencePrice(product=OLD, price_fen=5_400, basis=ReferenceBasis.PREVIOUS_CLOSE)
    assert refused_action(days.desk, gone) == (Reason.PRODUCT_NOT_LISTED, 0, 0)
    days.desk.advance("09:30")
    refused = days.desk.listing(1, Side.SELL, 5_400, 10, OLD)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.PRODUCT_NOT_LISTED
    assert isinstance(halt(days.desk, HaltScope.PRODUCT, product=OLD), Halted)
    days.trade(SECOND, 5_300)
    exchange = exchange_of(days.desk)
    assert exchange.market().composite_last_fen == 5_300  # the new vintage alone
    assert [row.is_listed for row in exchange.market().products] == [False, True, False]
    held = {row.product: row.available_t for row in exchange.account(1).holdings}
    assert held[OLD] == 10_000 - 20  # what is not listed is still owned
    bulletin = days.close()
    assert [row.product for row in bulletin.products] == [SECOND]
    assert (bulletin.close_fen, bulletin.listed_quantity_t) == (5_300, 10)


def test_the_national_dates_are_data() -> None:
    """Vintages and weights of rulebook section 2, asked of a market that opens exactly those days."""
    days = Days(national())
    told = {}
    for date in (
        "2023-08-25",
        "2023-08-28",
        "2024-01-02",
        "2025-04-28",
        "2025-04-29",
        "2026-01-05",
    ):
        products = days.open(date)
        weights = exchange_of(days.desk)._market.core.state.products["composite_weight"].tolist()
        told[date] = (len(products), weights)
        days.close()
    assert told == {
        "2023-08-25": (1, [1, 0, 0, 0, 0, 0]),
        "2023-08-28": (3, [1, 1, 1, 0, 0, 0]),
        "2024-01-02": (4, [1, 1, 1, 1, 0, 0]),
        "2025-04-28": (4, [1, 1, 1, 1, 0, 0]),
        "2025-04-29": (5, [1, 1, 1, 1, 1, 0]),
        "2026-01-05": (6, [0, 0, 0, 0, 0, 1]),
    }
