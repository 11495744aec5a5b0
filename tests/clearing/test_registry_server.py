"""The registry's door: tokens and roles, bodies with their paths, repeats, and refusals with their codes."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clearing.messages import BODY_BYTES_MAX, PAGE_MAX, BatchConfirm, InstructionPage
from clearing.registry_client import RegistryClient, RegistryRefused, RegistryUnavailable
from clearing.registry_process import listen
from clearing.registry_server import RegistryServer
from clearing.settle import seal
from gateway.errors import UserError
from tests.clearing.desk import Registry, registry_in, token
from tests.clearing.house import CEA24, DATE
from tests.clearing.test_instructions import BUYER, MARKET, SELLER, TRADE, golden


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    async with registry_in(tmp_path) as served:
        await served.endow("A", 1_000_000, CEA24=1_000)
        yield served


async def ask(registry: Registry, verb: str, path: str, **more: Any) -> tuple[int, Any]:
    """Send anything; return status and decoded answer."""
    headers = {"Authorization": f"Bearer {token(registry.data, 'admin')}"} | more.pop("headers", {})
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, registry.url + path, headers=headers, **more) as answer,
    ):
        return answer.status, json.loads(await answer.read() or b"null")


async def refusal(work: Any) -> RegistryRefused:
    with pytest.raises(RegistryRefused) as found:
        await work
    return found.value


# ---------------------------------------------------------------- who


async def test_tokens_are_private_and_needed(registry: Registry) -> None:
    for role in ("admin", "exchange"):
        assert registry.data.joinpath(f"{role}.token").stat().st_mode & 0o777 == 0o600
    for given in ("Bearer nonsense", "Bearer ", "", f"Bearer {token(registry.data, 'admin')}x"):
        headers = {"Authorization": given}
        status, fault = await ask(registry, "GET", "/v1/snapshot", headers=headers)
        assert (status, fault["code"]) == (401, "AUTH")


async def test_a_token_does_only_what_its_role_may(registry: Registry) -> None:
    fault = await refusal(registry.exchange.deposit("R-A", 1, date=DATE, reference="X"))
    assert (fault.status, fault.code) == (403, "ROLE")
    confirm = BatchConfirm(batch="B2026010501", result_hash="0" * 64)
    fault = await refusal(registry.admin.confirm_batch(confirm))
    assert (fault.status, fault.code) == (403, "ROLE")


async def test_tokens_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    async with registry_in(tmp_path) as first:
        before = token(first.data, "admin")
    async with registry_in(tmp_path) as second:
        assert token(second.data, "admin") == before
        assert (await second.admin.health())["depository"] == "DEMO-REG"


async def test_a_token_file_that_somebody_emptied_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("admin.token").touch()
    with pytest.raises(UserError, match=r"admin\.token holds no token"):
        RegistryServer(tmp_path)


# ---------------------------------------------------------------- what


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("{", "$"),
        ("[]", "$"),
        ('{"reference": "R", "date": "2026-01-05", "account": "R-A"}', "$"),
        ('{"reference": "R", "date": "5.1.", "account": "R-A", "amount_fen": 1}', "$.date"),
        (
            '{"reference": "R", "date": "2026-01-05", "account": "R-A", "amount_fen": "1"}',
            "$.amount_fen",
        ),
        (
            '{"reference": "R", "date": "2026-01-05", "account": "R-A", "amount_fen": 1.5}',
            "$.amount_fen",
        ),
        (
            '{"reference": "R", "date": "2026-01-05", "account": "R-A", "amount_fen": 0}',
            "$.amount_fen",
        ),
        (
            '{"reference": "R", "date": "2026-01-05", "account": "R A", "amount_fen": 1}',
            "$.account",
        ),
        (
            '{"reference": "R", "date": "2026-01-05", "account": "R-A", "amount_fen": 1, "x": 1}',
            "$",
        ),
        ('{"reference": "R", "date": "2026-02-30", "account": "R-A", "amount_fen": 1}', "$.date"),
    ],
)
async def test_a_bad_body_is_refused_with_its_path(
    registry: Registry, body: str, path: str
) -> None:
    before = await registry.exchange.snapshot()
    status, fault = await ask(registry, "POST", "/v1/requests/PayIn", data=body)
    assert (status in {400, 422}, fault["code"], fault["path"]) == (True, "DATA", path)
    assert await registry.exchange.snapshot() == before


async def test_a_body_at_the_bound_is_read_and_one_past_it_is_not(registry: Registry) -> None:
    status, fault = await ask(
        registry, "POST", "/v1/requests/PayIn", data=io.BytesIO(b" " * BODY_BYTES_MAX)
    )
    assert (status, fault["code"]) == (400, "DATA")
    status, fault = await ask(
        registry, "POST", "/v1/requests/PayIn", data=io.BytesIO(b" " * (BODY_BYTES_MAX + 1))
    )
    assert (status, fault["code"]) == (413, "SIZE")


async def test_a_full_page_of_instructions_fits_a_body(registry: Registry) -> None:
    import msgspec

    from clearing.instructions import instruct

    long = msgspec.structs.replace(SELLER, registry_account="A" * 64, funds_account="F" * 64)
    other = msgspec.structs.replace(BUYER, registry_account="B" * 64, funds_account="G" * 64)
    trades = [msgspec.structs.replace(TRADE, trade=2**62 - n) for n in range(PAGE_MAX)]
    envelopes = tuple(
        instruct(trade, long, other, MARKET, n, 0) for n, trade in enumerate(trades, 1)
    )
    page = InstructionPage(batch="B2026010501", date=DATE, first=1, instructions=envelopes)
    assert (await registry.exchange.send_page(page)).received == PAGE_MAX
    more = msgspec.structs.replace(page, instructions=(*envelopes, envelopes[0]))
    fault = await refusal(registry.exchange.send_page(more))
    assert (fault.status, fault.path) == (400, "$.instructions")


async def test_unknown_things_are_named(registry: Registry) -> None:
    status, fault = await ask(registry, "POST", "/v1/requests/Nonsense", data="{}")
    assert (status, fault["code"]) == (404, "NRGN")
    assert "PayIn" in fault["text"]
    for work in (
        registry.exchange.batch("B2026010501"),
        registry.exchange.confirm_batch(BatchConfirm(batch="B2026010501", result_hash="0" * 64)),
        registry.admin.release("NONE", date=DATE, reference="X"),
    ):
        assert (await refusal(work)).code == "NRGN"
    assert (await refusal(registry.admin.statement("R-Z", DATE))).code == "SAFE"
    status, fault = await ask(registry, "GET", "/v1/movements?after=-1")
    assert (status, fault["path"]) == (400, "?after")


# ---------------------------------------------------------------- accounts and balances


async def test_refusals_leave_no_trace_and_may_succeed_later(registry: Registry) -> None:
    admin = registry.admin
    refused = [
        (admin.deposit("R-A", 1, date=DATE, reference="P1"), "MONY"),
        (admin.transfer_in("R-A", CEA24, 1, date=DATE, reference="P2"), "LACK"),
        (admin.freeze_holding("R-A", CEA24, 1_001, date=DATE, reference="P3"), "LACK"),
        (admin.freeze_cash("R-A", 1_000_001, date=DATE, reference="P4"), "MONY"),
        (admin.issue("R-Z", CEA24, 1, date=DATE, reference="P5"), "SAFE"),
        (admin.issue("SYS-POOL", CEA24, 1, date=DATE, reference="P6"), "SAFE"),
    ]
    before = await admin.snapshot()
    for work, code in refused:
        assert (await refusal(work)).code == code
    assert await admin.snapshot() == before
    await admin.credit_bank("R-A", 1, date=DATE, reference="P7")
    assert (await admin.deposit("R-A", 1, date=DATE, reference="P1")).movement == 3


async def test_a_repeat_gets_the_first_answer_and_another_content_is_an_alarm(
    registry: Registry,
) -> None:
    admin = registry.admin
    await admin.credit_bank("R-A", 500, date=DATE, reference="C")
    first = await admin.deposit("R-A", 200, date=DATE, reference="D")
    again = [await admin.deposit("R-A", 200, date=DATE, reference="D") for _ in range(3)]
    assert [answer.replayed for answer in (first, *again)] == [False, True, True, True]
    assert {answer.txn for answer in again} == {first.txn}
    for work in (
        admin.deposit("R-A", 201, date=DATE, reference="D"),
        admin.credit_bank("R-A", 200, date=DATE, reference="D"),
    ):
        fault = await refusal(work)
        assert (fault.status, fault.code) == (409, "REFE")
    (row,) = (await admin.snapshot()).cash
    assert (row.settlement_fen, row.bank_pool_fen, row.bank_own_fen) == (1_000_200, 1_000_200, 300)


async def test_an_account_opens_once_and_its_funds_account_is_its_own(registry: Registry) -> None:
    for account, funds in (("R-A", "F-X"), ("R-X", "F-A"), ("SYS-X", "F-X")):
        work = registry.admin.open_account(
            account,
            funds_account=funds,
            name="演示",
            credit_code="X",
            date=DATE,
            reference=registry.reference(),
        )
        assert (await refusal(work)).code == "REFE"


async def test_a_freeze_is_released_once(registry: Registry) -> None:
    admin = registry.admin
    await admin.freeze_holding("R-A", CEA24, 400, date=DATE, reference="COURT")
    await admin.freeze_cash("R-A", 5, date=DATE, reference="COURT-CASH")
    (held,), (cash,) = (await admin.snapshot()).holdings, (await admin.snapshot()).cash
    assert (held.trading_t, held.trading_frozen_t) == (600, 400)
    assert (cash.settlement_fen, cash.settlement_frozen_fen) == (999_995, 5)
    await admin.release("COURT", date=DATE, reference="END")
    assert (await refusal(admin.release("COURT", date=DATE, reference="END-2"))).code == "NRGN"
    (held,) = (await admin.snapshot()).holdings
    assert (held.trading_t, held.trading_frozen_t) == (1_000, 0)
    assert registry.server.ledger.verify() == []


async def test_a_blocked_account_moves_nothing_in(registry: Registry) -> None:
    admin = registry.admin
    await admin.issue("R-A", CEA24, 5, date=DATE, reference="I")
    await admin.block_account("R-A", blocked=True, date=DATE, reference="B")
    assert (
        await refusal(admin.transfer_in("R-A", CEA24, 5, date=DATE, reference="T"))
    ).code == "BLOC"
    await admin.block_account("R-A", blocked=False, date=DATE, reference="U")
    assert (await admin.transfer_in("R-A", CEA24, 5, date=DATE, reference="T")).movement == 3


async def test_the_statement_adds_up(registry: Registry) -> None:
    admin = registry.admin
    await admin.freeze_holding("R-A", CEA24, 400, date="2026-01-06", reference="COURT")
    first = await admin.statement("R-A", DATE)
    assert {(a.asset, a.opening, a.closing) for a in first.assets} == {
        (CEA24, 0, 1_000),
        ("CNY", 0, 1_000_000),
    }
    second = await admin.statement("R-A", "2026-01-06")
    assert [(a.asset, a.opening, a.closing, a.frozen) for a in second.assets] == [
        (CEA24, 1_000, 1_000, 400),
        ("CNY", 1_000_000, 1_000_000, 0),
    ]
    assert "演示" in second.mark


# ---------------------------------------------------------------- batches by message


async def test_a_batch_must_be_what_its_seal_says(registry: Registry) -> None:
    exchange = registry.exchange
    envelope = golden()
    sealed = seal(DATE, [envelope])
    page = InstructionPage(batch=sealed.batch, date=DATE, first=1, instructions=(envelope,))
    import msgspec

    await exchange.send_page(page)
    assert (await exchange.send_page(page)).received == 1
    for name, value in (("count", 2), ("quantity_t", 1), ("amount_fen", 1), ("hash", "0" * 64)):
        wrong = msgspec.structs.replace(sealed, **{name: value})
        fault = await refusal(exchange.seal_batch(wrong))
        assert (fault.code, fault.path) == ("DATA", f"$.{name}")
    result = await exchange.seal_batch(sealed)
    assert result == await exchange.seal_batch(sealed)
    assert [row.code for row in result.rejections] == ["SAFE"]  # nobody opened these accounts
    other = BatchConfirm(batch=sealed.batch, result_hash="0" * 64)
    assert (await refusal(exchange.confirm_batch(other))).code == "REFE"


async def test_the_same_tx_id_with_another_content_is_an_alarm(registry: Registry) -> None:
    import msgspec

    from clearing.instructions import instruct

    page = InstructionPage(batch="B2026010501", date=DATE, first=1, instructions=(golden(),))
    await registry.exchange.send_page(page)
    other = instruct(msgspec.structs.replace(TRADE, quantity_t=601), SELLER, BUYER, MARKET, 1, 0)
    wrong = msgspec.structs.replace(page, instructions=(other,))
    fault = await refusal(registry.exchange.send_page(wrong))
    assert (fault.status, fault.code) == (409, "REFE")
    assert fault.path == "$.instructions[0].SctiesSttlmTxInstr.TxId"


async def test_nobody_there_is_unavailable_and_not_refused(tmp_path: Path) -> None:
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    async with RegistryClient(f"http://127.0.0.1:{port}", "x") as client:
        with pytest.raises(RegistryUnavailable, match="no answer from the registry"):
            await client.health()
