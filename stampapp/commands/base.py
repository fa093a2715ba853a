"""A Faust command without an event loop."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, NoReturn

import click
from faust.cli import AppCommand
from faust.cli.agents import agents as Agents  # noqa: N812

from stampapp.errors import StampError


class PlainCommand(AppCommand):
    """A command that needs no event loop; a StampError is told in a line, with exit code 2."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run and exit with what `run` returns."""
        # The clients' own complaints would only double what the command says in the end.
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())
        try:
            code = self.run(*self.args, *args, **{**self.kwargs, **kwargs})
        except StampError as error:
            click.echo(f"error: {error}", err=True)
            code = 2
        except (KeyboardInterrupt, BrokenPipeError):
            # Nobody reads on; keep the interpreter from complaining when it flushes.
            sys.stderr.close()
            code = 1
        raise SystemExit(code)


class agents(Agents):  # noqa: N801  # the class is the command's name
    """List agents."""

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Answer at once: Faust runs this in a worker, whose end takes a second."""
        asyncio.run(self.execute(*self.args, *args, **self.kwargs, **kwargs))
        raise SystemExit(0)
