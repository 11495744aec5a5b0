"""Wiring: screens, keys, the link and the store; every change of the model goes through `reduce`."""

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar, Final, cast

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen

from engine.commands import AnyCommand, Side
from gateway.client import Client
from gateway.client_errors import ClientError
from gateway.errors import UserError
from gateway.inbox import Reconnected
from gateway.keys import PassphraseNeeded
from gateway.passphrase import WrongPassphrase
from terminal import store
from terminal.crash import write_report
from terminal.desk import EVERYTHING
from terminal.keys import action_of, bindings
from terminal.link import Busy, Connect, Link, claim, read_key
from terminal.messages import LevelKey, Message, Noted, Welcomed
from terminal.own_trading import ask_to_allow, ask_to_cancel_all, ask_to_stop
from terminal.palette import commands
from terminal.screens.account import AccountScreen
from terminal.screens.admission import AdmissionScreen
from terminal.screens.approvals import ApprovalsScreen
from terminal.screens.auctions import AuctionsScreen
from terminal.screens.base import FrameScreen
from terminal.screens.blocks import BlocksScreen
from terminal.screens.control import ControlScreen
from terminal.screens.help import HelpScreen
from terminal.screens.keys import KeysScreen
from terminal.screens.login import LoginScreen
from terminal.screens.market import MarketScreen
from terminal.screens.orders import OrdersScreen
from terminal.screens.phases import PhasesScreen
from terminal.screens.reference import ReferenceScreen
from terminal.screens.trade import TradeScreen
from terminal.store import State, Topics
from terminal.texts import LANGUAGES, Language, say
from terminal.widgets.colours import CONVENTIONS, Convention, variables
from terminal.widgets.footer import KeyLine

PAINT_SECONDS: Final = 0.1
"""Changes are painted ten times a second, however fast messages come (terminal-spec 2.2)."""
URGENT: Final = frozenset({"notices", "intents", "connection", "phase", "welcome", "status"})
"""What the user waits for is painted at once."""
TRADER_SCREENS: Final = (
    MarketScreen,
    TradeScreen,
    OrdersScreen,
    BlocksScreen,
    AuctionsScreen,
    AccountScreen,
    KeysScreen,
)
OPERATOR_SCREENS: Final = (
    PhasesScreen,
    MarketScreen,
    TradeScreen,
    ControlScreen,
    ReferenceScreen,
    AuctionsScreen,
    AdmissionScreen,
    ApprovalsScreen,
    KeysScreen,
)


class Terminal(App[int]):
    """The terminal of one key at one exchange."""

    CSS_PATH = "terminal.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        url: str = "",
        key_path: str = "",
        language: Language = "zh",
        connect: Connect = Client.connect,
    ) -> None:
        self.convention: Convention = "red_up"
        super().__init__()
        self.url, self.key_path = url, key_path
        self.language: Language = language
        self.state = State()
        self.product = ""
        self.link: Link | None = None
        self._connect = connect
        self._dirty: set[str] = set()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Add the colours of price moves to those of the theme."""
        return variables(self.convention, dark=True)

    def on_mount(self) -> None:
        """Show the login, and try it at once where server and key are given."""
        self.animation_level = "none"
        self.set_interval(PAINT_SECONDS, self.paint)
        self.push_screen(LoginScreen(self.url, self.key_path))

    def on_login_screen_wanted(self, event: LoginScreen.Wanted) -> None:
        """Try to log in."""
        self.run_worker(self._log_in(event), group="login", exclusive=True)

    def _fatal_error(self) -> None:
        # Textual's own crash screen prints local variables: a key or an order could stand in a ticket.
        self._exit_renderables.append(
            say(self.language, "crash", path=write_report(self._exception))
        )
        self._close_messages_no_wait()

    # ------------------------------------------------------------ the link

    async def _log_in(self, wanted: LoginScreen.Wanted) -> None:
        login = self.screen
        assert isinstance(login, LoginScreen), "only the login asks for a login"
        url = wanted.url
        try:
            # Opening a locked key takes a while, by design.
            key = await asyncio.to_thread(
                read_key, wanted.key_path, self.language, wanted.passphrase
            )
            if wanted.code:
                await claim(url, key, wanted.code, self.language)
                login.forget_code()
                login.tell(say(self.language, "login_enrolled"))
            link = await Link.open(url, key, self.language, self.receive, self._connect)
        except (PassphraseNeeded, WrongPassphrase):
            login.ask_passphrase(say(self.language, "login_passphrase_needed"))
            return
        except (UserError, ClientError) as error:
            reason = error.told(self.language) if isinstance(error, UserError) else error
            login.tell(say(self.language, "login_failed", reason=reason))
            return
        self.link = link
        self.run_worker(link.run(), group="link", exclusive=True)
        await self._enter(link)

    async def _enter(self, link: Link) -> None:
        """Go from the login to the first screen of the role."""
        welcome = link.client.welcome
        store.reduce(self.state, Welcomed(welcome))
        screens = OPERATOR_SCREENS if self.state.is_operator else TRADER_SCREENS
        for screen in screens:
            self.install_screen(screen(), screen.NAME)
        await self.switch_screen(screens[0].NAME)

    def receive(self, message: Message) -> None:
        """Take a message of the link into the model; what the user waits for is painted at once."""
        topics = store.reduce(self.state, message)
        if self.link is not None:
            self.link.want(*store.follow_up(self.state, message))
            if isinstance(message, Reconnected):
                self.run_worker(self.link.resolve(), group="resolve", exclusive=True)
        if not self.product and self.state.market is not None:
            self.product = store.first_product(self.state.market)
        self._dirty |= topics
        if topics & URGENT:
            self.paint()

    def paint(self) -> None:
        """Repaint what changed, on the screens that can be seen."""
        if not self._dirty:
            return
        topics: Topics = frozenset(self._dirty)
        self._dirty.clear()
        for screen in self.screen_stack:
            repaint = getattr(screen, "repaint", None)
            if repaint is not None and screen.is_mounted:
                repaint(topics)

    # ------------------------------------------------------------ the desk

    def send(self, make: Callable[[int], AnyCommand]) -> int:
        """Send a command; 0 where it could not leave."""
        if self.link is None:
            self.note("not_connected")
            return 0
        try:
            return self.link.send(make)
        except Busy:
            self.note("busy")
            return 0

    def open_level(self, key: LevelKey | None) -> None:
        """Open the listings of a level, None closes it."""
        self._dirty |= store.open_level(self.state, key)
        if self.link is not None:
            self.link.level = key
            if key is not None:
                self.link.want("listings")
        self.paint()

    async def open_product(self, product: str) -> None:
        """Show a product on the trade screen."""
        await self.action_go("trade")
        self.get_screen("trade", TradeScreen).show_product(product)

    def read_notice(self) -> bool:
        """Mark the oldest refusal as read."""
        topics = store.read_one(self.state)
        self._dirty |= topics
        self.paint()
        return bool(topics)

    def note(self, text_key: str) -> None:
        """Tell the user something that went wrong on this side."""
        self.receive(Noted(text_key))

    # ------------------------------------------------------------ keys

    async def action_press(self, key: str) -> None:
        """Do what a key means for the role; before the login and over a question, little."""
        action = action_of(key, self.state)
        is_free = self.state.welcome is not None and not isinstance(self.screen, ModalScreen)
        if action == "app.help" and isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        elif is_free or action in ("app.leave", "app.language"):
            await self.run_action(action)

    async def action_go(self, name: str) -> None:
        """Show a screen; keys that follow find it there."""
        if self.screen is not self.get_screen(name):
            await self.switch_screen(name)

    async def action_ticket(self, name: str) -> None:
        """Press the key of a side: on the trade screen it may send, elsewhere it opens the ticket."""
        side, screen = Side[name.upper()], self.get_screen("trade", TradeScreen)
        if self.screen is screen:
            screen.press_side(side)
        else:
            await self.action_go("trade")
            screen.start_ticket(self.product, side)

    def action_cancel_all(self) -> None:
        """Ask whether all own orders shall be taken back."""
        self._ask_own(ask_to_cancel_all)

    def action_stop_trading(self) -> None:
        """Ask why the own company shall trade no more for now."""
        self._ask_own(ask_to_stop)

    def action_allow_trading(self) -> None:
        """Ask why the own company may trade again."""
        self._ask_own(ask_to_allow)

    def _ask_own(self, question: Callable[[FrameScreen], None]) -> None:
        if isinstance(self.screen, FrameScreen):
            question(self.screen)

    def action_help(self) -> None:
        """Explain this screen, its keys and the market's words."""
        screen = self.screen
        if isinstance(screen, FrameScreen):
            self.push_screen(HelpScreen(screen.help_sentence(), screen.query_one(KeyLine).extra))

    def action_language(self) -> None:
        """Switch between Chinese and English."""
        self.language = LANGUAGES[1 - LANGUAGES.index(self.language)]
        self._dirty |= EVERYTHING
        self.paint()

    def action_colour(self) -> None:
        """Take the next convention of colours."""
        self.convention = CONVENTIONS[CONVENTIONS.index(self.convention) - 1]
        self.refresh_css(animate=False)
        self._dirty |= EVERYTHING
        self.paint()

    def action_help_quit(self) -> None:
        """Say how to leave: ctrl+c copies, as everywhere in Textual."""
        self.notify(say(self.language, "quit_hint"), markup=False)

    async def action_leave(self) -> None:
        """Log out and leave."""
        if self.link is not None:
            async with asyncio.timeout(5):
                await self.link.close()
        self.exit(0)

    def action_command_palette(self) -> None:
        """Show the commands in the chosen language."""
        if not CommandPalette.is_open(cast("App[object]", self)):
            text = say(self.language, "palette_placeholder")
            self.push_screen(CommandPalette(placeholder=text, id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Return the commands of the palette in the chosen language."""
        return commands(self)
