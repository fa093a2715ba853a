"""`python -m stampapp` is `faust -A stampapp`."""

from __future__ import annotations

import sys

from faust.cli.faust import cli

if __name__ == "__main__":
    sys.argv[1:1] = ["-A", "stampapp"]
    cli()
