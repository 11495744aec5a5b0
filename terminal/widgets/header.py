"""The two lines at the top of every screen: who, where, exchange clock, phases with countdown, the line."""

from rich.cells import cell_len
from rich.text import Text

from engine.commands import Method
from engine.events import Phase
from engine.views import MethodView
from terminal import format as show
from terminal.desk import desk, word
from terminal.notices_batches import barred_words
from terminal.notices_dialogue import method_key
from terminal.store import LATE_SECONDS, STALE_SECONDS, Connection
from terminal.widgets.lines import Lines, Part

TOPICS = frozenset({"clock", "phase", "connection", "welcome", "market", "status", "*"})
WARNING_NS = 5 * 60 * 1_000_000_000
"""The last five minutes of a session are shown as a warning."""
BREVITIES = (0, 1, 2, 3)
"""How short the second line is told: in words, without words, with one countdown, with none."""

ONE_COUNTDOWN = 2


class StatusHeader(Lines):
    """Simulation badge, identity and state of the line; date, clock and the phase of each method."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Draw anew when time, phase or line changed."""
        if topics & TOPICS:
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - always two lines
        """Return identity and market state."""
        told, look = self._line()
        room = width - cell_len(told) - 2
        badge, title = (f" {word(self, 'badge')} ", "badge"), (word(self, "app_title"), "strong")
        who, role = self._identity()
        first = self.text(badge, " ", title, ("  │ " if who else "", "dim"), who, role)
        if first.cell_len > room:  # the title gives way first, then the end of a long name
            first = self.text(badge, " ")
            cells = max(1, room - first.cell_len - cell_len(role))
            first.append(show.fit(who, min(cells, cell_len(who)))).append(role)
        first.truncate(room, pad=True)
        first.append(" ").append(told, self.look(look))
        for brevity in BREVITIES:
            second = self.text(" ", *self._market(brevity))
            if second.cell_len <= width:
                break
        return [first, second]

    def _identity(self) -> tuple[str, str]:
        """Return who one trades for, then the person and what it is."""
        welcome = desk(self).state.welcome
        if welcome is None:
            return "", ""
        name = show.plain(welcome.participant_name or welcome.profile.place_of_trade)
        code = show.participant(welcome.participant) + " " if welcome.participant else ""
        role = word(self, f"role_{welcome.role}")
        return f"{code}{name}", f" / {show.plain(welcome.person)} {role}"

    def _line(self) -> tuple[str, str]:
        state = desk(self).state
        if state.connection is not Connection.LIVE:
            return word(self, f"state_{state.connection.value}"), "warn"
        if state.status is not None and state.is_barred:
            return barred_words(state.status, desk(self).language), "warn"
        if state.silent_s > STALE_SECONDS:
            return word(self, "state_stale", seconds=state.silent_s), "warn"
        if state.silent_s > LATE_SECONDS:
            return word(self, "state_late", seconds=state.silent_s), "warn"
        return "● " + word(self, "state_live"), "good"

    def _market(self, brevity: int) -> list[Part]:
        state = desk(self).state
        market = state.market
        date = market.date if market and market.date else word(self, "no_day")
        parts: list[Part] = [f"{date}  ", (show.clock(state.time_ns), "strong")]
        for view in market.methods if market else ():
            phase = self._phase(view, brevity)
            parts += [("  │ ", "dim"), word(self, method_key(view.method)) + " ", *phase]
        halted = sum(bool(quote.halt) for quote in market.products) if market else 0
        if halted:
            parts += [(" │ ", "dim"), (f"{word(self, 'halted')} {halted}", "warn")]
        return parts

    def _phase(self, view: MethodView, brevity: int) -> list[Part]:
        is_open = view.phase is Phase.OPEN
        look = "good" if is_open else "warn" if view.phase is Phase.BREAK else "dim"
        parts: list[Part] = [(word(self, f"phase_{int(view.phase)}"), look)]
        if view.halt:
            parts = [(word(self, "halted"), "warn")]
        left_ns = view.next_time_ns - desk(self).state.time_ns
        has_change = view.next_time_ns and view.phase in (Phase.PRE_OPEN, Phase.OPEN, Phase.BREAK)
        # Where there is little room, only the first method counts down: the others often follow it.
        is_counted = brevity < ONE_COUNTDOWN or (
            brevity == ONE_COUNTDOWN and view.method is Method.LISTED
        )
        if has_change and is_counted:
            text = f" {word(self, f'left_{int(view.phase)}')} " if brevity == 0 else " "
            look = "warn" if is_open and left_ns < WARNING_NS else "strong"
            parts += [(text, "dim"), (show.countdown(left_ns), look)]
        return parts
