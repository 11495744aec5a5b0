"""A market's rules as one frozen, typed value decoded from TOML; unknown keys are refused with their path.

Everything that is a number or a choice stands here (R6); only the mechanics of a method are code.
"""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.commands import AuctionFloor, IsoDate, PriceFen, PriceMode, ProductCode, QuantityT
from engine.profile_surveillance import Surveillance, Table
from engine.units import (
    BASIS_POINTS,
    DAY_NS,
    QUANTITY_T_MAX,
    days_from_civil,
    parse_clock,
)

ClockText = Annotated[str, Meta(pattern=r"^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?\Z")]
BandBp = Annotated[int, Meta(ge=1, lt=BASIS_POINTS)]


class ProfileError(ValueError):
    """A profile file breaks its form or contradicts itself; the text names the path of the key."""


class Title(Table, frozen=True, kw_only=True):
    """Name of the market for people."""

    zh: Annotated[str, Meta(min_length=1, max_length=80)]
    en: Annotated[str, Meta(min_length=1, max_length=80)]


class Product(Table, frozen=True, kw_only=True):
    """One allowance year, a product of its own (R7, R9)."""

    code: ProductCode
    name_zh: Annotated[str, Meta(min_length=1, max_length=40)]
    name_en: Annotated[str, Meta(min_length=1, max_length=40)]
    vintage: Annotated[str, Meta(pattern=r"^[0-9]{4}(-[0-9]{4})?\Z")]
    listed_from: IsoDate
    first_reference: Literal["administrative", "composite_close"]
    """Where the reference of the first day comes from (R36, R37)."""
    first_reference_fen: Annotated[int, Meta(ge=0)] = 0
    """The administrative reference, 0 where operators set it freely."""
    listed_until: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")] = ""
    """Last day of a retired vintage, empty while none is set (R10)."""


class Sessions(Table, frozen=True, kw_only=True):
    """Rules that listed and block trading share in form (R23-R27, R31-R32)."""

    quantity_t_min: QuantityT
    quantity_t_max: QuantityT
    band_bp: BandBp
    sessions: Annotated[tuple[tuple[ClockText, ClockText], ...], Meta(min_length=1, max_length=8)]


class Listed(Sessions, frozen=True, kw_only=True):
    """Listed agreement (挂牌协议, R40-R46)."""

    levels_shown: Annotated[int, Meta(ge=1, le=20)]
    level_choice: Literal["strict_best_first", "any_of_five_levels"]
    """Which levels a pick may name (R45): the best one, or any of the best five."""
    crossing_listings: Literal["rest", "match"]
    """Whether a listing takes what it crosses, at the resting prices, before it rests (R46)."""
    same_price_choice: Literal["free", "time"] = "free"
    """Which listing of a level a pick may name (R42): any, or the one that stands longest."""
    owner_shown: Literal["hidden", "code", "name"] = "hidden"
    """What everybody sees of who stands behind a listing (R86 leaves it out)."""
    picks: bool = True
    """Whether listings can be picked at all; an order-driven market only matches."""
    reduce: bool = False
    """Whether a part of an order can be taken back without losing its place (R59)."""
    open_rule: Literal["first_trade", "previous_close"] = "first_trade"
    """What the open of a day is (R48)."""
    close_threshold_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)] = 0
    """A day's listed quantity up to this leaves the close at the open (R51), above it the mean counts."""


class Block(Sessions, frozen=True, kw_only=True):
    """Block agreement (大宗协议, R61-R66)."""

    free_from_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)] = 0
    """From this quantity on no band holds, 0 = always a band."""


class Auction(Table, frozen=True, kw_only=True):
    """One-way auction (单向竞价, R67-R72)."""

    quantity_t_min: QuantityT
    """Of an application."""
    quantity_t_max: QuantityT
    sessions: Annotated[tuple[tuple[ClockText, ClockText], ...], Meta(min_length=1, max_length=8)]
    """Inside one of these lies the window of every auction."""
    floors: Annotated[tuple[AuctionFloor, ...], Meta(min_length=1, max_length=2)]
    """What a seller may choose (R33)."""
    floor_bp: BandBp
    """How far `lower_limit` lies under the reference price."""
    cap_bp: BandBp
    """How far the highest bid may lie above the reference price."""
    price_modes: Annotated[tuple[PriceMode, ...], Meta(min_length=1, max_length=2)]
    bid_t_min: QuantityT = 1
    bid_lot_t: QuantityT = 1
    bidder_share_bp: Annotated[int, Meta(ge=1, le=BASIS_POINTS)] = BASIS_POINTS
    """Most that one bidder's bids may sum to, in parts of the quantity offered, rounded down."""
    bid_withdrawal: bool = True
    bid_visibility: Literal["hidden", "best", "ladder"] = "hidden"
    """What everybody sees of the bids while the window is open."""
    undersubscribed: Literal["sell_what_was_bid", "cancel"] = "sell_what_was_bid"
    ties: Literal["time", "pro_rata", "random"] = "time"
    """Who gets what is left at the lowest winning price (R68)."""


FeeBp = Annotated[int, Meta(ge=0, lt=BASIS_POINTS)]


class FeeRates(Table, frozen=True, kw_only=True):
    """Rates of one fee by method and side, in parts of 10,000 of the amount; rounded down to the fen."""

    listed_buyer_bp: FeeBp = 0
    listed_seller_bp: FeeBp = 0
    block_buyer_bp: FeeBp = 0
    block_seller_bp: FeeBp = 0
    auction_buyer_bp: FeeBp = 0
    auction_seller_bp: FeeBp = 0


class Fees(Table, frozen=True, kw_only=True):
    """The two fees of the client and the statement (R60); their rates are not published, so 0."""

    trading: FeeRates = FeeRates()
    settlement: FeeRates = FeeRates()


class Position(Table, frozen=True, kw_only=True):
    """Position limit and large-holder threshold per product (R73, R74); 0 = off."""

    limit_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)] = 0
    """Most that anybody may hold or be about to buy of one product ..."""
    is_widened_by_allowance: bool = False
    """... above its own allocation of the year, where this is set."""
    large_holder_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)] = 0
    """A holding from which surveillance names the large holder, widened likewise."""


class Composite(Table, frozen=True, kw_only=True):
    """Weights of the composite price from a date on (R52)."""

    effective_from: IsoDate
    members: Annotated[tuple[ProductCode, ...], Meta(min_length=1)]
    weights: Annotated[tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1)]


class PublishedOpen(Table, frozen=True, kw_only=True):
    """An opening price that was published by decision and not by the first trade (R48)."""

    date: IsoDate
    product: ProductCode
    price_fen: PriceFen


class Control(Table, frozen=True, kw_only=True):
    """Who controls the market."""

    approvers: Literal["operators", "supervisors"] = "operators"
    """Who approves the exchange's proposals: operators and supervisors alike, or supervisors alone."""


class Capacity(Table, frozen=True, kw_only=True):
    """How large the market may grow; past a limit comes a reason, never a crash."""

    participants: Annotated[int, Meta(ge=1, le=1_000_000)]
    keys: Annotated[int, Meta(ge=1, le=4_000_000)]
    orders_per_day: Annotated[int, Meta(ge=1, le=50_000_000)]
    levels: Annotated[int, Meta(ge=1, le=4_000_000)]
    """Most price levels of one product's listed band."""
    proposals: Annotated[int, Meta(ge=1, le=10_000)]
    """Most proposals that wait at a time."""
    company_proposals: Annotated[int, Meta(ge=1, le=1_000)] = 20
    """Most of them that one participant's administrators made."""
    fills_per_command: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    """Most trades that one command may make; the rest of an incoming order is then cancelled."""
    groups: Annotated[int, Meta(ge=1, le=1_000)] = 20
    """Most block groups of one participant."""
    group_offers: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Most block offers to groups of one day."""
    negotiations: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Most open block negotiations at a time."""
    rounds: Annotated[int, Meta(ge=1, le=1_000)] = 100
    """Most counter-offers of one negotiation."""
    auctions: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Most applications for an auction on one day."""
    bids: Annotated[int, Meta(ge=1, le=1_000_000)] = 20_000
    """Most bids that stand in one auction."""
    halts: Annotated[int, Meta(ge=1, le=10_000)] = 64
    """Most halts that stand at a time."""
    closures: Annotated[int, Meta(ge=1, le=10_000)] = 366
    """Most closures that lie ahead."""
    codes: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Most enrolment codes that wait to be claimed."""
    notices: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Most notices of one day."""
    switches: Annotated[int, Meta(ge=1, le=4_000_000)] = 10_000
    """Most dead man's switches that are armed at a time."""


class Profile(Table, frozen=True, kw_only=True):
    """All rules of one market."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
    title: Title
    place_of_trade: Annotated[str, Meta(pattern=r"^[A-Z0-9-]{1,16}\Z")]
    depository: Annotated[str, Meta(pattern=r"^[A-Z0-9-]{1,16}\Z")]
    tick_size_fen: Annotated[int, Meta(ge=1, le=1_000_000)]
    lot_size_t: Annotated[int, Meta(ge=1, le=1_000_000)]
    day_opens_at: ClockText
    """When the sequencer opens the trading day; before the first session."""
    same_day_resale: Literal[False]
    """R56: what was bought today cannot be sold today."""
    credit_code_check: bool
    listed: Listed
    block: Block
    products: Annotated[tuple[Product, ...], Meta(min_length=1, max_length=200)]
    composite: Annotated[tuple[Composite, ...], Meta(min_length=1)]
    published_open: tuple[PublishedOpen, ...] = ()
    capacity: Capacity
    auction: Auction | None = None
    """None where the market has no auctions."""
    fees: Fees = Fees()
    position: Position = Position()
    surveillance: Surveillance = Surveillance()
    control: Control = Control()

    def product_index(self, code: str) -> int:
        """Return the place of a product in the list, -1 if there is none."""
        for index, product in enumerate(self.products):
            if product.code == code:
                return index
        return -1


def load_profile(text: bytes | str, source: str = "profile") -> Profile:
    """Decode and check a profile; ProfileError names the source and the path of the first bad key."""
    try:
        profile = msgspec.toml.decode(text, type=Profile, strict=True)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        message = f"{source}: {error}"
        raise ProfileError(message) from error
    for path, problem in _contradictions(profile):
        message = f"{source}: {problem} - at `{path}`"
        raise ProfileError(message)
    return profile


def profile_digest(text: bytes) -> str:
    """Return the SHA-256 of a profile file's bytes in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def _contradictions(profile: Profile) -> list[tuple[str, str]]:
    found = _product_contradictions(profile)
    if not profile.listed.picks and profile.listed.crossing_listings == "rest":
        found.append(("$.listed.picks", "without picks and matches nothing could ever trade"))
    found += _session_contradictions("listed", profile.listed, profile)
    found += _session_contradictions("block", profile.block, profile)
    if profile.auction is not None:
        found += _session_contradictions("auction", profile.auction, profile)
    found += _fee_contradictions(profile.fees)
    codes = [product.code for product in profile.products]
    dates = [row.effective_from for row in profile.composite]
    if dates != sorted(set(dates)):
        found.append(("$.composite", "effective_from must rise from row to row"))
    for index, row in enumerate(profile.composite):
        path = f"$.composite[{index}]"
        found += _bad_date(f"{path}.effective_from", row.effective_from)
        if len(row.members) != len(row.weights):
            found.append((f"{path}.weights", "there must be as many weights as members"))
        if not set(row.members) <= set(codes):
            found.append((f"{path}.members", "a member is not a product of this profile"))
    for index, opening in enumerate(profile.published_open):
        path = f"$.published_open[{index}]"
        found += _bad_date(f"{path}.date", opening.date)
        if opening.product not in codes:
            found.append((f"{path}.product", "not a product of this profile"))
    return found


def _fee_contradictions(fees: Fees) -> list[tuple[str, str]]:
    """Refuse fees of a seller above its amount: its proceeds would take what others have paid for."""
    return [
        (f"$.fees.settlement.{name}", "with the trading fee the seller would get less than nothing")
        for name in ("listed_seller_bp", "block_seller_bp", "auction_seller_bp")
        if getattr(fees.trading, name) + getattr(fees.settlement, name) > BASIS_POINTS
    ]


def _product_contradictions(profile: Profile) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    codes = [product.code for product in profile.products]
    if len(set(codes)) != len(codes):
        found.append(("$.products", "a product code stands twice"))
    for index, product in enumerate(profile.products):
        found += _bad_date(f"$.products[{index}].listed_from", product.listed_from)
        path = f"$.products[{index}].listed_until"
        if product.listed_until:
            found += _bad_date(path, product.listed_until)
        if product.listed_until and product.listed_until < product.listed_from:
            found.append((path, "the last day lies before listed_from"))
    return found


def _session_contradictions(
    name: str, rules: Sessions | Auction, profile: Profile
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if rules.quantity_t_min > rules.quantity_t_max:
        found.append((f"$.{name}.quantity_t_min", "the minimum is above quantity_t_max"))
    last = parse_clock(profile.day_opens_at)
    for index, (begin, end) in enumerate(rules.sessions):
        path = f"$.{name}.sessions[{index}]"
        if not last <= parse_clock(begin) < parse_clock(end) <= DAY_NS:
            found.append((path, "sessions must follow each other after day_opens_at"))
        last = parse_clock(end)
    return found


def _bad_date(path: str, date: str) -> list[tuple[str, str]]:
    try:
        days_from_civil(date)
    except ValueError as error:
        return [(path, str(error))]
    return []


__all__ = [
    "Auction",
    "Block",
    "Capacity",
    "Composite",
    "Control",
    "FeeRates",
    "Fees",
    "Listed",
    "Position",
    "Product",
    "Profile",
    "ProfileError",
    "PublishedOpen",
    "Sessions",
    "Surveillance",
    "Title",
    "load_profile",
    "profile_digest",
]
