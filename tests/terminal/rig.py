"""A terminal driven by keys against a real gateway: log in, press, wait for what must come, read the screen."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot

from gateway.keys import KeyFile
from terminal.app import Terminal
from terminal.picture import strips_of
from terminal.store import State
from terminal.texts import Language
from terminal.widgets.table import PlainTable
from tests.gateway.gateway_world import World

PATIENCE_SECONDS = 60
SIZES = ((80, 24), (120, 36))


class Seat:
    """One person at one terminal."""

    def __init__(self, app: Terminal, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def state(self) -> State:
        return self.app.state

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*("full_stop" if mark == "." else mark for mark in text))

    async def until(self, proof: Callable[[], object], what: str = "") -> None:
        """Wait until something holds; AssertionError with the screen where it never does."""
        deadline_s = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline_s:
            if proof():
                await self.settle()
                return
            await asyncio.sleep(0.02)
            await self.pilot.pause()
        told = [notice.key or notice.event for notice in self.state.notices]
        where = f"focus {self.app.focused}, {self.app.screen_stack}, {told}, {self.state.unread}"
        raise AssertionError(f"waited in vain {what}; {where}\n{self.text()}")

    async def focus(self, name: str) -> None:
        """Wait until the widget of that name has the focus."""
        await self.until(
            lambda: self.app.focused is not None and self.app.focused.id == name, f"for {name}"
        )

    async def rows(self, panel: str, count: int = 1) -> None:
        """Wait until the table of a panel has the focus and shows so many rows."""

        def shown() -> bool:
            table = self.app.focused
            if not isinstance(table, PlainTable) or table.screen is not self.app.screen:
                return False
            within = any(node.id == panel for node in table.ancestors)
            return within and table.row_count >= count

        await self.until(shown, f"for {count} rows of {panel}")

    async def sees(self, *words: str) -> None:
        """Wait until all words are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words), f"for {words}")

    async def settle(self) -> None:
        """Paint what is due and let the screen come to rest."""
        await self.pilot.pause()
        with self.app._context():
            self.app.paint()
        await self.pilot.pause()

    def text(self) -> str:
        """Return the screen as it stands."""
        return screen_text(self.app)


def screen_text(app: Terminal) -> str:
    """Return the rows of a screen as plain text; each must be exactly as wide as the terminal."""
    # Its context is set because a widget finds its app there: with two terminals in one test it would
    # find the other one.
    with app._context():
        strips, width = strips_of(app), app.screen._compositor.size.width
    rows = ["".join(segment.text for segment in strip) for strip in strips]
    wide = {cell_len(row) for row in rows}
    assert wide == {width}, f"rows of {wide} cells on a screen of {width}"
    return "\n".join(row.rstrip() for row in rows) + "\n"


@contextlib.asynccontextmanager
async def seat(
    market: World | str,
    key: KeyFile,
    folder: Path,
    *,
    language: Language = "zh",
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[Seat]:
    """Yield a terminal that has logged in to a world, or at an address, by the login screen's own way."""
    path = folder / f"{key.public_key[:12]}.key"
    if not path.exists():
        key.save(path)
    app = Terminal(market if isinstance(market, str) else market.server.url, str(path), language)
    async with app.run_test(size=size) as pilot:
        person = Seat(app, pilot)
        await person.until(lambda: app.state.market is not None, "for the market")
        if app.state.is_operator:
            await person.until(lambda: app.state.proposals is not None, "for the proposals")
        else:
            await person.until(lambda: app.state.account is not None, "for the account")
            await person.until(lambda: app.state.orders is not None, "for the orders")
        yield person
        if app.link is not None:
            await app.link.close()
