"""A Faust command without an event loop."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, NoReturn

import click
from faust.cli import AppCommand
from faust.cli.agents import agents as Agents  # noqa: N812

from stampapp.display.lines import escape_bytes
from stampapp.errors import StampError


class PlainCommand(AppCommand):
    """A command without an event loop. A StampError becomes a line on stderr and exit code 2."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run and exit with what `run` returns."""
        # aiokafka's own log would only repeat what the command reports in the end.
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())
        try:
            code = self.run(*self.args, *args, **{**self.kwargs, **kwargs})
        except StampError as error:
            click.echo(escape_bytes(f"error: {error}"), err=True)
            code = 2
        except (KeyboardInterrupt, BrokenPipeError):
            # The reader of stderr is gone: closed, it cannot fail when Python flushes it.
            sys.stderr.close()
            code = 1
        raise SystemExit(code)


class agents(Agents):  # noqa: N801  # the class is the command's name
    """List agents."""

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """List the agents without a worker, which Faust would start and slowly stop."""
        asyncio.run(self.execute(*self.args, *args, **self.kwargs, **kwargs))
        raise SystemExit(0)
