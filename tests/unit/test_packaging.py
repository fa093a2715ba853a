"""What is installed for which purpose: requirements, extras, images."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
EXTRAS = ("simulation", "training", "demo", "lsst", "tables")
WORKER = ("lean", "base")
# The files that pin an environment, each with the purposes that it serves.
PURPOSES = {
    "lean": ("lean",),
    "base": WORKER,
    "simulation": (*WORKER, "simulation"),
    "training": (*WORKER, "simulation", "training"),
    "demo": (*WORKER, "simulation", "demo"),
    "lsst": (*WORKER, "lsst"),
    "tables": (*WORKER, "tables"),
    "test": (*WORKER, *EXTRAS),
    "dev": (*WORKER, *EXTRAS),
}
TARGET = re.compile(r"^FROM \S+ AS (\w+)$", re.MULTILINE)


def named(purpose: str) -> set[str]:
    """The packages that the `.in` of a purpose names itself."""
    lines = (REQUIREMENTS / f"{purpose}.in").read_text().splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-"))}


def pinned(environment: str) -> set[tuple[str, str]]:
    """The packages and versions of a `.txt`; a package may have one for each Python."""
    text = (REQUIREMENTS / f"{environment}.txt").read_text()
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_package_has_two_purposes() -> None:
    names = [name for purpose in (*WORKER, *EXTRAS) for name in named(purpose)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("environment", PURPOSES)
def test_an_environment_has_the_packages_of_its_purposes_and_no_other_extra(
    environment: str,
) -> None:
    found = {name for name, _ in pinned(environment)}
    wanted = set().union(*map(named, PURPOSES[environment]))
    assert wanted <= found
    assert not found & (set().union(*map(named, EXTRAS)) - wanted)


@pytest.mark.parametrize("environment", PURPOSES)
def test_a_package_has_the_same_version_in_every_environment(environment: str) -> None:
    assert pinned(environment) <= pinned("dev")


def test_the_image_has_the_packages_of_the_worker_and_the_same_tensorflow_for_processors() -> None:
    (tensorflow,) = (version for name, version in pinned("base") if name == "tensorflow")
    assert pinned("image") == pinned("base") | {("tensorflow-cpu", tensorflow)}


def test_without_tensorflow_nothing_is_installed_that_comes_with_it() -> None:
    names = {name for name, _ in pinned("lean")}
    assert not [name for name in names if name.startswith(("tensorflow", "keras"))]
    assert pinned("lean") < pinned("base")


def test_the_package_has_the_extras_that_are_pinned() -> None:
    dynamic = project()["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"]["file"] == [f"requirements/{one}.in" for one in WORKER]
    assert dynamic["optional-dependencies"] == {
        extra: {"file": [f"requirements/{one}.in" for one in PURPOSES[extra] if one not in WORKER]}
        for extra in EXTRAS
    }


def test_compose_runs_workers_and_simulations_from_their_own_images() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    targets = {name: one["build"]["target"] for name, one in services.items() if "build" in one}
    simulations = {name for name in targets if "simulate" in services[name].get("command", ())}
    assert simulations == {name for name, target in targets.items() if target == "simulation"}
    assert set(targets.values()) == {"worker", "simulation"}
    assert {*targets.values(), "lean"} <= set(TARGET.findall((ROOT / "Dockerfile").read_text()))


def test_the_image_that_is_built_by_default_is_the_workers() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM ")][-1] == "FROM worker"
