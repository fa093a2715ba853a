"""`python -m stampapp.demo`: everything runs until Ctrl-C, and nothing is left behind."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from stampapp.broker import embedded_broker
from stampapp.commands.classify import find
from stampapp.demo import stage
from stampapp.demo.crew import SECOND_LOOK, Worker, model_folder, running_worker
from stampapp.demo.replay import Replayed, replay
from stampapp.demo.stage import Result
from stampapp.demo.table import Table
from stampapp.errors import ConfigError, StampError

SCRATCH = Path(".demo")
SHIPPED_MODEL = Path("model/ztf")
_MISSING = """\
the repository ships no alerts and no model yet: pass both, for example
  make demo ALERTS=../shared/data/ztf_sorting_hat.avro MODEL=../shared/data/ztf_model_2020-06.zip
ALERTS is an Avro file of alerts or a folder of such files; MODEL is the published model.zip, its
unpacked folder, or a folder that import-model has made."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns 0 when it was stopped, 2 on a wrong argument, 1 on a failure."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a bar need not fit
    options = _options(arguments)
    try:
        return _perform(options, Console(highlight=False))
    except KeyboardInterrupt:
        print("Stopped: worker, broker and all that they held are gone.")
        return 0
    except StampError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stampapp.demo", description=__doc__)
    parser.add_argument("--alerts", type=Path, help="an Avro file of alerts, or a folder")
    parser.add_argument("--model", type=Path, help="model.zip, its folder, or a model folder")
    parser.add_argument("--count", type=_positive, help="stop after so many results")
    parser.add_argument("--rate", type=_positive, default=5, help="alerts per second (default: 5)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("a number above 0 is expected")
    return number


def _perform(options: argparse.Namespace, console: Console) -> int:
    model = options.model or (SHIPPED_MODEL if SHIPPED_MODEL.is_dir() else None)
    if options.alerts is None or model is None:
        raise ConfigError(_MISSING)
    files = find([options.alerts])
    console.print(f"Model: {model}")
    folder = model_folder(model, SCRATCH.resolve())
    with embedded_broker() as bootstrap:
        asyncio.run(stage.create_topics(bootstrap))
        settings = stage.worker_settings(bootstrap, str(folder))
        with running_worker(settings, SCRATCH.resolve()) as worker:
            console.print(
                f"Broker on {bootstrap}; the worker starts, its log: {SCRATCH}/worker.log"
            )
            worker.wait_until_ready()
            asyncio.run(_play(bootstrap, worker, replay(files), options, Table(console)))
            console.print(f"Stopping after {options.count} results.")
    return 0


async def _play(
    bootstrap: str,
    worker: Worker,
    messages: Iterator[Replayed],
    options: argparse.Namespace,
    table: Table,
) -> None:
    async with stage.results(bootstrap) as results:
        counted = _counted(messages, table)
        with table:
            await _first_of(
                stage.publish(bootstrap, counted, options.rate),
                _show(results, table, options.count),
                _watch(worker),
            )


def _counted(messages: Iterator[Replayed], table: Table) -> Iterator[Replayed]:
    for message in messages:
        yield message
        table.published += 1


async def _show(results: AsyncIterator[Result], table: Table, count: int | None) -> None:
    async for result in results:
        table.add(result)
        if count and table.shown >= count:
            return


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run all, end all when one has ended, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


async def _watch(worker: Worker) -> None:
    while True:
        worker.check()
        await asyncio.sleep(SECOND_LOOK)


if __name__ == "__main__":
    sys.exit(main())
