"""What a client can tell beside orders: control by two persons, halts, keys, the stop of own trading."""

from collections.abc import Sequence

from engine.commands import (
    Action,
    AllowTrading,
    Approve,
    Halt,
    HaltScope,
    Method,
    Propose,
    Reject,
    Resume,
    RevokeKey,
    RotateKey,
    SetOwnLimits,
    StopTrading,
)
from gateway import wire
from gateway.client_answer import Answer, Submitting


class Control(Submitting):
    """Verbs of operators, administrators and risk officers."""

    async def propose(self, actions: Sequence[Action], reason: str) -> Answer:
        """Propose control actions (operator); `ProposalMade` names the proposal."""
        return await self.submit(Propose(actions=tuple(actions), reason=reason))

    async def approve(self, proposal: int) -> Answer:
        """Approve another person's proposal (operator); the events of its actions follow."""
        return await self.submit(Approve(proposal=proposal))

    async def reject(self, proposal: int, reason: str) -> Answer:
        """Reject a proposal or take back one's own (operator)."""
        return await self.submit(Reject(proposal=proposal, reason=reason))

    async def halt(
        self,
        scope: HaltScope,
        explanation: str,
        *,
        method: Method = Method.LISTED,
        product: str = "",
        participant: int = 0,
    ) -> Answer:
        """Halt at once (operator, 暂停交易); `Halted` names the halt that somebody else resumes."""
        return await self.submit(
            Halt(
                scope=scope,
                explanation=explanation,
                method=method,
                product=product,
                participant=participant,
            )
        )

    async def resume(self, halt: int, explanation: str) -> Answer:
        """End another operator's halt (operator, 恢复交易)."""
        return await self.submit(Resume(halt=halt, explanation=explanation))

    async def advance_clock(self, time_ns: int) -> int:
        """Move the driven clock of a simulated market (operator); return exchange time after it."""
        reply = await self._ask(
            lambda n: wire.AdvanceClock(id=n, to_time_ns=time_ns), wire.ClockAdvanced
        )
        return reply.time_ns

    async def rotate_key(self, public_key: str) -> Answer:
        """Enrol the next key of this person; the old one holds on until it is revoked (轮换)."""
        return await self.submit(RotateKey(public_key=public_key))

    async def revoke_key(self, key: int, explanation: str) -> Answer:
        """End a key for good; its connections are closed (吊销)."""
        return await self.submit(RevokeKey(key=key, explanation=explanation))

    async def set_own_limits(self, key: int, order_max_t: int, explanation: str) -> Answer:
        """Limit one order of a key to so many tonnes, 0 = no limit (risk, administrator, operator)."""
        return await self.submit(
            SetOwnLimits(key=key, order_max_t=order_max_t, explanation=explanation)
        )

    async def stop_trading(self, explanation: str) -> Answer:
        """Cancel all orders of the own participant and take no new ones, at once (停止本方交易)."""
        return await self.submit(StopTrading(explanation=explanation))

    async def allow_trading(self, explanation: str) -> Answer:
        """End the stop that another person of the participant made."""
        return await self.submit(AllowTrading(explanation=explanation))
