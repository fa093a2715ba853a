"""The worker process: its start, its exit codes, and a time limit for its shutdown."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import faust
from faust.cli import worker as faust_worker
from faust.cli.base import DEFAULT_LOGLEVEL
from faust.exceptions import AlreadyConfiguredWarning

from stampapp.config import settings as worker_settings
from stampapp.config.environment import environment_reader
from stampapp.errors import ConfigError
from stampapp.monitoring import json_logs, log_filters

log = logging.getLogger(__name__)
# Seconds until the process is killed. That is safe: no unconfirmed offset is committed.
SHUTDOWN_TIMEOUT = 9.0
# Seconds.
CANCELLED_WITHIN = 1.0
EX_CONFIG = 2


class StampWorker(faust.Worker):
    """Faust's worker with exit codes for a supervisor and a time limit for its shutdown."""

    def __init__(self, stamp_app: Any, *args: Any, **kwargs: Any) -> None:
        # Before anything is written, errors in the settings included.
        self.as_json = worker_settings.log_format(environment_reader()) == worker_settings.JSON
        if self.as_json:
            json_logs.capture_output()
            kwargs |= {"stdout": sys.stdout, "stderr": sys.stderr}
        try:
            settings = stamp_app.runtime.required_settings()
            _reserve_port(stamp_app)
        except ConfigError as error:
            sys.exit(self._report_config_error(error))
        if kwargs.get("loglevel") in (None, DEFAULT_LOGLEVEL):
            kwargs["loglevel"] = settings.log_level
        # Whether to show people what Faust and its libraries report about themselves.
        self.library_logs = not self.as_json and kwargs["loglevel"].upper() == "DEBUG"
        kwargs["quiet"] = not self.library_logs
        self._signal: signal.Signals | None = None
        super().__init__(stamp_app, *args, **kwargs)

    def execute_from_commandline(self) -> NoReturn:
        """Run until stopped: exit code 0, 2 for wrong settings, 1 for other failures."""
        try:
            super().execute_from_commandline()
        except (SystemExit, asyncio.CancelledError) as end:
            # A crash cancels tasks: the crash is the reason to report.
            code = self._exit_code(end.code if isinstance(end, SystemExit) else 1)
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        # sys.exit would wait for threads, and one may still be importing TensorFlow.
        os._exit(code)

    def _exit_code(self, planned: object) -> int:
        reason = self.app.runtime.failure or self.crash_reason  # type: ignore[attr-defined]
        if isinstance(reason, ConfigError):
            return self._report_config_error(reason)
        if reason:
            log_filters.print_final_message(
                f"stampapp stops: {str(reason) or repr(reason)}", as_json=self.as_json
            )
            return 1
        code = planned if isinstance(planned, int) else 0
        if code == 0:
            by = f" by {self._signal.name}" if self._signal else ""
            total = self.app.runtime.counts.total  # type: ignore[attr-defined]
            log.info("Stopped%s after %d messages", by, total)
        return code

    def _report_config_error(self, error: ConfigError) -> int:
        log_filters.print_final_message(f"stampapp cannot start: {error}", as_json=self.as_json)
        return EX_CONFIG

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        """Install the filters and formats of stampapp.monitoring."""
        # Faust's spinner would replace the log where only warnings are logged.
        self.spinner = None
        super().on_setup_root_logger(logger, level)
        log_filters.install_filters(
            logger, as_json=self.as_json, library_logs=self.as_json or self.library_logs
        )

    def on_worker_shutdown(self) -> None:
        """Limit the time of the shutdown after a failure; signals do it in _schedule_shutdown."""
        _force_exit_after(SHUTDOWN_TIMEOUT, self._exit_code)
        super().on_worker_shutdown()

    def _schedule_shutdown(self, received: signal.Signals) -> None:
        self._signal = self._signal or received
        _force_exit_after(SHUTDOWN_TIMEOUT, self._exit_code)
        super()._schedule_shutdown(received)

    async def _sentinel_task(self) -> None:
        """Wait until the tasks that were cancelled have ended, at most CANCELLED_WITHIN."""
        # Faust always waits for a second.
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=CANCELLED_WITHIN)


def _reserve_port(stamp_app: Any) -> None:
    conf = stamp_app.conf
    if conf.web_enabled:
        stamp_app.reservation = reserve_port(conf.web_bind, conf.web_port)
        port = stamp_app.reservation.getsockname()[1]
        with warnings.catch_warnings():
            # Faust warns when a setting changes after its use; nothing has used this one yet.
            warnings.simplefilter("ignore", AlreadyConfiguredWarning)
            conf.web_port = port
            conf.canonical_url = f"http://{conf.web_host}:{port}"


def reserve_port(host: str, first: int, tries: int = 100) -> socket.socket:
    """Reserve the first free port from `first` on: a host may run several workers.

    The socket holds it until the web server starts, which is after the model is loaded.
    """
    for port in range(first, min(first + tries, 65536)):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        reservation = socket.socket(family)
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reservation.bind((host, port))
            # Only a listening socket keeps other processes off the port.
            reservation.listen()
        except OSError:
            reservation.close()
            continue
        return reservation
    raise ConfigError(f"WEB_PORT: no port from {first} on is free on {host}")


def _force_exit_after(seconds: float, exit_code: Callable[[object], int]) -> None:
    def end() -> None:
        log.critical("The worker has not stopped in %g s and is ended", seconds)
        os._exit(exit_code(1))

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


class worker(faust_worker.worker):  # noqa: N801  # Faust's command line calls a command by its class
    """Start a worker that classifies alerts."""

    def on_worker_created(self, worker: Any) -> None:
        """Show Faust's banner, where its messages are shown to people."""
        if worker.library_logs:
            super().on_worker_created(worker)
