"""Login: server, key file, its passphrase, and at the first time an enrolment code.

It says first that this is a simulation and an independent project.
"""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from gateway.enrolment_code import TEXT_MAX
from terminal.desk import word
from terminal.format import plain


class LoginScreen(Screen[None]):
    """Asks for a server and a key file; the app tries them."""

    class Wanted(Message):
        """The user wants to log in."""

        def __init__(self, url: str, key_path: str, passphrase: str = "", code: str = "") -> None:
            super().__init__()
            self.url, self.key_path = url, key_path
            self.passphrase, self.code = passphrase, code

        def __repr__(self) -> str:
            return f"Wanted({self.url!r}, {self.key_path!r})"  # never what is secret

    def __init__(self, url: str, key_path: str) -> None:
        super().__init__()
        self._url, self._key_path = url, key_path

    def compose(self) -> ComposeResult:
        """Lay out badge, fields and help."""
        with Vertical(id="login-box") as box:
            box.border_title = word(self, "app_title")
            yield Static("", id="login-badge", markup=False)
            yield Static("", id="login-independent", markup=False)
            with Horizontal(classes="field"):
                yield Static("", id="server-label", classes="label", markup=False)
                yield Input(self._url, id="server", compact=True, placeholder="ws://127.0.0.1:7000")
            with Horizontal(classes="field"):
                yield Static("", id="key-label", classes="label", markup=False)
                yield Input(self._key_path, id="key-file", compact=True, placeholder="trader.key")
            with Horizontal(classes="field"):
                yield Static("", id="passphrase-label", classes="label", markup=False)
                yield Input("", id="passphrase", compact=True, password=True)
            with Horizontal(classes="field"):
                yield Static("", id="code-label", classes="label", markup=False)
                yield Input("", id="code", compact=True, max_length=TEXT_MAX)
            yield Static("", id="login-help", markup=False)
            yield Static("", id="login-problem", markup=False)
            yield Static("", id="login-keys", markup=False)

    def on_mount(self) -> None:
        """Begin in the first empty field."""
        self.repaint(frozenset({"*"}))
        self.set_focus(self.query_one("#key-file" if self._url else "#server"))
        if self._url and self._key_path:
            self.post_message(self.Wanted(self._url, self._key_path))

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the texts in the chosen language."""
        if "*" not in topics:
            return
        for name, key in (
            ("login-badge", "login_badge"),
            ("login-independent", "independent"),
            ("server-label", "login_server"),
            ("key-label", "login_key"),
            ("passphrase-label", "login_passphrase"),
            ("code-label", "login_code"),
            ("login-help", "login_help"),
            ("login-keys", "login_keys"),
        ):
            self.query_one(f"#{name}", Static).update(word(self, key))
        self.query_one("#passphrase", Input).placeholder = word(self, "login_passphrase_none")
        self.query_one("#code", Input).placeholder = word(self, "login_code_none")
        self.query_one("#login-box").border_title = word(self, "app_title")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the empty field, or logs in."""
        event.stop()
        server, key = self.query_one("#server", Input), self.query_one("#key-file", Input)
        for field in (server, key):
            if not field.value.strip():
                self.set_focus(field)
                return
        self.tell(word(self, "login_wait"))
        passphrase = self.query_one("#passphrase", Input).value
        code = self.query_one("#code", Input).value.strip()
        self.post_message(self.Wanted(server.value.strip(), key.value.strip(), passphrase, code))

    def ask_passphrase(self, text: str) -> None:
        """Say that the key file is locked, and go to the field for its passphrase."""
        self.tell(text)
        field = self.query_one("#passphrase", Input)
        field.value = ""
        self.set_focus(field)

    def forget_code(self) -> None:
        """Empty the field of the code: it is used up."""
        self.query_one("#code", Input).value = ""

    def tell(self, text: str) -> None:
        """Say how the login goes."""
        self.query_one("#login-problem", Static).update(plain(text))
