"""Notices: what happened, kept as values and put into words only when they are painted."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from engine import events as happened
from engine.commands import CancelCause, Side
from engine.events import AnyEvent
from gateway.explain import explain
from terminal import format as show
from terminal.notices_access import access_words
from terminal.notices_batches import batch_words
from terminal.notices_dialogue import dialogue_words, method_key
from terminal.texts import Language, say


class Severity(IntEnum):
    """How loud a notice is; a refusal or a warning stays on the screen until it is read."""

    NORMAL = 0
    GOOD = 1
    REFUSAL = 2
    WARNING = 3


@dataclass(frozen=True)
class Notice:
    """One thing to tell: an event of the exchange, or a text of our own with its values."""

    time_ns: int
    severity: Severity
    event: AnyEvent | None = None
    key: str = ""
    value: str = ""


_GOOD: Final = (
    happened.Traded | happened.ListingPlaced | happened.BidPlaced | happened.ProposalApproved
)


def notice_of(event: AnyEvent) -> Notice:
    """Return the notice of an event."""
    if isinstance(event, happened.Repeated):
        return notice_of(event.answer)
    if isinstance(event, happened.Refused):
        return Notice(event.time_ns, Severity.REFUSAL, event)
    if isinstance(event, happened.TradingStopped):
        return Notice(event.time_ns, Severity.WARNING, event)
    good = isinstance(event, _GOOD)
    return Notice(event.time_ns, Severity.GOOD if good else Severity.NORMAL, event)


def words(notice: Notice, language: Language, participant: int) -> str:
    """Put a notice into words; `participant` decides whether a trade was a purchase or a sale."""
    if notice.event is None:
        return say(language, notice.key, reason=show.plain(notice.value))
    return show.plain(_event_words(notice.event, language, participant))


def own_side(event: happened.Traded, participant: int) -> Side:
    """Return the side on which a participant stands in a trade."""
    if event.participant == participant:
        return event.side
    return Side.SELL if event.side is Side.BUY else Side.BUY


def _event_words(event: AnyEvent, language: Language, participant: int) -> str:
    match event:
        case happened.Refused():
            return _refused(event, language)
        case happened.ListingPlaced() | happened.BlockOffered() | happened.BlockOfferedToGroup():
            return say(
                language,
                "told_placed",
                order=event.order,
                side=show.side_text(event.side, language),
                product=event.product,
                price=show.price(event.price_fen),
                quantity=show.quantity(event.quantity_t),
            )
        case happened.Traded():
            return say(
                language,
                "told_traded",
                trade=event.trade,
                side=show.side_text(own_side(event, participant), language),
                product=event.product,
                price=show.price(event.price_fen),
                quantity=show.quantity(event.quantity_t),
            )
        case happened.Cancelled():
            return say(
                language,
                _CANCELLED[event.cause],
                order=event.order,
                product=event.product,
                quantity=show.quantity(event.quantity_t),
            )
        case _:
            return _day_words(event, language)


_CANCELLED: Final = {
    CancelCause.OWNER: "told_cancelled",
    CancelCause.CLOSE: "told_lapsed",
    CancelCause.SUSPENSION: "told_suspended_order",
    CancelCause.OWN_LISTING: "told_own_met",
    CancelCause.FILLS_LIMIT: "told_fills_limit",
    CancelCause.BAND: "told_out_of_band",
    CancelCause.NEGOTIATION: "told_talk_over",
    CancelCause.AUCTION: "told_auction_rest",
    CancelCause.REMOVAL: "told_removed_owner",
    CancelCause.STOP: "told_stopped_owner",
    CancelCause.DISCONNECT: "told_disconnected",
    CancelCause.SWITCH: "told_switch_order",
}


def _refused(event: happened.Refused, language: Language) -> str:
    reason = explain(event.reason, event.figure_a, event.figure_b, language)
    if event.action >= 0:
        return say(language, "told_refused_action", row=event.action + 1, reason=reason)
    return say(language, "told_refused", reason=reason)


def _day_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.PhaseChanged():
            method = say(language, method_key(event.method))
            phase = say(language, f"phase_{int(event.phase)}")
            return say(language, "told_phase", method=method, phase=phase)
        case happened.DayOpened():
            return say(language, "told_day", date=event.date)
        case happened.DayClosed():
            bulletin = event.bulletin
            return say(
                language,
                "told_closed",
                date=bulletin.date,
                listed=show.quantity(bulletin.listed_quantity_t),
                block=show.quantity(bulletin.block_quantity_t),
                auction=show.quantity(bulletin.auction_quantity_t),
            )
        case happened.ReferencePriceSet():
            price = show.price(event.price_fen)
            return say(language, "told_reference", product=event.product, price=price)
        case _:
            return _control_words(event, language)


def _control_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.ProposalMade():
            return say(language, "told_proposed", proposal=event.proposal)
        case happened.ProposalApproved():
            return say(language, "told_approved", proposal=event.proposal, person=event.person)
        case happened.ProposalRejected():
            return say(
                language,
                "told_proposal_rejected",
                proposal=event.proposal,
                person=event.person,
                reason=event.reason,
            )
        case happened.ParticipantAdmitted():
            code = show.participant(event.participant)
            return say(language, "told_admitted", participant=code, name=event.name)
        case happened.ParticipantRestricted():
            code = show.participant(event.participant)
            restriction = say(language, f"restriction_{event.restriction.value}")
            return say(language, "told_restricted", participant=code, restriction=restriction)
        case _:
            return _ledger_words(event, language)


def _ledger_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.Deposited():
            return say(language, "told_deposit", amount=show.amount(event.amount_fen))
        case happened.TransferredIn():
            quantity = show.quantity(event.quantity_t)
            return say(language, "told_transfer", product=event.product, quantity=quantity)
        case happened.Withdrawn():
            return say(language, "told_withdrawal", amount=show.amount(event.amount_fen))
        case happened.TransferredOut():
            quantity = show.quantity(event.quantity_t)
            return say(language, "told_transfer_out", product=event.product, quantity=quantity)
        case happened.HoldingFrozen():
            return _frozen_words(event, "told_frozen", language)
        case happened.HoldingReleased():
            return _frozen_words(event, "told_released", language)
        case happened.TradeSettled():
            return say(language, "told_settled", trade=event.trade)
        case happened.TradeFailed():
            return say(language, "told_failed", trade=event.trade, reason=event.reason)
        case _:
            return (
                access_words(event, language)
                or batch_words(event, language)
                or dialogue_words(event, language)
            )


def _frozen_words(
    event: happened.HoldingFrozen | happened.HoldingReleased, key: str, language: Language
) -> str:
    return say(
        language,
        key,
        participant=show.participant(event.participant),
        product=event.product,
        quantity=show.quantity(event.quantity_t),
        document=event.document,
    )
