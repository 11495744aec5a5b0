"""Proposed control actions in words, for those who propose and those who approve."""

from textual.dom import DOMNode

from engine.commands import (
    Action,
    AddClosure,
    AdmitParticipant,
    AnnounceAuction,
    ChangePhase,
    CloseDay,
    CorrectReferencePrice,
    EnrolKey,
    FreezeHolding,
    IssueCode,
    PublishNotice,
    RefuseAuction,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    RestrictParticipant,
    SetAllowance,
    SetReferencePrice,
    VoidTrade,
)
from terminal import format as show
from terminal.desk import word
from terminal.notices_dialogue import method_key

_Measure = (
    CorrectReferencePrice
    | VoidTrade
    | ChangePhase
    | CloseDay
    | AddClosure
    | RemoveClosure
    | AnnounceAuction
    | RefuseAuction
    | PublishNotice
    | RemoveParticipant
    | RestoreParticipant
)
_General = PublishNotice | RemoveParticipant | RestoreParticipant


def action_text(node: DOMNode, action: Action) -> str:
    """Return one proposed action in words."""
    match action:
        case SetReferencePrice():
            return word(
                node,
                "action_reference",
                product=action.product,
                price=show.price(action.price_fen),
                basis=word(node, f"basis_{action.basis.value}"),
            )
        case AdmitParticipant():
            return word(
                node,
                "action_admit",
                name=show.plain(action.name),
                province=show.plain(action.province),
                sector=show.plain(action.sector),
            )
        case EnrolKey() | IssueCode():
            return word(
                node,
                "action_key" if isinstance(action, EnrolKey) else "action_code",
                person=show.plain(action.person),
                role=word(node, f"role_{action.role.value}"),
                participant=show.participant(action.participant),
            )
        case RestrictParticipant():
            return word(
                node,
                "action_restrict",
                participant=show.participant(action.participant),
                restriction=word(node, f"restriction_{action.restriction.value}"),
            )
        case FreezeHolding() | ReleaseHolding():
            return word(
                node,
                "action_freeze" if isinstance(action, FreezeHolding) else "action_release",
                participant=show.participant(action.participant),
                product=action.product,
                quantity=show.quantity(action.quantity_t),
                document=show.plain(action.document),
            )
        case SetAllowance():
            return word(
                node,
                "action_allowance",
                participant=show.participant(action.participant),
                quantity=show.quantity(action.quantity_t),
            )
        case _:
            return _measure_text(node, action)


def _measure_text(node: DOMNode, action: _Measure) -> str:
    match action:
        case CorrectReferencePrice():
            price, reason = show.price(action.price_fen), show.plain(action.explanation)
            return word(node, "action_correct", product=action.product, price=price, reason=reason)
        case VoidTrade():
            reason = show.plain(action.explanation)
            return word(node, "action_void", trade=action.trade, reason=reason)
        case ChangePhase():
            key = "action_phase_open" if action.is_open else "action_phase_break"
            return word(node, key, method=word(node, method_key(action.method)))
        case CloseDay():
            return word(node, "action_close", reason=show.plain(action.explanation))
        case AddClosure():
            reason = show.plain(action.explanation)
            return word(node, "action_closure", date=action.date, reason=reason)
        case RemoveClosure():
            return word(node, "action_reopen", date=action.date)
        case AnnounceAuction():
            return word(
                node,
                "action_announce",
                auction=action.auction,
                begin=show.clock(action.begin_ns),
                end=show.clock(action.end_ns),
            )
        case RefuseAuction():
            reason = show.plain(action.explanation)
            return word(node, "action_refuse_auction", auction=action.auction, reason=reason)
        case _:
            return _general_text(node, action)


def _general_text(node: DOMNode, action: _General) -> str:
    """Return in words what concerns everybody, or who takes part at all."""
    match action:
        case PublishNotice():
            text = f"{action.text_zh} / {action.text_en}"  # who approves answers for both
            return word(node, "action_notice", text=show.plain(text))
        case RemoveParticipant():
            code, reason = show.participant(action.participant), show.plain(action.explanation)
            return word(node, "action_remove", participant=code, reason=reason)
        case RestoreParticipant():
            code, year = show.participant(action.participant), action.compliance_year
            return word(node, "action_restore", participant=code, year=year)
