"""The exchange's newest notice (公告) on one line, as long as the day has one."""

from rich.text import Text

from terminal import format as show
from terminal.desk import desk, word
from terminal.notices_batches import notice_text
from terminal.widgets.lines import Lines


class PublishedLine(Lines):
    """The newest notice; it takes no room while there is none. All of the day stand under F1."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the newest notice."""
        if topics & {"published", "*"}:
            self.display = bool(desk(self).state.published)
            super().repaint(topics)

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - one line
        """Return the line."""
        rows = desk(self).state.published
        if not rows:
            return []
        newest = rows[-1]
        told = word(
            self,
            "notice_line",
            notice=newest.notice,
            time=show.clock(newest.time_ns),
            text=notice_text(newest, desk(self).language),
        )
        return [self.text((show.fit(f" {told}", width), "warn"))]
