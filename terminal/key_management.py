"""Keys of people and programs: who is in a list, a one-time code for a new one, the end and the limit of one."""

from collections.abc import Sequence
from typing import Final

from textual.screen import Screen

from engine.commands import (
    AnyCommand,
    IssueCode,
    OnDisconnect,
    Permission,
    Propose,
    RevokeKey,
    Role,
    SetOwnLimits,
)
from engine.units import NANOSECONDS_PER_SECOND
from engine.views import CodeView, KeyView
from gateway.action_words import action_text, terms_texts
from gateway.enrolment_code import hash_of, new_code, read_code
from gateway.expiry import code_state
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms import REASON_MAX, ask, choice, choices, field, participant, several
from terminal.measures import tell_proposal
from terminal.model import State
from terminal.texts import TEXTS
from terminal.widgets.form import FormField, Values

COMPANY: Final = (Role.TRADER, Role.RISK, Role.ADMINISTRATOR)
"""Roles of a company's people: what its administrators may issue codes for."""
EVERYBODY: Final = (
    *COMPANY,
    Role.OPERATOR,
    Role.SUPERVISOR,
    Role.CLEARING,
    Role.READER,
    Role.AUDITOR,
)
PERMISSION_WORDS: Final = tuple(f"permission_{row.value}" for row in Permission)
WAY_WORDS: Final = tuple(f"way_{row.value}" for row in OnDisconnect)
CODE_HOURS: Final = 24
"""How long an enrolment code can be claimed."""
ADDRESS_SIGNS: Final = ",，、;；"
"""What may stand between two addresses."""


# ---------------------------------------------------------------- the lists


def listed(keys: Sequence[KeyView], wanted: str) -> list[KeyView]:
    """Return the keys in which all words of a filter are found, those that hold first, then by number."""
    found = [key for key in keys if _holds(wanted, key, key.key, key.state, key.public_key)]
    return sorted(found, key=lambda key: (key.state != "active", key.key))


def listed_codes(codes: Sequence[CodeView], wanted: str, time_ns: int) -> list[CodeView]:
    """Return the codes in which all words of a filter are found, those that wait first, then the newest."""
    found = [code for code in codes if _holds(wanted, code, code.code, code_state(code, time_ns))]
    return sorted(found, key=lambda code: (code_state(code, time_ns) != "waiting", -code.code))


def codes_waiting(state: State) -> int:
    """Return how many codes wait to be claimed."""
    return sum(code_state(code, state.time_ns) == "waiting" for code in state.codes or ())


def _holds(wanted: str, row: KeyView | CodeView, number: int, state: str, public: str = "") -> bool:
    """Say whether all words are found in number, person, company, role and state in both languages."""
    words = (*TEXTS[f"role_{row.role.value}"], *TEXTS[state])
    cells = (str(number), row.person, show.participant(row.participant), public, *words)
    text = " ".join(show.normalised(cell).lower() for cell in cells)
    return all(show.normalised(part).lower() in text for part in wanted.split())


# ---------------------------------------------------------------- a code for a new key


def ask_for_code(screen: Screen[None]) -> None:
    """Ask whose key it shall be and on which terms; show the code once and propose its hash."""
    state = desk(screen).state
    if not state.manages_keys:
        desk(screen).note("keys_not_permitted")
        return
    roles = EVERYBODY if state.is_operator else COMPANY
    code = new_code()
    until_ns = state.time_ns + CODE_HOURS * 3_600 * NANOSECONDS_PER_SECOND

    def make(values: Values, _: int) -> Propose | None:
        action = _issue(values, roles, state.participant, code, until_ns)
        if action is None:
            return None
        reason = action_text(action, desk(screen).language)
        return Propose(actions=(action,), reason=reason[:REASON_MAX])

    def tell(command: AnyCommand) -> str:
        once = word(screen, "code_once", code=code, hours=CODE_HOURS)
        return f"{tell_proposal(screen, command)}\n{once}"

    title = word(screen, "key_issue")
    text = choices(screen, [f"role_{role.value}" for role in roles])
    ask(screen, title, text, _code_fields(screen, roles), make, tell)


def _code_fields(screen: Screen[None], roles: Sequence[Role]) -> list[FormField]:
    role_words = [f"role_{role.value}" for role in roles]
    ways = choices(screen, WAY_WORDS)
    permissions = word(screen, "hint_all", choices=choices(screen, PERMISSION_WORDS))
    until = word(screen, "hint_until")
    company = [field(screen, "who", "participant", "participant", is_optional=True)]
    return [
        field(screen, "person", "code_person"),
        field(screen, "role", "role", chosen_from=role_words),
        *(company if len(roles) > len(COMPANY) else ()),
        field(
            screen,
            "permissions",
            "permissions",
            "choices",
            is_optional=True,
            chosen_from=PERMISSION_WORDS,
            hint=permissions,
        ),
        field(screen, "addresses", "addresses", is_optional=True, hint=word(screen, "hint_any")),
        field(screen, "until", "valid_until", "date", is_optional=True, hint=until),
        field(screen, "way", "lost", is_optional=True, chosen_from=WAY_WORDS, hint=ways),
    ]


def _issue(
    values: Values, roles: Sequence[Role], own: int, code: str, until_ns: int
) -> IssueCode | None:
    """Return the action as typed, None where role and company do not go together."""
    place = choice(values["role"], [f"role_{role.value}" for role in roles])
    company = participant(values["who"]) if "who" in values else own
    if place < 0 or (roles[place] in COMPANY) != (company > 0):
        return None
    addresses = values["addresses"]
    for sign in ADDRESS_SIGNS:
        addresses = addresses.replace(sign, " ")
    permissions = several(values["permissions"], PERMISSION_WORDS)
    way = max(0, choice(values["way"], WAY_WORDS))
    return IssueCode(
        code_hash=hash_of(read_code(code)),
        code_valid_until_ns=until_ns,
        role=roles[place],
        person=values["person"],
        participant=company,
        permissions=tuple(list(Permission)[row] for row in permissions),
        addresses=tuple(addresses.split()),
        valid_until=values["until"],
        on_disconnect=list(OnDisconnect)[way],
    )


# ---------------------------------------------------------------- the end of a key


def ask_to_revoke(screen: Screen[None], key: KeyView | None) -> None:
    """Show whose key it is and what its end means, ask for the reason, and end it at once."""
    state = desk(screen).state
    if not state.manages_keys:
        desk(screen).note("keys_not_permitted")
        return
    if key is None or key.state != "active":
        desk(screen).note("keys_ended" if key else "keys_choose")
        return
    ask(
        screen,
        word(screen, "key_revoke"),
        "\n".join([key_words(screen, key), word(screen, "revoke_text"), *_warnings(screen, key)]),
        (field(screen, "reason", "reason"),),
        lambda values, _: RevokeKey(key=key.key, explanation=values["reason"]),
        lambda command: word(
            screen,
            "revoke_sum",
            key=key.key,
            person=show.plain(key.person),
            reason=show.plain(getattr(command, "explanation", "")),
        ),
    )


def ask_to_limit(screen: Screen[None], key: KeyView | None) -> None:
    """Ask for the most tonnes of one order of a key, and limit it at once."""
    if not desk(screen).state.lists_keys:
        desk(screen).note("keys_not_permitted")
        return
    if key is None or key.state != "active":
        desk(screen).note("keys_ended" if key else "keys_choose")
        return

    def tell(command: AnyCommand) -> str:
        most_t = int(getattr(command, "order_max_t", 0))
        told = "limit_sum" if most_t else "limit_none_sum"
        person, quantity = show.plain(key.person), show.quantity(most_t)
        return word(screen, told, key=key.key, person=person, quantity=quantity)

    now = str(key.order_max_t) if key.order_max_t else ""
    ask(
        screen,
        word(screen, "key_limit"),
        f"{key_words(screen, key)}\n{word(screen, 'limit_text')}",
        (
            field(screen, "quantity", "order_max_t", "quantity", now, is_optional=True),
            field(screen, "reason", "reason"),
        ),
        lambda values, _: SetOwnLimits(
            key=key.key,
            order_max_t=show.parse_quantity(values["quantity"]),
            explanation=values["reason"],
        ),
        tell,
    )


def _warnings(screen: Screen[None], key: KeyView) -> list[str]:
    """Return what the end of this very key brings with it."""
    state = desk(screen).state
    told = []
    if state.welcome is not None and state.welcome.key == key.key:
        told.append(word(screen, "revoke_own"))
    others = (row for row in state.keys or () if row.key != key.key and row.state == "active")
    is_last = not any(
        (row.role, row.participant) == (Role.ADMINISTRATOR, key.participant) for row in others
    )
    if key.role is Role.ADMINISTRATOR and is_last:
        told.append(word(screen, "revoke_last"))
    return told


def key_words(screen: Screen[None], key: KeyView) -> str:
    """Return a key in one line: number, person, role, company, and what narrows it."""
    language = desk(screen).language
    told = word(
        screen,
        "key_line",
        key=key.key,
        person=show.plain(key.person),
        role=word(screen, f"role_{key.role.value}"),
        participant=show.participant(key.participant),
    )
    return "; ".join((told, *terms_texts(key, language)))
