"""More words of the scenario language: taking, dialogue, auctions, halts, voided trades, calendar.

| words | meaning |
| --- | --- |
| `take buy CEA24 500 @ 50.00 prefer 3,4` | take level by level, those first at their level |
| `reduce 3 100` | take back a part of an own listing |
| `group friends P2,P3`, `group friends -` | set a group, remove it |
| `offer-group sell CEA24 100000 @ 48.00 to friends` | offer to a group |
| `counter 7 P1 100000 @ 46.00 text` | other terms on offer 7, talking with P1 |
| `confirm 7 P1`, `confirm 7 P1 TERMS` | confirm the terms that stand, or those of a digest |
| `refuse 7 P1` | end the negotiation, or refuse the offer |
| `apply sell CEA24 100000 floor lower uniform 10:00-10:30` | apply for an auction, wished window last |
| `bid 1 500 @ 72.50` | bid in auction 1 |
| `halt market`, `halt method block`, `halt product CEA24`, `halt participant P2`, `resume 1` | one operator |
| `list-many buy CEA24 500 @ 50.00 + sell CEA24 100 @ 52.00` | list several or none |
| `cancel-many 3,4`, `cancel-all`, `cancel-all CEA24 sell` | several or none, all that may be cancelled |
| `arm 30`, `arm 0` | the dead man's switch of one's key |
| `lost P1`, `restart` | the clock tells that P1's key lost its connection, that the exchange was down |
| `notice text` | two operators |
| `announce 1 10:00 10:30`, `refuse-auction 1`, `void 3`, `correct CEA24 70.00` | two operators |
| `phase listed open`, `phase listed break`, `close-day`, `closure DATE`, `reopen DATE`, `allowance P1 500` | two operators |
"""

from engine.commands import (
    ITEMS_MAX,
    Action,
    AddClosure,
    AnnounceAuction,
    AnyCommand,
    ApplyAuction,
    ArmSwitch,
    AuctionFloor,
    CancelAll,
    CancelForKey,
    CancelOrders,
    ChangePhase,
    CloseDay,
    ConfirmBlock,
    CorrectReferencePrice,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    NewListing,
    NoteRestart,
    OfferBlockToGroup,
    PlaceBid,
    PlaceListings,
    PriceMode,
    PublishNotice,
    ReduceOrder,
    RefuseAuction,
    RefuseBlock,
    RemoveClosure,
    Resume,
    SetAllowance,
    SetBlockGroup,
    Side,
    TakeListings,
    VoidTrade,
)
from engine.units import midnight_ns, parse_clock, parse_yuan
from tests.markets import FIRST_TRADER

FLOORS = {"lower": AuctionFloor.LOWER_LIMIT, "close": AuctionFloor.PREVIOUS_CLOSE}
MODES = {"uniform": PriceMode.UNIFORM, "pay-as-bid": PriceMode.PAY_AS_BID}
TERMS_THAT_STAND = ""
"""In place of a digest: the player looks up what stands."""


def participant(text: str) -> int:
    """Return the number of `P1`."""
    return int(text.removeprefix("P"))


def moment(date: str, clock: str) -> int:
    """Return the time of a clock text on a date."""
    return midnight_ns(date) + parse_clock(clock)


def dialogue(words: list[str], client_order: int) -> AnyCommand | None:
    """Return the taking or talking command that words mean, None for other words."""
    match words:
        case ["take", side, product, quantity, "@", limit, *preferred]:
            return TakeListings(
                product=product,
                side=Side[side.upper()],
                quantity_t=int(quantity),
                limit_price_fen=parse_yuan(limit),
                client_order=client_order,
                preferred=tuple(int(text) for text in preferred[1].split(",")) if preferred else (),
            )
        case ["reduce", order, quantity]:
            return ReduceOrder(
                order=int(order), quantity_t=int(quantity), client_order=client_order
            )
        case ["group", name, members]:
            numbers = [] if members == "-" else members.split(",")
            return SetBlockGroup(group=name, members=tuple(participant(text) for text in numbers))
        case ["offer-group", side, product, quantity, "@", price, "to", group]:
            return OfferBlockToGroup(
                product=product,
                side=Side[side.upper()],
                group=group,
                price_fen=parse_yuan(price),
                quantity_t=int(quantity),
                client_order=client_order,
            )
        case ["counter", offer, named, quantity, "@", price, *text]:
            return CounterBlock(
                offer=int(offer),
                counterparty=participant(named),
                price_fen=parse_yuan(price),
                quantity_t=int(quantity),
                client_order=client_order,
                text=" ".join(text),
            )
    return _last_words(words, client_order) or _several(words, client_order)


def _several(words: list[str], client_order: int) -> AnyCommand | None:
    """Return the command about several orders that words mean; its listings have numbers of their own."""
    match words:
        case ["list-many", *rows]:
            items = " ".join(rows).split(" + ")
            return PlaceListings(
                orders=tuple(
                    _listing(item.split(), client_order * ITEMS_MAX + place)
                    for place, item in enumerate(items)
                )
            )
        case ["cancel-many", numbers]:
            orders = tuple(int(text) for text in numbers.split(","))
            return CancelOrders(orders=orders, client_order=client_order)
        case ["cancel-all", *which]:
            sides = [Side[text.upper()] for text in which if text in ("buy", "sell")]
            codes = [text for text in which if text not in ("buy", "sell")]
            return CancelAll(
                client_order=client_order,
                product=codes[0] if codes else "",
                side=int(sides[0]) if sides else 0,
            )
        case ["arm", seconds]:
            return ArmSwitch(timeout_s=int(seconds), client_order=client_order)
        case ["lost", named]:
            return CancelForKey(key=FIRST_TRADER + participant(named) - 1)
        case ["restart"]:
            return NoteRestart()
    return None


def _listing(words: list[str], client_order: int) -> NewListing:
    side, product, quantity, _, price = words
    return NewListing(
        product=product,
        side=Side[side.upper()],
        price_fen=parse_yuan(price),
        quantity_t=int(quantity),
        client_order=client_order,
    )


def _last_words(words: list[str], client_order: int) -> AnyCommand | None:
    match words:
        case ["confirm", offer, named, *terms]:
            return ConfirmBlock(
                offer=int(offer),
                counterparty=participant(named),
                terms=terms[0] if terms else TERMS_THAT_STAND,
                client_order=client_order,
            )
        case ["refuse", offer, named]:
            return RefuseBlock(
                offer=int(offer), counterparty=participant(named), client_order=client_order
            )
        case ["bid", auction, quantity, "@", price]:
            return PlaceBid(
                auction=int(auction),
                price_fen=parse_yuan(price),
                quantity_t=int(quantity),
                client_order=client_order,
            )
    return None


def application(words: list[str], client_order: int, date: str) -> ApplyAuction:
    """Return the application of `apply sell PRODUCT TONNES floor lower|close MODE [BEGIN-END]`."""
    _, _, product, quantity, _, floor, mode, *window = words
    begin, end = window[0].split("-") if window else ("", "")
    return ApplyAuction(
        product=product,
        quantity_t=int(quantity),
        floor=FLOORS[floor],
        price_mode=MODES[mode],
        client_order=client_order,
        wished_begin_ns=moment(date, begin) if begin else 0,
        wished_end_ns=moment(date, end) if end else 0,
    )


def halt(words: list[str]) -> Halt:
    """Return the halt of `halt SCOPE [WHAT]`."""
    scope, what = HaltScope(words[1]), words[2] if len(words) > 2 else ""
    return Halt(
        scope=scope,
        explanation="演示",
        method=Method[what.upper()] if scope is HaltScope.METHOD else Method.LISTED,
        product=what if scope is HaltScope.PRODUCT else "",
        participant=participant(what) if scope is HaltScope.PARTICIPANT else 0,
    )


def resume(words: list[str]) -> Resume:
    """Return the end of a halt."""
    return Resume(halt=int(words[1]), explanation="演示")


def measure(words: list[str], date: str) -> Action | None:
    """Return the measure that words mean, None for other words."""
    match words:
        case ["announce", auction, begin, end]:
            return AnnounceAuction(
                auction=int(auction), begin_ns=moment(date, begin), end_ns=moment(date, end)
            )
        case ["refuse-auction", auction]:
            return RefuseAuction(auction=int(auction), explanation="演示")
        case ["void", trade]:
            return VoidTrade(trade=int(trade), explanation="演示")
        case ["correct", product, price]:
            return CorrectReferencePrice(
                product=product, price_fen=parse_yuan(price), explanation="演示"
            )
        case ["phase", method, to]:
            return ChangePhase(method=Method[method.upper()], is_open=to == "open")
        case ["close-day"]:
            return CloseDay(explanation="演示")
        case ["closure", day]:
            return AddClosure(date=day, explanation="演示")
        case ["reopen", day]:
            return RemoveClosure(date=day)
        case ["notice", *text]:
            return PublishNotice(text_zh=" ".join(text), text_en=" ".join(text))
        case ["allowance", named, quantity]:
            return SetAllowance(participant=participant(named), quantity_t=int(quantity))
    return None
