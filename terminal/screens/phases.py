"""Phases (阶段): where the day stands, when it changes next, and which products still wait for a price."""

from rich.text import Text
from textual.app import ComposeResult

from engine.commands import SetReferencePrice
from engine.profile import Auction, Profile, Sessions
from engine.views import MethodView, ProductView, ProposalView
from terminal import format as show
from terminal.desk import desk, word
from terminal.notices_dialogue import method_key
from terminal.screens.base import FrameScreen
from terminal.widgets.lines import Lines
from terminal.widgets.table import Column, Row, TablePanel


class DayPanel(Lines):
    """Trading day, clock, sequence, participants and proposals that wait."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when the day or the counts changed."""
        if topics & {"clock", "market", "participants", "proposals", "*"}:
            self.border_title = word(self, "day")
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - one line a figure
        """Return one line per figure."""
        state = desk(self).state
        kind = state.welcome.clock if state.welcome else "wall"
        date = state.market.date if state.market else ""
        figures = [
            ("day", date or word(self, "no_day")),
            ("clock", f"{show.clock(state.time_ns)}  {word(self, f'clock_{kind}')}"),
            ("sequence", show.quantity(state.sequence)),
            ("participants", show.quantity(len(state.participants or ()))),
            ("proposals_waiting", show.quantity(len(state.proposals or ()))),
        ]
        return [
            self.text((" " + show.fit(word(self, key), 14), "dim"), (value, "strong"))
            for key, value in figures
        ]


class MethodsPanel(TablePanel):
    """One row a method: phase, next change, countdown, timetable."""

    COLUMNS = (
        Column("method", 8),
        Column("phase", 9),
        Column("next_change", 12),
        Column("countdown", 9),
        Column("timetable", 26),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the phases as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"phase", "clock", "market", "*"}:
            state = desk(self).state
            rows = state.market.methods if state.market else ()
            self.border_title = word(self, "phases_title")
            self.show_rows([self._row(row, state.profile) for row in rows], word(self, "no_day"))

    def _row(self, view: MethodView, profile: Profile | None) -> Row:
        name = method_key(view.method)
        rules: Sessions | Auction | None = None
        if profile is not None:
            rules = getattr(profile, name)  # the table of a method has its name
        left_ns = view.next_time_ns - desk(self).state.time_ns
        sessions = "  ".join(f"{a}–{b}" for a, b in rules.sessions) if rules else ""
        return name, (
            word(self, name),
            word(self, "state_halted" if view.halt else f"phase_{int(view.phase)}"),
            show.clock(view.next_time_ns) if view.next_time_ns else word(self, "not_today"),
            show.countdown(left_ns) if view.next_time_ns else show.MISSING,
            sessions,
        )


class ReferencesPanel(TablePanel):
    """One row a product: its reference price, the one the system computes, the bands."""

    COLUMNS = (
        Column("code", 9),
        Column("previous_close", 8, "right"),
        Column("reference_state", 9, "right"),
        Column("state", 18),
        Column("limit_down", 8, "right"),
        Column("limit_up", 8, "right"),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the references as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"market", "proposals", "*"}:
            market = desk(self).state.market
            rows = [self._row(quote) for quote in (market.products if market else ())]
            self.border_title = word(self, "reference_title")
            self.show_rows(rows, word(self, "market_empty"))

    def _row(self, quote: ProductView) -> Row:
        return quote.product, (
            quote.product,
            show.price(quote.previous_close_fen),
            show.price(quote.reference_fen),
            word(self, self._state(quote)),
            show.price(quote.listed_floor_fen),
            show.price(quote.listed_cap_fen),
        )

    def _state(self, quote: ProductView) -> str:
        if not quote.is_listed:
            return "state_not_listed"
        if quote.has_reference:
            return "reference_set"
        waiting = waiting_references(desk(self).state.proposals or ())
        return "reference_waiting" if quote.product in waiting else "reference_missing"


def waiting_references(proposals: tuple[ProposalView, ...]) -> frozenset[str]:
    """Return the products for which a reference price waits for approval."""
    return frozenset(
        action.product
        for proposal in proposals
        for action in proposal.actions
        if isinstance(action, SetReferencePrice)
    )


class PhasesScreen(FrameScreen):
    """The operator's first screen."""

    NAME = "phases"
    TITLE_KEY = "phases_title"
    HELP_KEY = "phases_help"

    def body(self) -> ComposeResult:
        """Lay out day, methods and references."""
        yield DayPanel(id="day")
        yield MethodsPanel(id="methods")
        yield ReferencesPanel(id="references")
