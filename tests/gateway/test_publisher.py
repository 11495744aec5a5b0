"""How many write in one turn of the loop: an order never waits for a hundred readers of a book."""

import asyncio

from engine.exchange import Exchange
from gateway.door import Acceptance, Watcher
from gateway.feed import Feed
from gateway.history import History
from gateway.publisher import WRITES_PER_TURN, Publisher
from gateway.reader import Reader
from tests.markets import national


class Door:
    acceptance = Acceptance("all")

    def watch(self, watcher: Watcher) -> None:
        pass


class Listener:
    reader: Reader | None = None
    is_gathering = False

    def __init__(self, written: "list[Listener]") -> None:
        self._written = written

    def write(self) -> None:
        self._written.append(self)


async def test_readers_write_in_turns_each_once_and_none_that_left() -> None:
    exchange, written = Exchange(national()), list[Listener]()
    publisher = Publisher(Feed(exchange, History(national())), exchange, Door(), interval_s=0.02)
    readers = [Listener(written) for _ in range(2 * WRITES_PER_TURN + 2)]
    for reader in readers:
        publisher.entered(reader)
    publisher.stop_accepting()  # a status that everybody reads
    assert len(written) == WRITES_PER_TURN
    first = list(written)
    publisher.stop_accepting()  # told again while others still wait: those go on, the first come behind
    gone = next(reader for reader in readers if reader not in first)
    publisher.left(gone)
    while len(written) < len(first) + len(readers) - 1:
        before = len(written)
        await asyncio.sleep(0)
        assert 0 < len(written) - before <= WRITES_PER_TURN
    await asyncio.sleep(0)
    assert len(written) == len(first) + len(readers) - 1
    assert gone not in written
    assert set(written[len(first) :]) == set(readers) - {gone}


async def test_one_that_breaks_in_a_later_turn_stops_nobody_else() -> None:
    exchange, written = Exchange(national()), list[Listener]()
    publisher = Publisher(Feed(exchange, History(national())), exchange, Door(), interval_s=0.02)
    readers = [Listener(written) for _ in range(2 * WRITES_PER_TURN)]

    def breaks() -> None:
        raise ConnectionError

    for reader in readers:
        publisher.entered(reader)
    publisher.stop_accepting()
    broken = next(reader for reader in readers if reader not in written)
    broken.write = breaks  # type: ignore[method-assign]
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(told) == 1
    assert set(written) == set(readers) - {broken}


async def test_whose_answer_leaves_in_this_turn_does_not_wait_for_a_turn_of_its_own() -> None:
    exchange, written = Exchange(national()), list[Listener]()
    publisher = Publisher(Feed(exchange, History(national())), exchange, Door(), interval_s=0.02)
    readers = [Listener(written) for _ in range(3 * WRITES_PER_TURN)]
    for reader in readers:
        publisher.entered(reader)
    publisher.stop_accepting()
    waiting = [reader for reader in readers if reader not in written]
    answered = waiting[-2:]
    for reader in answered:
        reader.is_gathering = True
    publisher.stop_accepting()
    assert set(written[WRITES_PER_TURN:]) == set(answered), "at once, though others still wait"
    for _ in range(4):
        await asyncio.sleep(0)
    assert all(written.count(reader) == 1 for reader in waiting), "and not again in a later turn"
