"""The ticket: to list or to pick. Enter checks and shows the summary, F2 (buy) or F3 (sell) sends."""

from dataclasses import replace
from enum import Enum

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from engine.commands import AnyCommand, Side
from engine.reasons import Reason
from engine.views import ListingView
from gateway.explain import explain
from terminal import draft as drafts
from terminal import format as show
from terminal.desk import Painted, desk, word
from terminal.draft import Draft
from terminal.notices_batches import barred_words
from terminal.store import IntentState, intent_state
from terminal.widgets.account import held_t
from terminal.widgets.number_input import PRICE_PATTERN, QUANTITY_PATTERN, NumberInput


class Stage(Enum):
    """Where the ticket stands."""

    EDIT = "edit"
    CHECKED = "checked"
    SENDING = "sending"


class Ticket(Vertical, Painted):
    """A draft on the screen; it sends only what has been checked and only by the key of its side."""

    class Changed(Message):
        """The ticket moved to another stage."""

    def __init__(self) -> None:
        super().__init__(id="ticket")
        self.draft = Draft()
        self.stage = Stage.EDIT
        self.intent = 0

    def compose(self) -> ComposeResult:
        """Lay out fields and figures."""
        yield Static("", id="ticket-product", markup=False)
        with Horizontal(classes="field"):
            yield Static("", id="price-label", classes="label", markup=False)
            yield NumberInput(id="price", pattern=PRICE_PATTERN)
        yield Static("", id="ticket-band", classes="figure", markup=False)
        with Horizontal(classes="field"):
            yield Static("", id="quantity-label", classes="label", markup=False)
            yield NumberInput(id="quantity", pattern=QUANTITY_PATTERN)
        yield Static("", id="ticket-possible", classes="figure", markup=False)
        yield Static("", id="ticket-amount", markup=False)
        yield Static("", id="ticket-funds", markup=False)
        yield Static("", id="ticket-hint", markup=False)
        yield Static("", id="ticket-keys", markup=False)

    # ------------------------------------------------------------ what is asked of it

    @property
    def send_key(self) -> str:
        """The key that sends this side."""
        return "F2" if self.draft.side is Side.BUY else "F3"

    def begin(self, side: Side) -> None:
        """Start a ticket to list on a side, keeping price and quantity of the same kind of ticket."""
        if self.stage is Stage.SENDING:
            return
        if self.draft.is_pick or self.draft.side is not side:
            self._use(Draft(desk(self).product, side))
        self._turn(Stage.EDIT)
        self.screen.set_focus(self.query_one("#price"))

    def begin_pick(self, listing: ListingView) -> None:
        """Start a ticket that takes a listing; its price and side are fixed."""
        if self.stage is not Stage.SENDING:
            self._use(drafts.pick_of(desk(self).product, listing))
            self.screen.set_focus(self.query_one("#quantity"))

    def use_price(self, price_fen: int) -> None:
        """Put a price into a ticket to list."""
        if self.stage is Stage.EDIT and not self.draft.is_pick:
            self.query_one("#price", Input).value = show.price(price_fen)

    def press_side(self, side: Side) -> None:
        """Send the checked ticket of this side; anything else begins a ticket instead."""
        if self.stage is Stage.CHECKED and self.draft.side is side:
            self._send()
        elif self.draft.is_pick and self.draft.side is side and self.stage is Stage.EDIT:
            self.screen.set_focus(self.query_one("#quantity"))
        else:
            self.begin(side)

    def step_back(self) -> bool:
        """Undo one step: from checked to edit, then clear; False where there is nothing to undo."""
        if self.stage is Stage.CHECKED:
            self._turn(Stage.EDIT)
            return True
        if self.stage is Stage.EDIT and (self.draft.price_text or self.draft.quantity_text):
            self._use(Draft(desk(self).product, self.draft.side))
            return True
        return False

    def use_product(self, product: str) -> None:
        """Turn to another product with an empty ticket."""
        if self.stage is not Stage.SENDING and product != self.draft.product:
            self._use(Draft(product, self.draft.side))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take what is typed into the draft; a checked ticket that is changed is unchecked."""
        event.stop()
        price_text = self.query_one("#price", Input).value
        quantity_text = self.query_one("#quantity", Input).value
        typed = (price_text if not self.draft.is_pick else "", quantity_text)
        if typed != (self.draft.price_text, self.draft.quantity_text):
            self.draft = replace(self.draft, price_text=typed[0], quantity_text=typed[1])
            if self.stage is Stage.CHECKED:
                self._turn(Stage.EDIT)
            self._paint()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check; from an empty ticket's price go on to its quantity."""
        event.stop()
        if self.stage is not Stage.EDIT:
            return
        if event.input.id == "price" and not self.draft.quantity_text and self.draft.price_fen:
            self.screen.set_focus(self.query_one("#quantity"))
            return
        state = desk(self).state
        complete = drafts.command(self.draft, state, 1) is not None
        if complete and self._can_send():
            self._turn(Stage.CHECKED)

    # ------------------------------------------------------------ stages

    def _use(self, draft: Draft) -> None:
        self.draft = draft
        price = self.query_one("#price", Input)
        price.disabled = draft.is_pick
        price.value = show.price(draft.price_fen) if draft.is_pick else draft.price_text
        self.query_one("#quantity", Input).value = draft.quantity_text
        self._turn(Stage.EDIT)

    def _turn(self, stage: Stage) -> None:
        self.stage = stage
        self.set_class(stage is Stage.CHECKED, "checked")
        self._paint()
        self.post_message(self.Changed())

    def _send(self) -> None:
        draft, state = self.draft, desk(self).state
        if drafts.command(draft, state, 1) is None or not self._can_send():
            self._turn(Stage.EDIT)
            return

        def make(client_order: int) -> AnyCommand:
            command = drafts.command(draft, state, client_order)
            assert command is not None  # it was complete a moment ago, in the same step
            return command

        # The stage turns first: whatever arrives while sending finds a ticket that cannot send.
        self.intent = 0
        self._turn(Stage.SENDING)
        self.intent = desk(self).send(make)
        if not self.intent:
            self._turn(Stage.CHECKED)

    def _can_send(self) -> bool:
        """Say whether no rule and no closed door stands against the draft, as far as it is known here."""
        state = desk(self).state
        return not state.is_barred and not drafts.problems(self.draft, state)

    def _settle(self) -> None:
        """Leave the stage of sending when the exchange has answered."""
        if not self.intent:
            return
        outcome = intent_state(desk(self).state, self.intent)
        if outcome is IntentState.DONE:
            self._use(Draft(self.draft.product, self.draft.side))
        elif outcome is IntentState.REFUSED or outcome is None:
            self._turn(Stage.EDIT)

    # ------------------------------------------------------------ painting

    def repaint(self, topics: frozenset[str]) -> None:
        """Take in what changed: the answer, the listing that shrank, the phase that ended."""
        if self.stage is Stage.SENDING:
            self._settle()
        if self.draft.is_pick and "listings" in topics and self.stage is not Stage.SENDING:
            self.draft = drafts.refreshed(self.draft, desk(self).state)
        if self.stage is Stage.CHECKED and not self._can_send():
            self._turn(Stage.EDIT)
        self._paint()

    def _paint(self) -> None:
        draft = self.draft
        kind = "pick" if draft.is_pick else "list"
        side = "buy" if draft.side is Side.BUY else "sell"
        self.border_title = word(self, f"ticket_{kind}_{side}")
        self.set_class(draft.side is Side.BUY, "buy")
        self.set_class(draft.side is Side.SELL, "sell")
        self._put("ticket-product", self._product())
        self._put("price-label", word(self, "ticket_price"))
        self._put("quantity-label", word(self, "ticket_quantity"))
        self._put("ticket-band", self._band())
        self._put("ticket-possible", self._possible())
        self._put("ticket-amount", self._amount())
        self._put("ticket-funds", self._funds())
        self._put("ticket-hint", self._hint())
        self._put("ticket-keys", self._keys())

    def _keys(self) -> str:
        key = "ticket_keys_checked" if self.stage is Stage.CHECKED else "ticket_keys"
        return word(self, key, key=self.send_key)

    def _put(self, name: str, text: str | Text) -> None:
        self.query_one(f"#{name}", Static).update(text, layout=False)

    def _product(self) -> str:
        profile, product = desk(self).state.profile, self.draft.product
        if profile is None or profile.product_index(product) < 0:
            return show.MISSING
        terms = profile.products[profile.product_index(product)]
        return f"{product}  {terms.name_zh if desk(self).language == 'zh' else terms.name_en}"

    def _band(self) -> str:
        if self.draft.listing is not None:
            return word(
                self,
                "ticket_listing",
                order=self.draft.listing.order,
                left=show.quantity(self.draft.listing.left_t),
            )
        state = desk(self).state
        quote, profile = state.quote(self.draft.product), state.profile
        if quote is None or profile is None or not quote.has_reference:
            return word(self, "ticket_band_none")
        return word(
            self,
            "ticket_band",
            floor=show.price(quote.listed_floor_fen),
            cap=show.price(quote.listed_cap_fen),
            tick=show.price(profile.tick_size_fen),
        )

    def _possible(self) -> str:
        possible_t = drafts.possible_t(self.draft, desk(self).state)
        key = "ticket_can_buy" if self.draft.side is Side.BUY else "ticket_can_sell"
        return f"{word(self, key, quantity=show.quantity(possible_t))}  {word(self, 'fractions')}"

    def _amount(self) -> str:
        amount_fen = self.draft.amount_fen(desk(self).state)
        return f"{self._label('ticket_amount')}{show.amount(amount_fen)} {word(self, 'yuan')}"

    def _funds(self) -> str:
        state = desk(self).state
        if state.account is None:
            return show.MISSING
        if self.draft.side is Side.BUY:
            before_fen = state.account.cash.available_fen
            after_fen = before_fen - self.draft.amount_fen(state)
            return self._before_after(
                "ticket_cash", show.amount(before_fen), show.amount(after_fen)
            )
        holding = state.holding(self.draft.product)
        before_t = holding.available_t if holding else 0
        after_t = before_t - self.draft.quantity_t(state)
        return self._before_after("ticket_holding", show.quantity(before_t), show.quantity(after_t))

    def _before_after(self, key: str, before: str, after: str) -> str:
        width = max(len(before), len(after))
        return f"{self._label(key)}{before:>{width}}\n{self._label('ticket_after')}{after:>{width}}"

    def _label(self, key: str) -> str:
        return show.fit(word(self, key), 9) + " "

    def _hint(self) -> Text:
        variables = self.app.theme_variables
        state, draft = desk(self).state, self.draft
        if self.stage is Stage.SENDING:
            unknown = intent_state(state, self.intent) is IntentState.UNKNOWN
            return Text(word(self, "ticket_unknown" if unknown else "ticket_sending"))
        if self.stage is Stage.CHECKED:
            return Text(self._summary(), style="bold")
        warning = variables.get("warning", "")
        if state.status is not None and state.is_barred:
            key = "ticket_barred" if state.status.accepts == "cancels" else "ticket_barred_all"
            told_now = barred_words(state.status, desk(self).language)
            return Text(word(self, key, status=told_now), style=warning)
        found = drafts.problems(draft, state)
        if found:
            first = found[0]
            told = [explain(first.reason, first.figure_a, first.figure_b, desk(self).language)]
            told += self._because(first.reason)
            return Text("\n".join(told), style=warning)
        return Text(self._next_step())

    def _because(self, reason: Reason) -> list[str]:
        """Return why a beginner meets this limit."""
        state = desk(self).state
        if reason is Reason.QUANTITY_ABOVE_MAXIMUM and state.profile is not None:
            most = show.quantity(state.profile.block.quantity_t_min)
            return [word(self, "ticket_block", quantity=most)]
        holding = state.holding(self.draft.product)
        if reason is Reason.HOLDING_NOT_AVAILABLE and holding is not None:
            return [
                word(
                    self,
                    "ticket_t1",
                    held=show.quantity(held_t(holding)),
                    unsettled=show.quantity(holding.bought_today_t + holding.delivered_t),
                    locked=show.quantity(holding.locked_t + holding.frozen_t),
                )
            ]
        return []

    def _summary(self) -> str:
        state = desk(self).state
        kind = "pick" if self.draft.is_pick else "list"
        side = "buy" if self.draft.side is Side.BUY else "sell"
        terms = word(
            self,
            "ticket_summary",
            kind=word(self, f"ticket_{kind}_{side}"),
            product=self.draft.product,
            price=show.price(self.draft.price_fen),
            quantity=show.quantity(self.draft.quantity_t(state)),
            amount=show.amount(self.draft.amount_fen(state)),
        )
        return f"{terms}\n{word(self, 'ticket_checked', key=self.send_key)}"

    def _next_step(self) -> str:
        state, draft = desk(self).state, self.draft
        if not draft.price_fen:
            return word(self, "ticket_price_needed")
        price_fen, opposite_t = drafts.crossing(draft, state)
        if price_fen:
            return word(
                self,
                "ticket_crossing",
                price=show.price(price_fen),
                quantity=show.quantity(opposite_t),
            )
        if not draft.quantity_t(state):
            return word(self, "ticket_quantity_needed")
        return word(self, "ticket_ok") + self._place()

    def _place(self) -> str:
        """Say where a listing will stand in the book."""
        book = desk(self).state.books.get(self.draft.product)
        if self.draft.is_pick or book is None:
            return ""
        buys = self.draft.side is Side.BUY
        levels = book.bids if buys else book.asks
        price_fen = self.draft.price_fen
        if any(level.price_fen == price_fen for level in levels):
            return " · " + word(self, "ticket_joins", price=show.price(price_fen))
        best_fen = levels[0].price_fen if levels else 0
        is_best = not levels or (price_fen > best_fen if buys else price_fen < best_fen)
        return " · " + word(self, "ticket_new_best") if is_best else ""
