"""The report of a day's clearing and reconciliation: one value, as JSON and as text in two languages."""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from clearing.gather_sides import Gathered
from clearing.lifecycle import State
from clearing.reconcile import Break, Level, Reconciliation
from clearing.store import InstructionRow, Store
from engine.units import format_yuan

MARK: Final = "演示/仿真 · simulation, not a document of the real exchange, registry or bank"
Language = Literal["zh", "en"]


class Failure(Struct, frozen=True, kw_only=True):
    """One trade that could not be settled, and the earlier ones that caused it."""

    tx_id: str
    trade: int
    code: str
    because_of: tuple[str, ...]
    product: str
    quantity_t: int
    amount_fen: int


class DayReport(Struct, frozen=True, kw_only=True):
    """A day's clearing: settled, failed, and whether exchange, registry and bank agree."""

    mark: str
    date: str
    agrees: bool
    instructions: int
    settled: int
    settled_quantity_t: int
    settled_amount_fen: int
    failed: int
    failed_quantity_t: int
    failed_amount_fen: int
    seal_hash: str
    result_hash: str
    outcome_hash: str
    registry_txn: int
    registry_hash: str
    bank_pool_fen: int
    movements_waiting: int
    """Movements of accounts that no admitted participant has; on the registry's side only."""
    levels: tuple[Level, ...]
    breaks_found: int
    breaks: tuple[Break, ...]
    failures: tuple[Failure, ...]


def day_report(store: Store, gathered: Gathered, result: Reconciliation) -> DayReport:
    """Return the report of a day that has been reconciled."""
    rows = store.instructions(result.date)
    settled = [row for row in rows if row.state is State.SETTLED]
    failed = [row for row in rows if row.state is not State.SETTLED]
    return DayReport(
        mark=MARK,
        date=result.date,
        agrees=result.agrees,
        instructions=len(rows),
        settled=len(settled),
        settled_quantity_t=sum(row.quantity_t for row in settled),
        settled_amount_fen=_amount(settled),
        failed=len(failed),
        failed_quantity_t=sum(row.quantity_t for row in failed),
        failed_amount_fen=_amount(failed),
        seal_hash=store.sealed(result.date).hash,
        result_hash=store.cleared(result.date).hash,
        outcome_hash=store.day(result.date).outcome_hash,
        registry_txn=gathered.snapshot.txn,
        registry_hash=gathered.snapshot.hash,
        bank_pool_fen=gathered.snapshot.pool_fen,
        movements_waiting=len(gathered.waiting),
        levels=result.levels,
        breaks_found=result.breaks_found,
        breaks=result.breaks,
        failures=tuple(
            Failure(
                tx_id=row.tx_id,
                trade=row.trade,
                code=row.code,
                because_of=row.because_of,
                product=row.product,
                quantity_t=row.quantity_t,
                amount_fen=row.quantity_t * row.price_fen,
            )
            for row in failed
        ),
    )


def _amount(rows: Iterable[InstructionRow]) -> int:
    return sum(row.quantity_t * row.price_fen for row in rows)


def encode_report(report: DayReport) -> bytes:
    """Return the report as JSON; the same report gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


LEVEL_NAMES: Final = {
    "zh": ("0 传输与控制总数", "1 分产品与资金合计", "2 账户 × 产品", "3 逐笔指令"),
    "en": ("0 transport and control sums", "1 totals", "2 account × product", "3 instructions"),
}


def report_text(report: DayReport, language: Language) -> str:
    """Return the report as text for people."""
    lines = _head_zh(report) if language == "zh" else _head_en(report)
    word = "比较 {0} 项,差异 {1} 项" if language == "zh" else "{0} compared, {1} differ"
    for level, name in zip(report.levels, LEVEL_NAMES[language], strict=True):
        lines.append(f"  {name}: {word.format(level.compared, level.breaks)}")
    because = "缘于" if language == "zh" else "because of"
    for row in report.failures:
        chain = f" ({because} {', '.join(row.because_of)})" if row.because_of else ""
        amount = format_yuan(row.amount_fen)
        lines.append(
            f"  {row.tx_id} {row.code}{chain}: {row.product} {row.quantity_t:,} t, {amount}"
        )
    for found in report.breaks:
        suspects = f" ← {', '.join(found.suspects)}" if found.suspects else ""
        bank = f" | {found.bank}" if found.bank else ""
        lines.append(
            f"  #{found.number} L{found.level} {found.kind} {found.key}:"
            f" {found.exchange} | {found.registry}{bank}{suspects}"
        )
    return "\n".join(lines) + "\n"


def _head_zh(report: DayReport) -> list[str]:
    verdict = "三方一致,零差异" if report.agrees else f"存在 {report.breaks_found} 项差异"
    return [
        report.mark,
        f"清算交收与三方对账报告  {report.date}",
        f"交收指令 {report.instructions:,} 笔(逐笔全额,货银对付)",
        (
            f"  已交收 {report.settled:,} 笔  {report.settled_quantity_t:,} 吨  {format_yuan(report.settled_amount_fen)} 元"
        ),
        (
            f"  交收失败 {report.failed:,} 笔  {report.failed_quantity_t:,} 吨  {format_yuan(report.failed_amount_fen)} 元"
        ),
        (
            f"结算资金专用账户余额 {format_yuan(report.bank_pool_fen)} 元;未准入账户的划转 {report.movements_waiting} 笔(仅在登记系统一侧)"
        ),
        f"交易所 | 登记系统 | 银行: {verdict}",
    ]


def _head_en(report: DayReport) -> list[str]:
    verdict = (
        "all agree, zero differences" if report.agrees else f"{report.breaks_found} differences"
    )
    return [
        report.mark,
        f"Clearing, settlement and three-way reconciliation  {report.date}",
        f"{report.instructions:,} instructions (gross, delivery versus payment)",
        (
            f"  settled {report.settled:,}  {report.settled_quantity_t:,} t  {format_yuan(report.settled_amount_fen)} yuan"
        ),
        (
            f"  failed {report.failed:,}  {report.failed_quantity_t:,} t  {format_yuan(report.failed_amount_fen)} yuan"
        ),
        (
            f"settlement-funds account {format_yuan(report.bank_pool_fen)} yuan; movements of accounts not admitted: {report.movements_waiting} (registry side only)"
        ),
        f"exchange | registry | bank: {verdict}",
    ]


def status_text(status: dict[str, Any]) -> str:
    """Return the answer of /status as text for people."""
    exchange, registry, moves = status["exchange"], status["registry"], status["movements"]
    lines = [
        status["mark"],
        f"exchange {exchange['url']}: {exchange['state']}, stored up to {exchange['cursor']}",
        f"registry {registry['url']}: {registry['state']}",
        "movements: " + ", ".join(f"{count} {state.lower()}" for state, count in moves.items()),
    ]
    for day in status["days"]:
        counts = f"{day['settled']} settled, {day['failed']} failed, {day['breaks']} breaks"
        problem = f"; {day['problem']}" if day["problem"] else ""
        lines.append(f"  {day['date']} {day['state']}: {counts}{problem}")
    return "\n".join(lines)
