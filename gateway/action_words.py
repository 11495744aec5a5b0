"""Proposed control actions and the terms of keys in words, for those who propose and those who approve."""

from collections.abc import Iterable

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
    OnDisconnect,
    Permission,
    PublishNotice,
    RefuseAuction,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    RestrictParticipant,
    Role,
    SetAllowance,
    SetReferencePrice,
    VoidTrade,
)
from engine.units import format_yuan
from engine.views import CodeView, KeyView
from gateway.explain import beijing_clock
from gateway.words import Language, plain, say, trading_code

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


Terms = EnrolKey | IssueCode | CodeView | KeyView
"""What names the terms of a key."""


def terms_texts(terms: Terms, language: Language) -> tuple[str, ...]:
    """Return in words what narrows a key within its role; nothing where it is free."""
    told = []
    # A trader's key alone can have less than all of its role.
    if terms.role is Role.TRADER and set(terms.permissions) not in (set(), set(Permission)):
        told.append(
            say(
                language,
                "terms_permissions",
                permissions=permissions_text(terms.permissions, language),
            )
        )
    if terms.addresses:
        addresses = ", ".join(plain(address) for address in terms.addresses)
        told.append(say(language, "terms_addresses", addresses=addresses))
    if terms.valid_until:
        told.append(say(language, "terms_until", date=terms.valid_until))
    if terms.on_disconnect is not OnDisconnect.NONE:
        way = say(language, f"way_{terms.on_disconnect.value}")
        told.append(say(language, "terms_way", way=way))
    return tuple(told)


def permissions_text(permissions: Iterable[Permission], language: Language) -> str:
    """Return permissions in words."""
    return ", ".join(say(language, f"permission_{permission.value}") for permission in permissions)


def action_text(action: Action, language: Language) -> str:
    """Return one proposed action in words."""
    match action:
        case SetReferencePrice():
            return say(
                language,
                "action_reference",
                product=action.product,
                price=format_yuan(action.price_fen),
                basis=say(language, f"basis_{action.basis.value}"),
            )
        case AdmitParticipant():
            return say(
                language,
                "action_admit",
                name=plain(action.name),
                province=plain(action.province),
                sector=plain(action.sector),
            )
        case EnrolKey() | IssueCode():
            told = say(
                language,
                "action_key" if isinstance(action, EnrolKey) else "action_code",
                person=plain(action.person),
                role=say(language, f"role_{action.role.value}"),
                participant=trading_code(action.participant),
            )
            return "; ".join((told, *terms_texts(action, language)))
        case RestrictParticipant():
            return say(
                language,
                "action_restrict",
                participant=trading_code(action.participant),
                restriction=say(language, f"restriction_{action.restriction.value}"),
            )
        case FreezeHolding() | ReleaseHolding():
            return say(
                language,
                "action_freeze" if isinstance(action, FreezeHolding) else "action_release",
                participant=trading_code(action.participant),
                product=action.product,
                quantity=f"{action.quantity_t:,}",
                document=plain(action.document),
            )
        case SetAllowance():
            return say(
                language,
                "action_allowance",
                participant=trading_code(action.participant),
                quantity=f"{action.quantity_t:,}",
            )
        case _:
            return _measure_text(action, language)


def _measure_text(action: _Measure, language: Language) -> str:
    match action:
        case CorrectReferencePrice():
            price, reason = format_yuan(action.price_fen), plain(action.explanation)
            return say(
                language, "action_correct", product=action.product, price=price, reason=reason
            )
        case VoidTrade():
            reason = plain(action.explanation)
            return say(language, "action_void", trade=action.trade, reason=reason)
        case ChangePhase():
            key = "action_phase_open" if action.is_open else "action_phase_break"
            return say(language, key, method=say(language, action.method.name.lower()))
        case CloseDay():
            return say(language, "action_close", reason=plain(action.explanation))
        case AddClosure():
            reason = plain(action.explanation)
            return say(language, "action_closure", date=action.date, reason=reason)
        case RemoveClosure():
            return say(language, "action_reopen", date=action.date)
        case AnnounceAuction():
            return say(
                language,
                "action_announce",
                auction=action.auction,
                begin=beijing_clock(action.begin_ns),
                end=beijing_clock(action.end_ns),
            )
        case RefuseAuction():
            reason = plain(action.explanation)
            return say(language, "action_refuse_auction", auction=action.auction, reason=reason)
        case _:
            return _general_text(action, language)


def _general_text(action: _General, language: Language) -> str:
    """Return in words what concerns everybody, or who takes part at all."""
    match action:
        case PublishNotice():
            text = f"{action.text_zh} / {action.text_en}"  # who approves answers for both
            return say(language, "action_notice", text=plain(text))
        case RemoveParticipant():
            code, reason = trading_code(action.participant), plain(action.explanation)
            return say(language, "action_remove", participant=code, reason=reason)
        case RestoreParticipant():
            code, year = trading_code(action.participant), action.compliance_year
            return say(language, "action_restore", participant=code, year=year)
