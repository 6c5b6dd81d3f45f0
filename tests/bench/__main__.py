"""`make bench`: one table of what each kind of request costs."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from tests.bench import rows
from tests.bench.cost import Cost, measure, median
from tests.support.postgres import Databases, PostgresServer, free_port
from tests.support.server import serving, stop, wait_until_answers
from tests.support.stores import Templates
from tests.support.valkey_process import ValkeyProcess

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place: the scene, and the process trees to watch."""

    scene: rows.Scene
    provider: Mapping[str, Sequence[int]]
    yardstick: Mapping[str, Sequence[int]]


def main() -> None:
    """Measure, and print as it goes."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="idp-bench-") as directory, _place(Path(directory), asked) as place:
        click.echo(
            f"{asked.clients} clients, {asked.workers} workers, {asked.repetitions} x {asked.seconds:g} s a row\n"
        )
        click.echo("CPU ms per unit          provider  databases     total   x bare   units/s   p50 ms")
        for name in asked.rows or rows.ROWS:
            cost, yardstick = _in_turns(name, place, asked)
            _print(name, cost, yardstick)
        _print("bare Flask answer", yardstick, yardstick)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("rows", nargs="*", choices=[*rows.ROWS, []], help="all when none is named")
    return parser.parse_args()


def _in_turns(name: str, place: Place, asked: argparse.Namespace) -> tuple[Cost, Cost]:
    """Measure a row and the yardstick one after the other, several times."""
    units = [rows.ROWS[name](place.scene) for _ in range(asked.clients)]
    bare = [rows.bare(place.scene) for _ in range(asked.clients)]
    costs, yardsticks = [], []
    for _ in range(asked.repetitions):
        yardsticks.append(measure(bare, asked.seconds, place.yardstick))
        costs.append(measure(units, asked.seconds, place.provider))
    place.scene.server.close_browsers()
    return median(costs), median(yardsticks)


def _print(name: str, cost: Cost, yardstick: Cost) -> None:
    databases = cost.total - cost.cpu["server"]
    click.echo(
        f"{name:<22} {cost.cpu['server']:>10.2f} {databases:>10.2f} {cost.total:>9.2f} {cost.total / yardstick.total:>8.1f}"
        f" {cost.rate:>9.0f} {cost.latency:>8.1f}"
    )


@contextmanager
def _place(directory: Path, asked: argparse.Namespace) -> Iterator[Place]:
    """Start everything; stop everything."""
    with ExitStack() as stack:
        postgres = PostgresServer()
        stack.callback(postgres.remove)
        postgres.start()
        valkey = stack.enter_context(ValkeyProcess(directory / "valkey"))
        store = Templates(directory).postgres(Databases(postgres.url()), valkey.url)
        server = stack.enter_context(serving(store, directory, workers=asked.workers))
        bare, address = stack.enter_context(_bare(asked.workers))
        world = server.new_world()
        zon = world.tenant("de-zon", security_code=False)
        scene = rows.Scene(
            server,
            world,
            client=world.client("books"),
            machine=world.client("robot", grant_types=["client_credentials"], redirect_uris=[], scope="books"),
            tenant=zon,
            bare=address,
        )
        databases = [process.pid for process in (postgres.process, valkey.process) if process]
        yield Place(scene, {"server": [server.pid], "databases": databases}, {"server": [bare.pid]})


@contextmanager
def _bare(workers: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve the yardstick with the same web server."""
    port = free_port()
    program = str(Path(sys.executable).with_name("granian"))
    options = ["--interface", "wsgi", "--port", str(port), "--workers", str(workers), "--no-ws", "--log-level", "error"]
    process = subprocess.Popen([program, *options, "tests.bench.bare:application"], cwd=REPOSITORY)
    try:
        wait_until_answers(f"http://127.0.0.1:{port}/", process)
        yield process, f"http://127.0.0.1:{port}/"
    finally:
        stop(process)


if __name__ == "__main__":
    main()
