"""The type of paths on the command line."""

from __future__ import annotations

import os
from pathlib import Path

import click


class GivenPath(click.Path):
    """A path. An empty one is refused: as a Path it would be the working directory."""

    def __init__(self, *, dir_okay: bool = True) -> None:
        super().__init__(path_type=Path, dir_okay=dir_okay)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the path; fail if it is empty."""
        if not os.fspath(value):
            self.fail("it is empty: name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)
