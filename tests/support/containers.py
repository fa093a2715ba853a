"""Containers of the image `stampapp-tested`, run by docker or podman on the host's network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = "stampapp-tested"
# deploy/build-image.sh makes it from Debian's packages.
DEBIAN_BASE = "stampapp-base"
REGISTRY_BASE = re.search(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
# Named here, the working folder must be in the image, as for Kubernetes.
AS_IN_PRODUCTION = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--workdir=/app",
    "--network=host",
)
# An unprivileged podman may not ask for more than this machine allows, which it does by default.
PODMAN_CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "{runtime}"
"""


class Engine:
    """Docker or podman."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        config = folder / "containers.conf"
        # crun does not know the control groups of every machine.
        config.write_text(PODMAN_CONFIG.format(runtime="runc" if shutil.which("runc") else "crun"))
        self.environment = {"CONTAINERS_CONF": str(config)}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, target: str = "worker", image: str = IMAGE) -> None:
        """Build the image, as `make image` does. Skips where no base is to be had."""
        arguments = (*self._base(), "--target", target, "--tag", image)
        done = subprocess.run(
            [ROOT / "deploy" / "build-image.sh", *arguments],
            env=os.environ | self.environment | {"ENGINE": self.program},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def run_command(self, name: str, settings: Iterable[str]) -> list[str]:
        """The command that runs a worker in a container, with these variables passed on to it."""
        passed = [f"--env={key}" for key in settings]
        return [self.program, "run", "--name", name, *AS_IN_PRODUCTION, *passed, IMAGE]

    def layers(self, image: str = IMAGE) -> list[tuple[float, str]]:
        """The layers of the image that hold files, the base first: megabytes, and what made it."""
        listed = self("history", "--no-trunc", "--format={{.Size}}\t{{.CreatedBy}}", image).stdout
        rows = [line.split("\t", 1) for line in reversed(listed.splitlines())]
        sizes = [(_megabytes(size), made_by) for size, made_by in rows]
        return [(size, made_by) for size, made_by in sizes if size]

    def health_check(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the image's own health check in a container, without waiting for its interval."""
        found = self("inspect", "--type=image", "--format={{json .Config.Healthcheck.Test}}", IMAGE)
        kind, *command = json.loads(found.stdout)
        assert kind == "CMD"
        return self("exec", *options, name, *command)

    def _base(self) -> tuple[str, ...]:
        if self("image", "inspect", DEBIAN_BASE).returncode == 0:
            compiler = "COMPILER=g++ python3-dev"
            return ("--build-arg", f"BASE={DEBIAN_BASE}", "--build-arg", compiler)
        assert REGISTRY_BASE
        if self("pull", REGISTRY_BASE[1]).returncode == 0:
            return ()
        if not shutil.which("mmdebstrap"):
            pytest.skip("no image: no registry is reached, and there is no mmdebstrap")
        return ("--debian",)


def _megabytes(size: str) -> float:
    """Read "5.61 MB" of podman or "5.61MB" of docker."""
    found = re.fullmatch(r"([\d.]+) ?([kMG]?)B", size)
    assert found, size
    return float(found[1]) * {"": 1e-6, "k": 1e-3, "M": 1.0, "G": 1e3}[found[2]]


def engine(folder: Path) -> Engine:
    """The first engine that works here. Skips where there is none."""
    for program in ("docker", "podman"):
        found = Engine(program, folder)
        if shutil.which(program) and found("info").returncode == 0:
            return found
    pytest.skip("no image: neither docker nor podman works here (see CONTRIBUTING.md)")
