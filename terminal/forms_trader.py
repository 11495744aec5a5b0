"""The traders' forms: take a total quantity, bid in an auction, apply for one, talk about a block."""

from textual.screen import Screen

from engine.commands import (
    AnyCommand,
    ApplyAuction,
    AuctionFloor,
    CounterBlock,
    OfferBlock,
    PlaceBid,
    PriceMode,
    Side,
    TakeListings,
)
from engine.views import AuctionView, NegotiationView, OfferView
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms import SIDES, ask, choice, choices, clock_ns, field, participant
from terminal.widgets.form import Values

FLOORS = ("floor_previous_close", "floor_lower_limit")
MODES = ("mode_uniform", "mode_pay_as_bid")


def _side(text: str) -> Side | None:
    place = choice(text, SIDES)
    return None if place < 0 else (Side.BUY, Side.SELL)[place]


def _deal(screen: Screen[None], key: str, command: AnyCommand) -> str:
    """Return price and quantity of a command in words, with what it comes to."""
    price_fen = int(getattr(command, "price_fen", 0) or getattr(command, "limit_price_fen", 0))
    quantity_t = int(getattr(command, "quantity_t", 0))
    return word(
        screen,
        key,
        price=show.price(price_fen),
        quantity=show.quantity(quantity_t),
        amount=show.amount(price_fen * quantity_t),
    )


def ask_to_take(screen: Screen[None], product: str, side: Side, price_fen: int) -> None:
    """Ask for a total quantity and a limit; what is left does not rest (R40-R43)."""

    def make(values: Values, client_order: int) -> TakeListings | None:
        taken = _side(values["side"])
        if taken is None:
            return None
        return TakeListings(
            product=product,
            side=taken,
            quantity_t=show.parse_quantity(values["quantity"]),
            limit_price_fen=show.parse_price(values["price"]),
            client_order=client_order,
        )

    fields = (
        field(
            screen,
            "side",
            "side",
            value=word(screen, SIDES[side is Side.SELL]),
            chosen_from=SIDES,
        ),
        field(screen, "price", "limit_price", "price", show.price(price_fen) if price_fen else ""),
        field(screen, "quantity", "ticket_quantity", "quantity"),
    )
    title = word(screen, "take_title", product=product)
    text = f"{word(screen, 'take_text')}\n{choices(screen, SIDES)}"
    ask(screen, title, text, fields, make, lambda command: _deal(screen, "take_sum", command))


def ask_to_bid(screen: Screen[None], auction: AuctionView) -> None:
    """Ask for price and quantity of a bid (R68)."""

    def make(values: Values, client_order: int) -> PlaceBid:
        return PlaceBid(
            auction=auction.auction,
            price_fen=show.parse_price(values["price"]),
            quantity_t=show.parse_quantity(values["quantity"]),
            client_order=client_order,
        )

    fields = (
        field(screen, "price", "ticket_price", "price"),
        field(screen, "quantity", "ticket_quantity", "quantity"),
    )
    title = word(screen, "bid_title", auction=auction.auction, product=auction.product)
    text = word(
        screen,
        "bid_text",
        floor=show.price(auction.floor_fen),
        cap=show.price(auction.cap_fen),
        quantity=show.quantity(auction.quantity_t),
        end=show.clock(auction.end_ns),
    )
    ask(screen, title, text, fields, make, lambda command: _deal(screen, "bid_sum", command))


def ask_to_apply(screen: Screen[None], product: str) -> None:
    """Ask for quantity, floor, price mode and wished window of an auction (R67)."""
    state = desk(screen).state
    date = state.market.date if state.market else ""

    def make(values: Values, client_order: int) -> ApplyAuction | None:
        floor, mode = choice(values["floor"], FLOORS), choice(values["mode"], MODES)
        if floor < 0 or mode < 0:
            return None
        begin_ns = clock_ns(values["begin"], date) if values["begin"] else 0
        end_ns = clock_ns(values["end"], date) if values["end"] else 0
        is_half = bool(begin_ns) != bool(end_ns)
        if is_half or (values["begin"] and not begin_ns):
            return None
        return ApplyAuction(
            product=values["product"].upper(),
            quantity_t=show.parse_quantity(values["quantity"]),
            floor=(AuctionFloor.PREVIOUS_CLOSE, AuctionFloor.LOWER_LIMIT)[floor],
            price_mode=(PriceMode.UNIFORM, PriceMode.PAY_AS_BID)[mode],
            wished_begin_ns=begin_ns,
            wished_end_ns=end_ns,
            client_order=client_order,
        )

    fields = (
        field(screen, "product", "product", value=product),
        field(screen, "quantity", "ticket_quantity", "quantity"),
        field(screen, "floor", "auction_floor", chosen_from=FLOORS),
        field(screen, "mode", "auction_mode", chosen_from=MODES),
        field(screen, "begin", "wished_begin", "clock", is_optional=True),
        field(screen, "end", "wished_end", "clock", is_optional=True),
    )
    text = f"{choices(screen, FLOORS)}\n{choices(screen, MODES)}\n{word(screen, 'window_text')}"

    def tell(command: AnyCommand) -> str:
        assert isinstance(command, ApplyAuction)
        quantity = show.quantity(command.quantity_t)
        return word(screen, "apply_sum", product=command.product, quantity=quantity)

    ask(screen, word(screen, "apply_title"), text, fields, make, tell)


def ask_to_counter(
    screen: Screen[None], offer: OfferView | NegotiationView, number: int, other: int
) -> None:
    """Ask for other terms of a block (R61)."""

    def make(values: Values, client_order: int) -> CounterBlock:
        return CounterBlock(
            offer=number,
            counterparty=other,
            price_fen=show.parse_price(values["price"]),
            quantity_t=show.parse_quantity(values["quantity"]),
            text=values["text"],
            client_order=client_order,
        )

    fields = (
        field(screen, "price", "ticket_price", "price", show.price(offer.price_fen)),
        field(screen, "quantity", "ticket_quantity", "quantity", str(offer.quantity_t)),
        field(screen, "text", "counter_words", is_optional=True),
    )
    title = word(screen, "counter_title", offer=number, who=show.participant(other))
    ask(screen, title, "", fields, make, lambda command: _deal(screen, "counter_sum", command))


def ask_to_offer(screen: Screen[None], product: str) -> None:
    """Ask for the terms of a block offer to one participant (R62)."""

    def make(values: Values, client_order: int) -> OfferBlock | None:
        side = _side(values["side"])
        if side is None:
            return None
        return OfferBlock(
            product=values["product"].upper(),
            side=side,
            counterparty=participant(values["who"]),
            price_fen=show.parse_price(values["price"]),
            quantity_t=show.parse_quantity(values["quantity"]),
            client_order=client_order,
        )

    fields = (
        field(screen, "product", "product", value=product),
        field(screen, "side", "side", chosen_from=SIDES),
        field(screen, "who", "counterparty", "participant"),
        field(screen, "price", "ticket_price", "price"),
        field(screen, "quantity", "ticket_quantity", "quantity"),
    )
    text = choices(screen, SIDES)
    title = word(screen, "offer_title")
    ask(screen, title, text, fields, make, lambda command: _deal(screen, "offer_sum", command))
