"""Drives one row and says what it cost.

clients ──unit──▶ server ──▶ databases          CPU seconds of each process tree, before and after
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

import psutil

Unit = Callable[[], None]
"""One request or flow; raises when the answer is not the right one."""

WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one row: CPU milliseconds a unit by process tree, units a second, and the latency's middle in milliseconds."""

    cpu: Mapping[str, float]
    rate: float
    latency: float

    @property
    def total(self) -> float:
        """CPU milliseconds a unit of all processes."""
        return sum(self.cpu.values())


def median(costs: Sequence[Cost]) -> Cost:
    """The repetition whose CPU time lies in the middle."""
    return sorted(costs, key=lambda cost: cost.total)[len(costs) // 2]


def measure(units: Sequence[Unit], seconds: float, watched: Mapping[str, Sequence[int]]) -> Cost:
    """Run each unit over and over in a thread of its own; `watched` names the process trees by their roots."""
    for unit in units:
        for _ in range(WARM_UP):
            unit()
    over = Event()
    before, began = _cpu(watched), time.perf_counter()
    with ThreadPoolExecutor(len(units)) as threads:
        running = [threads.submit(_repeat, unit, over) for unit in units]
        over.wait(seconds)
        over.set()
        latencies = [latency for result in running for latency in result.result()]
    lasted = time.perf_counter() - began
    used = {name: spent - before[name] for name, spent in _cpu(watched).items()}
    return Cost(
        cpu={name: 1000 * spent / len(latencies) for name, spent in used.items()},
        rate=len(latencies) / lasted,
        latency=1000 * statistics.median(latencies),
    )


def _repeat(unit: Unit, over: Event) -> list[float]:
    latencies = []
    while not over.is_set():
        began = time.perf_counter()
        unit()
        latencies.append(time.perf_counter() - began)
    return latencies


def _cpu(watched: Mapping[str, Sequence[int]]) -> dict[str, float]:
    return {name: sum(map(_of_tree, roots)) for name, roots in watched.items()}


def _of_tree(root: int) -> float:
    """The CPU seconds of a process, of its living children, and of those that it has buried."""
    process = psutil.Process(root)
    family = [process, *process.children(recursive=True)]
    return float(sum(sum(times[:4]) for times in _times(family)))  # user and system, its own and its buried children's


def _times(family: Sequence[psutil.Process]) -> list[Any]:
    times = []
    for process in family:
        try:
            times.append(process.cpu_times())
        except psutil.NoSuchProcess:
            continue
    return times
