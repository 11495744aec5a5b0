"""Notices of blocks in talk, auctions, halts and corrections in words."""

from typing import Final

from engine import events as happened
from engine.commands import Halt, HaltScope, Method
from engine.events import AnyEvent, AuctionState
from engine.views import HaltView
from terminal import format as show
from terminal.texts import Language, say

_METHODS: Final = {
    Method.LISTED: "listed",
    Method.BLOCK: "block",
    Method.AUCTION: "auction",
}


def method_key(method: Method) -> str:
    """Return the text key of a trading method."""
    return _METHODS[method]


def halt_words(
    event: Halt | HaltView | happened.Halted | happened.Resumed, language: Language
) -> str:
    """Return what a halt stops."""
    match event.scope:
        case HaltScope.MARKET:
            return say(language, "scope_market")
        case HaltScope.METHOD:
            return say(language, method_key(event.method))
        case HaltScope.PRODUCT:
            return event.product
        case HaltScope.PARTICIPANT:
            return show.participant(event.participant)


def dialogue_words(event: AnyEvent, language: Language) -> str:
    """Return an event in words, "" where it is none of these."""
    match event:
        case happened.ListingsTaken():
            return say(
                language,
                "told_taken",
                order=event.order,
                side=show.side_text(event.side, language),
                product=event.product,
                quantity=show.quantity(event.quantity_t - event.left_t),
                left=show.quantity(event.left_t),
            )
        case happened.Reduced():
            return say(
                language,
                "told_reduced",
                order=event.order,
                product=event.product,
                quantity=show.quantity(event.quantity_t),
                left=show.quantity(event.left_t),
            )
        case happened.BlockGroupSet():
            count = len(event.members)
            return say(language, "told_group_set", group=event.group, count=count)
        case happened.BlockCountered():
            return say(
                language,
                "told_countered",
                who=show.participant(event.participant),
                offer=event.offer,
                round=event.round,
                product=event.product,
                price=show.price(event.price_fen),
                quantity=show.quantity(event.quantity_t),
            )
        case happened.BlockConfirmed() | happened.BlockRefused():
            is_confirmed = isinstance(event, happened.BlockConfirmed)
            key = "told_confirmed" if is_confirmed else "told_talk_refused"
            return say(language, key, who=show.participant(event.participant), offer=event.offer)
        case _:
            return _auction_words(event, language)


def _auction_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.AuctionApplied():
            return say(
                language,
                "told_applied",
                auction=event.auction,
                product=event.product,
                quantity=show.quantity(event.quantity_t),
                floor=show.price(event.floor_fen),
            )
        case happened.AuctionAnnounced():
            return say(
                language,
                "told_announced",
                auction=event.auction,
                product=event.product,
                quantity=show.quantity(event.quantity_t),
                begin=show.clock(event.begin_ns),
                end=show.clock(event.end_ns),
            )
        case happened.AuctionRefused():
            reason = event.explanation
            return say(language, "told_auction_refused", auction=event.auction, reason=reason)
        case happened.BidPlaced():
            return say(
                language,
                "told_bid",
                order=event.order,
                auction=event.auction,
                price=show.price(event.price_fen),
                quantity=show.quantity(event.quantity_t),
            )
        case happened.AuctionEnded():
            return _result_words(event, language)
        case _:
            return _measure_words(event, language)


def _result_words(event: happened.AuctionEnded, language: Language) -> str:
    if event.state is not AuctionState.SOLD:
        cause = say(language, f"cause_{int(event.cause)}")
        return say(
            language,
            "told_auction_failed",
            auction=event.auction,
            product=event.product,
            cause=cause,
        )
    price = show.price(event.price_fen) if event.price_fen else say(language, "price_own")
    return say(
        language,
        "told_auction_sold",
        auction=event.auction,
        product=event.product,
        quantity=show.quantity(event.sold_t),
        offered=show.quantity(event.offered_t),
        price=price,
    )


def _measure_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.TradeVoided():
            return say(
                language,
                "told_voided",
                trade=event.trade,
                product=event.product,
                price=show.price(event.price_fen),
                quantity=show.quantity(event.quantity_t),
                reason=event.explanation,
            )
        case happened.ReferencePriceCorrected():
            return say(
                language,
                "told_corrected",
                product=event.product,
                previous=show.price(event.previous_fen),
                price=show.price(event.price_fen),
                reason=event.explanation,
            )
        case happened.Halted():
            what = halt_words(event, language)
            return say(
                language, "told_halted", halt=event.halt, what=what, reason=event.explanation
            )
        case happened.Resumed():
            return say(language, "told_resumed", halt=event.halt, what=halt_words(event, language))
        case happened.ClosureAdded():
            return say(language, "told_closure", date=event.date, reason=event.explanation)
        case happened.ClosureRemoved():
            return say(language, "told_reopened", date=event.date)
        case happened.AllowanceSet():
            return say(
                language,
                "told_allowance",
                participant=show.participant(event.participant),
                quantity=show.quantity(event.quantity_t),
            )
        case _:
            return ""
