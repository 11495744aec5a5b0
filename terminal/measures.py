"""What operators may do to the market, each as a form: a halt is at once, the rest waits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from textual.dom import DOMNode
from textual.screen import Screen

from engine.commands import (
    Action,
    AddClosure,
    AnyCommand,
    ChangePhase,
    CloseDay,
    CorrectReferencePrice,
    FreezeHolding,
    Halt,
    HaltScope,
    Method,
    Propose,
    PublishNotice,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    Restriction,
    RestrictParticipant,
    Resume,
    SetAllowance,
    VoidTrade,
)
from engine.views import HaltView
from gateway.action_words import action_text
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms import REASON_MAX, ask, choice, choices, field, number, participant
from terminal.notices_dialogue import halt_words
from terminal.widgets.form import FormField, Values

SCOPES: Final = ("scope_market", "method", "product", "participant")
METHODS: Final = ("listed", "block", "auction")
RESTRICTIONS: Final = tuple(f"restriction_{row.value}" for row in Restriction)
PHASES: Final = ("phase_2", "phase_3")


class Measure(Struct, frozen=True, kw_only=True):
    """One measure: its name, the fields of its form, and the command that they come to."""

    key: str
    fields: Sequence[tuple[str, str, str]]
    """Name, label and kind of each field; a label that ends with ? may stay empty."""
    make: Callable[[Values], Action | Halt | None]
    chosen_from: Mapping[str, Sequence[str]] = {}
    """Words of the fields that are a choice, by name."""
    is_direct: bool = False
    """One operator is enough; all else waits for another."""


def _halt(values: Values) -> Halt | None:
    scope, target = choice(values["scope"], SCOPES), values["target"]
    if scope < 0:
        return None
    made = {"scope": list(HaltScope)[scope], "explanation": values["reason"]}
    match list(HaltScope)[scope]:
        case HaltScope.METHOD:
            method = choice(target, METHODS)
            return Halt(**made, method=Method(method)) if method >= 0 else None  # type: ignore[arg-type]
        case HaltScope.PRODUCT:
            return Halt(**made, product=target.upper()) if target else None  # type: ignore[arg-type]
        case HaltScope.PARTICIPANT:
            return Halt(**made, participant=participant(target))  # type: ignore[arg-type]
        case HaltScope.MARKET:
            return Halt(**made)  # type: ignore[arg-type]


def _restrict(values: Values) -> RestrictParticipant | None:
    place = choice(values["restriction"], RESTRICTIONS)
    if place < 0:
        return None
    restriction = list(Restriction)[place]
    return RestrictParticipant(participant=participant(values["who"]), restriction=restriction)


def _freeze(values: Values, kind: type[FreezeHolding] | type[ReleaseHolding]) -> Action:
    return kind(
        participant=participant(values["who"]),
        product=values["product"].upper(),
        quantity_t=show.parse_quantity(values["quantity"]),
        document=values["document"],
    )


def _phase(values: Values) -> ChangePhase | None:
    method, phase = choice(values["method"], METHODS), choice(values["phase"], PHASES)
    if method < 0 or phase < 0:
        return None
    return ChangePhase(method=Method(method), is_open=phase == 0)


_HELD: Final = (
    ("who", "participant", "participant"),
    ("product", "product", "text"),
    ("quantity", "ticket_quantity", "quantity"),
    ("document", "document", "text"),
)
_REASON: Final = ("reason", "reason", "text")
_DATE: Final = ("date", "date", "date")

MEASURES: Final[tuple[Measure, ...]] = (
    Measure(
        key="measure_halt",
        fields=(("scope", "scope", "text"), ("target", "scope_target?", "text"), _REASON),
        make=_halt,
        is_direct=True,
        chosen_from={"scope": SCOPES},
    ),
    Measure(
        key="measure_void",
        fields=(("trade", "trade_number", "number"), _REASON),
        make=lambda v: VoidTrade(trade=number(v["trade"]), explanation=v["reason"]),
    ),
    Measure(
        key="measure_correct",
        fields=(("product", "product", "text"), ("price", "ticket_price", "price"), _REASON),
        make=lambda v: CorrectReferencePrice(
            product=v["product"].upper(),
            price_fen=show.parse_price(v["price"]),
            explanation=v["reason"],
        ),
    ),
    Measure(
        key="measure_restrict",
        fields=(("who", "participant", "participant"), ("restriction", "restriction", "text")),
        make=_restrict,
        chosen_from={"restriction": RESTRICTIONS},
    ),
    Measure(key="measure_freeze", fields=_HELD, make=lambda v: _freeze(v, FreezeHolding)),
    Measure(key="measure_release", fields=_HELD, make=lambda v: _freeze(v, ReleaseHolding)),
    Measure(
        key="measure_phase",
        fields=(("method", "method", "text"), ("phase", "phase", "text")),
        make=_phase,
        chosen_from={"method": METHODS, "phase": PHASES},
    ),
    Measure(
        key="measure_close",
        fields=(_REASON,),
        make=lambda v: CloseDay(explanation=v["reason"]),
    ),
    Measure(
        key="measure_closure",
        fields=(_DATE, _REASON),
        make=lambda v: AddClosure(date=v["date"], explanation=v["reason"]),
    ),
    Measure(
        key="measure_reopen",
        fields=(_DATE,),
        make=lambda v: RemoveClosure(date=v["date"]),
    ),
    Measure(
        key="measure_allowance",
        fields=(("who", "participant", "participant"), ("quantity", "ticket_quantity", "quantity")),
        make=lambda v: SetAllowance(
            participant=participant(v["who"]), quantity_t=show.parse_quantity(v["quantity"])
        ),
    ),
    Measure(
        key="measure_notice",
        fields=(("zh", "notice_zh", "text"), ("en", "notice_en", "text")),
        make=lambda v: PublishNotice(text_zh=v["zh"], text_en=v["en"]),
    ),
    Measure(
        key="measure_remove",
        fields=(("who", "participant", "participant"), _REASON),
        make=lambda v: RemoveParticipant(
            participant=participant(v["who"]), explanation=v["reason"]
        ),
    ),
    Measure(
        key="measure_restore",
        fields=(("who", "participant", "participant"), ("year", "compliance_year", "number")),
        make=lambda v: RestoreParticipant(
            participant=participant(v["who"]), compliance_year=number(v["year"])
        ),
    ),
)


def tell_proposal(node: DOMNode, command: AnyCommand) -> str:
    """Return what a command of an operator does, in words."""
    if isinstance(command, Propose):
        return "\n".join(action_text(action, desk(node).language) for action in command.actions)
    if isinstance(command, Halt):
        what = halt_words(command, desk(node).language)
        return word(node, "halt_sum", what=what)
    return ""


def ask_for(screen: Screen[None], measure: Measure) -> None:
    """Show the form of a measure."""

    def make(values: Values, _: int) -> AnyCommand | None:
        made = measure.make(values)
        if made is None or isinstance(made, Halt):
            return made
        reason = (
            values.get("reason")
            or values.get("document")
            or action_text(made, desk(screen).language)
        )
        return Propose(actions=(made,), reason=reason[:REASON_MAX])

    def shown(name: str, label: str, kind: str) -> FormField:
        return field(
            screen,
            name,
            label.removesuffix("?"),
            kind,
            is_optional=label.endswith("?"),
            chosen_from=measure.chosen_from.get(name, ()),
        )

    fields = [shown(*row) for row in measure.fields]
    text = "\n".join(choices(screen, keys) for keys in measure.chosen_from.values())
    ask(
        screen,
        word(screen, measure.key),
        text,
        fields,
        make,
        lambda command: tell_proposal(screen, command),
    )


def ask_to_resume(screen: Screen[None], halt: HaltView) -> None:
    """Ask for the reason and end a halt; the exchange refuses it to the person who halted."""

    def make(values: Values, _: int) -> Resume:
        return Resume(halt=halt.halt, explanation=values["reason"])

    what = halt_words(halt, desk(screen).language)
    text = word(
        screen,
        "resume_text",
        what=what,
        person=show.plain(halt.person),
        reason=show.plain(halt.explanation),
    )
    title = word(screen, "resume_title", halt=halt.halt)
    fields = (field(screen, "reason", "reason"),)
    ask(screen, title, text, fields, make, lambda _: word(screen, "resume_sum", what=what))
