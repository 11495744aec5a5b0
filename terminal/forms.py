"""From typed fields to a command: parsing, the check that the wire would make, and the way out."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from textual.dom import DOMNode
from textual.screen import Screen

from engine.commands import AnyCommand
from engine.units import is_date, midnight_ns, parse_clock
from terminal import format as show
from terminal.desk import desk, named, word
from terminal.texts import TEXTS
from terminal.widgets.form import Form, FormDialog, FormField, Values

Make = Callable[[Values, int], AnyCommand | None]
"""Makes the command of the values and a client order number, None where a value is not one."""

SIDES: Final = ("buy", "sell")
REASON_MAX: Final = 200
"""Most letters of the reason of a proposal."""

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def is_valid(command: AnyCommand | None) -> bool:
    """Say whether a command's fields are inside the bounds of the vocabulary; rules are the exchange's."""
    if command is None:
        return False
    try:
        _decoder.decode(msgspec.json.encode(command))
    except msgspec.ValidationError:
        return False
    return True


def ask(
    screen: Screen[None],
    title: str,
    text: str,
    fields: Sequence[FormField],
    make: Make,
    tell: Callable[[AnyCommand], str],
    *,
    complain: Callable[[Values], str] = lambda _: "",
    follows: frozenset[str] = frozenset(),
) -> None:
    """Show a form and send the command that it comes to; `complain` looks at more than single fields."""

    def problem(values: Values) -> str:
        wrong = [row.label for row in fields if not is_right(row, values[row.name])]
        if wrong:
            return word(screen, "form_wrong_fields", fields=", ".join(wrong))
        if not is_valid(make(values, 1)):
            return word(screen, "form_wrong")
        return complain(values)

    def summary(values: Values) -> str:
        command = make(values, 1)
        return named(screen, tell(command)) if command is not None else ""

    def answer(values: Values | None) -> None:
        command = make(values, 1) if values is not None else None
        if values is None or command is None:
            return
        desk(screen).send(lambda client_order: make(values, client_order) or command)

    form = Form(
        title=title, text=text, fields=fields, problem=problem, summary=summary, follows=follows
    )
    screen.app.push_screen(FormDialog(form), answer)


def field(
    node: DOMNode,
    name: str,
    label: str,
    kind: str = "text",
    value: str = "",
    *,
    is_optional: bool = False,
    chosen_from: Sequence[str] = (),
    hint: str = "",
) -> FormField:
    """Return a field with its label in the chosen language; what is chosen from words is a choice."""
    return FormField(
        name=name,
        label=word(node, label),
        kind="choice" if chosen_from and kind == "text" else kind,
        value=value,
        is_optional=is_optional,
        choices=chosen_from,
        hint=hint,
    )


def is_right(row: FormField, text: str) -> bool:
    """Say whether a text is what its field asks for; whether it is allowed is the exchange's to say."""
    if not text:
        return row.is_optional
    readers: dict[str, Callable[[str], object]] = {
        "price": show.parse_price,
        "quantity": show.parse_quantity,
        "participant": participant,
        "number": number,
        "clock": lambda typed: clock_ns(typed, "2000-01-01"),  # any date: only the form is asked
        "date": is_date,
        "choice": lambda typed: choice(typed, row.choices) >= 0,
        "choices": lambda typed: bool(several(typed, row.choices)),
    }
    return row.kind not in readers or bool(readers[row.kind](text))


def choice(text: str, keys: Sequence[str]) -> int:
    """Return the place of what was chosen, by number from 1 or by word in either language, -1 for none."""
    plain = show.normalised(text).lower()
    for place, key in enumerate(keys):
        words = (show.normalised(told).lower() for told in TEXTS[key])
        if plain == str(place + 1) or plain in words:
            return place
    return -1


def several(text: str, keys: Sequence[str]) -> tuple[int, ...]:
    """Return the places of all that was chosen, each once; nothing where a part is no choice."""
    places = [choice(part, keys) for part in re.split(r"[\s,，、;；]+", text.strip()) if part]
    return () if -1 in places else tuple(dict.fromkeys(places))


def choices(node: DOMNode, keys: Sequence[str]) -> str:
    """Return what can be chosen, numbered from 1."""
    return "  ".join(f"{place} {word(node, key)}" for place, key in enumerate(keys, 1))


def participant(text: str) -> int:
    """Return the number of a typed trading code such as P0002 or 2, 0 where it is none."""
    plain = show.normalised(text).upper().removeprefix("P")
    return int(plain) if plain.isascii() and plain.isdigit() else 0


def number(text: str) -> int:
    """Return a typed number, 0 where it is none."""
    plain = show.normalised(text)
    return int(plain) if plain.isascii() and plain.isdigit() else 0


def clock_ns(text: str, date: str) -> int:
    """Return a typed time of day of a date, 0 where it is none."""
    plain = show.normalised(text).replace("：", ":")
    try:
        return midnight_ns(date) + parse_clock(plain)
    except ValueError:
        return 0
