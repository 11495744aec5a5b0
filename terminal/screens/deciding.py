"""Approving or rejecting a proposal from any table of them: the checker types what it stands for."""

from textual.screen import Screen

from engine.commands import Approve, CorrectReferencePrice, Reject, SetReferencePrice
from engine.views import ProposalView
from gateway.action_words import action_text
from terminal import format as show
from terminal.desk import desk, named, word
from terminal.forms import REASON_MAX
from terminal.texts import LANGUAGES
from terminal.widgets.dialogs import Check, TypedDialog

ACTIONS_SHOWN = 8


def ask_to_approve(screen: Screen[None], proposal: ProposalView | None) -> None:
    """Show a proposal and approve it once its price, or the number of its actions, is typed."""
    if proposal is None:
        return
    me = desk(screen).state.welcome
    if me is not None and proposal.person == me.person:
        desk(screen).note("approve_own")
        return
    number, person = proposal.proposal, show.plain(proposal.person)

    def answer(typed: str | None) -> None:
        if typed is not None:
            desk(screen).send(lambda _: Approve(proposal=number))

    title = word(screen, "approve_dialog", proposal=number, person=person)
    dialog = TypedDialog(title, _details(screen, proposal), *_proof(screen, proposal))
    screen.app.push_screen(dialog, answer)


def ask_to_reject(screen: Screen[None], proposal: ProposalView | None) -> None:
    """Ask for the reason and reject; one's own is taken back."""
    if proposal is None:
        return
    number = proposal.proposal

    def answer(reason: str | None) -> None:
        if reason is not None:
            desk(screen).send(lambda _: Reject(proposal=number, reason=reason))

    dialog = TypedDialog(
        word(screen, "reject_dialog", proposal=number),
        _details(screen, proposal),
        word(screen, "reject_reason"),
        lambda _: "",
        number=False,
    )
    screen.app.push_screen(dialog, answer)


def _details(screen: Screen[None], proposal: ProposalView) -> str:
    language = desk(screen).language
    shown = proposal.actions[:ACTIONS_SHOWN]
    lines = [named(screen, action_text(action, language)) for action in shown]
    more = len(proposal.actions) - ACTIONS_SHOWN
    if more > 0:
        lines.append(word(screen, "actions_more", count=more))
    # A form without a field for the reason gives the action's own words, which were just told.
    known = {action_text(proposal.actions[0], row)[:REASON_MAX] for row in LANGUAGES}
    if proposal.reason not in known:
        lines.append(f"{word(screen, 'reason')}: {proposal.reason}")
    return "\n".join(lines)


def _proof(screen: Screen[None], proposal: ProposalView) -> tuple[str, Check]:
    only = proposal.actions[0]
    if len(proposal.actions) == 1 and isinstance(only, SetReferencePrice | CorrectReferencePrice):
        price_fen = only.price_fen
        return (
            word(screen, "approve_price"),
            lambda typed: (
                "" if show.parse_price(typed) == price_fen else word(screen, "approve_differs")
            ),
        )
    count = len(proposal.actions)
    return (
        word(screen, "approve_count", count=count),
        lambda typed: (
            "" if show.parse_quantity(typed) == count else word(screen, "approve_differs")
        ),
    )
