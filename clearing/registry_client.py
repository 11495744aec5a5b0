"""The registry's typed client: one method per request, refusals as exceptions with code, text and path."""

from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec

from clearing.messages import (
    BatchConfirm,
    BatchSeal,
    BatchView,
    BlockAccount,
    ClearingResult,
    CreditBank,
    Fault,
    FreezeCash,
    FreezeHolding,
    InstructionPage,
    Issue,
    Message,
    MoveIn,
    Movement,
    OpenAccount,
    Outcome,
    PageReceived,
    PayIn,
    Posted,
    Release,
    Request,
    Snapshot,
    Statement,
)

SNAPSHOT_BYTES_MAX = 256 * 1024 * 1024
Answer = TypeVar("Answer")


class RegistryRefused(Exception):
    """The registry answered no: `code` (LACK, MONY, SAFE, REFE, …), its text, the path in the body."""

    def __init__(self, status: int, fault: Fault) -> None:
        super().__init__(
            f"{fault.code} {fault.text}" + (f" - at `{fault.path}`" * bool(fault.path))
        )
        self.status = status
        self.code = fault.code
        self.number = fault.number
        self.text = fault.text
        self.path = fault.path


class RegistryUnavailable(Exception):
    """No answer, so nobody knows whether the request took effect: send the same one again."""


class RegistryClient:
    """One connection pool to one registry with one token; every request may be repeated as it is."""

    def __init__(self, url: str, token: str, *, timeout_seconds: int = 10) -> None:
        self.url = url.rstrip("/")
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def health(self) -> dict[str, str]:
        """Return the registry's name and state; RegistryUnavailable where it is not there."""
        return await self._ask("GET", "/v1/health", dict[str, str])

    # ------------------------------------------------------------ accounts, holdings, cash (role admin)

    async def open_account(
        self,
        account: str,
        *,
        funds_account: str,
        name: str,
        credit_code: str,
        date: str,
        reference: str,
    ) -> Posted:
        """Open a registry account with its funds account (R14)."""
        return await self.request(
            OpenAccount(
                account=account,
                funds_account=funds_account,
                name=name,
                credit_code=credit_code,
                date=date,
                reference=reference,
            )
        )

    async def issue(
        self, account: str, product: str, quantity_t: int, *, date: str, reference: str
    ) -> Posted:
        """Book allowances into the registry side of an account."""
        return await self.request(
            Issue(
                account=account,
                product=product,
                quantity_t=quantity_t,
                date=date,
                reference=reference,
            )
        )

    async def credit_bank(
        self, account: str, amount_fen: int, *, date: str, reference: str
    ) -> Posted:
        """Let money arrive in the participant's own account at the settlement bank."""
        return await self.request(
            CreditBank(account=account, amount_fen=amount_fen, date=date, reference=reference)
        )

    async def transfer_in(
        self, account: str, product: str, quantity_t: int, *, date: str, reference: str
    ) -> Posted:
        """Move allowances from the registry side to the trading side (转入, R16)."""
        return await self.request(
            MoveIn(
                account=account,
                product=product,
                quantity_t=quantity_t,
                date=date,
                reference=reference,
            )
        )

    async def deposit(self, account: str, amount_fen: int, *, date: str, reference: str) -> Posted:
        """Move money from the own bank account to the settlement-funds account (入金)."""
        return await self.request(
            PayIn(account=account, amount_fen=amount_fen, date=date, reference=reference)
        )

    async def freeze_holding(
        self,
        account: str,
        product: str,
        quantity_t: int,
        *,
        date: str,
        reference: str,
        side: str = "trading",
    ) -> Posted:
        """Freeze allowances by order of an authority; `reference` is the order's number (R17)."""
        return await self.request(
            FreezeHolding(
                account=account,
                product=product,
                quantity_t=quantity_t,
                side="registry" if side == "registry" else "trading",
                date=date,
                reference=reference,
            )
        )

    async def freeze_cash(
        self, account: str, amount_fen: int, *, date: str, reference: str
    ) -> Posted:
        """Freeze settlement cash by order of an authority (R17)."""
        return await self.request(
            FreezeCash(account=account, amount_fen=amount_fen, date=date, reference=reference)
        )

    async def release(self, freeze: str, *, date: str, reference: str) -> Posted:
        """End a freeze of allowances or cash."""
        return await self.request(Release(freeze=freeze, date=date, reference=reference))

    async def block_account(
        self, account: str, *, blocked: bool, date: str, reference: str
    ) -> Posted:
        """Block an account for every settlement, or lift the block (R17)."""
        return await self.request(
            BlockAccount(account=account, blocked=blocked, date=date, reference=reference)
        )

    async def request(self, request: Request) -> Posted:
        """Send any request that changes balances or accounts."""
        path = f"/v1/requests/{type(request).__name__}"
        return await self._ask("POST", path, Posted, request)

    # ------------------------------------------------------------ settlement (role exchange)

    async def send_page(self, page: InstructionPage) -> PageReceived:
        """Hand over some instructions of a batch."""
        return await self._ask("POST", "/v1/batches/pages", PageReceived, page)

    async def seal_batch(self, seal: BatchSeal) -> ClearingResult:
        """Seal the batch and return the registry's clearing result (R92)."""
        return await self._ask("POST", "/v1/batches/seal", ClearingResult, seal)

    async def confirm_batch(self, confirm: BatchConfirm) -> BatchView:
        """Confirm the clearing result; delivery versus payment begins (R92)."""
        return await self._ask("POST", "/v1/batches/confirm", BatchView, confirm)

    async def batch(self, batch: str) -> BatchView:
        """Return where a batch stands; RegistryRefused NRGN where there is none."""
        return await self._ask("GET", f"/v1/batches/{batch}", BatchView)

    async def outcomes(self, batch: str, after: int = 0) -> tuple[Outcome, ...]:
        """Return a page of outcomes of a finished batch after an instruction's number."""
        path = f"/v1/batches/{batch}/outcomes?after={after}"
        return await self._ask("GET", path, tuple[Outcome, ...])

    async def movements(self, after: int = 0) -> tuple[Movement, ...]:
        """Return a page of the outbox after a movement's number."""
        return await self._ask("GET", f"/v1/movements?after={after}", tuple[Movement, ...])

    async def snapshot(self) -> Snapshot:
        """Return all balances as of one transaction."""
        return await self._ask("GET", "/v1/snapshot", Snapshot)

    async def statement(self, account: str, date: str) -> Statement:
        """Return a participant's settlement statement of one day (R93)."""
        return await self._ask("GET", f"/v1/statements/{account}?date={date}", Statement)

    async def _ask(
        self, verb: str, path: str, kind: type[Answer], message: Message | None = None
    ) -> Answer:
        body = None if message is None else msgspec.json.encode(message)
        try:
            async with self._session.request(verb, self.url + path, data=body) as response:
                data = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            text = f"no answer from the registry at {self.url}: {error!r}"
            raise RegistryUnavailable(text) from error
        if response.status == 200:  # noqa: PLR2004 - HTTP
            return msgspec.json.decode(data, type=kind)
        if response.status >= 500:  # noqa: PLR2004 - HTTP
            raise RegistryUnavailable(f"the registry at {self.url} failed: {response.status}")
        try:
            fault = msgspec.json.decode(data, type=Fault)
        except msgspec.DecodeError:
            fault = Fault(
                code="HTTP", number=response.status, text=data[:200].decode("utf-8", "replace")
            )
        raise RegistryRefused(response.status, fault)
