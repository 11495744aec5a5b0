"""The load of the gateway's benchmark, in a process of its own: raw sockets, one job, one result.

    python -m bench.gateway_load < job.json

The job is a `Job`, the answer a `Result`, both JSON. What is measured begins after `warm_s`.
"""

import random
import sys
import time
from itertools import accumulate
from typing import Final

import msgspec

from bench.gateway_client import Job, Load, Meter, Result
from bench.gateway_meter import memory_bytes
from bench.gateway_socket import LoadFailed, framed

NAP_S: Final = 0.0001
"""Longest pause of an open load between looking at the clock and at the sockets."""
READ_S: Final = 0.02
"""How often readers look: often enough that nobody waits for them, not so often that it costs a core."""
SETTLE_S: Final = 10.0
"""What answers get that are still outstanding when an open load has sent everything."""
IDLE_S: Final = 3.0


def closed(load: Load) -> Result:
    """Keep so many orders in flight on each connection."""
    for one in load.trading:
        one.send(load.job.in_flight)
    load.until(time.perf_counter() + load.job.warm_s)
    meter = Meter(load)
    load.until(time.perf_counter() + load.job.seconds)
    return meter.result()


def opened(load: Load) -> Result:
    """Send at times that were drawn before, whatever the server does meanwhile."""
    job, dice = load.job, random.Random(load.job.seed)  # noqa: S311 - arrivals, not secrets
    count, warm = int(job.rate * (job.warm_s + job.seconds)), int(job.rate * job.warm_s)
    begin = time.perf_counter() + NAP_S
    due = list(accumulate((dice.expovariate(job.rate) for _ in range(count)), initial=begin))[1:]
    load.arrived = [0.0] * count
    place, lanes, meter = 0, len(load.trading), Meter(load)
    while place < count:
        now = time.perf_counter()
        while place < count and due[place] <= now:
            if place == warm:
                meter = Meter(load)
            load.trading[place % lanes].send()
            place += 1
        if not load.turn(0) and place < count:
            time.sleep(min(NAP_S, max(0.0, due[place] - time.perf_counter())))
    result = meter.result()
    deadline = time.perf_counter() + SETTLE_S
    while load.acks + load.turned_away < count and time.perf_counter() < deadline:
        load.turn(0.1)
    # What never came, or was turned away, has waited until now at least.
    late = time.perf_counter()
    spans = [(at or late) - planned for at, planned in zip(load.arrived, due, strict=True)]
    result.turned_away = load.turned_away
    result.latencies_us = [int(1e6 * span) for span in spans[warm:]]
    return result


def fanned(load: Load) -> Result:
    """Change the book at a rate, and count what its readers get."""
    job, sender = load.job, load.trading[0]
    text = framed(b"fan" + b"." * (job.fan_bytes - 3))
    due_s = start = time.perf_counter()
    meter: Meter | None = None
    # A load that was held up for all this time measures a moment at least.
    while (now := time.perf_counter()) < start + job.warm_s + job.seconds or meter is None:
        if meter is None and now >= start + job.warm_s:
            meter = Meter(load)
        if now >= due_s:
            due_s += 1 / job.rate
            if job.is_echo:
                sender.socket.send(text)
            else:
                sender.send()
        load.turn(0)
        time.sleep(max(0.0, min(READ_S, due_s - time.perf_counter())))
    assert meter is not None, "the measured time has begun"
    return meter.result()


def idle(load: Load) -> Result:
    """Be logged in and do nothing but answer pings."""
    meter = Meter(load)
    load.until(time.perf_counter() + IDLE_S)
    result = meter.result()
    result.memory_after = memory_bytes(load.job.pid)
    return result


def main() -> int:
    """Do the job on standard input and print its result."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    before = memory_bytes(job.pid)
    try:
        load = Load(job)
        kinds = {"closed": closed, "open": opened, "fan": fanned, "idle": idle}
        result = kinds[job.kind](load)
        load.close()
    except (LoadFailed, OSError) as error:
        print(f"the load failed: {error}", file=sys.stderr)
        return 1
    result.memory_before = before
    sys.stdout.buffer.write(msgspec.json.encode(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
