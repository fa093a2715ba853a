"""Every command that README, docs, help texts and messages show can be parsed."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

import click
import pytest
import yaml
from click.testing import CliRunner
from faust.cli.faust import cli

from benchmarks import __main__ as benchmarks
from stampapp.app import MODULES
from stampapp.demo import options as demo_options
from stampapp.training import options as training_options
from tests.support.examples import NOT_RUN, ROOT, USERS_FILES, Example, examples
from tests.system.faults import __main__ as faults

EXAMPLES = examples()
# What follows these options is written, not read.
WRITTEN = ("--into", "--to", "--pictures", "--stamps", "--save", "--wheel-dir", "--card")
PATH = re.compile(r"[\w.*/-]*(/|\.(avro|csv|env|gz|html|png|txt|whl|ya?ml|zip))")
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module", autouse=True)
def commands() -> None:
    for module in MODULES:
        importlib.import_module(module)


def parse_faust(words: Sequence[str]) -> None:
    assert words[:2] == ["-A", "stampapp"]
    if not words[2:]:
        return
    name, *arguments = words[2:]
    command = cli.commands[name]
    try:
        command.make_context(name, list(arguments))
    except click.MissingParameter:
        # A bare name in a text only mentions the command.
        assert not arguments


def parse_make(words: Sequence[str]) -> None:
    targets = [word for word in words if "=" not in word]
    recipes = "\n".join(_recipe(target) for target in targets)
    for variable in (word.split("=")[0] for word in words if "=" in word):
        assert re.search(rf"\$\((if \$\()?{variable}\)", recipes), f"{variable} changes nothing"
    done = subprocess.run(
        ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for line in done.stdout.replace("\\\n", " ").splitlines():
        if line.startswith(".venv/bin/python -m ") and " pip " not in line:
            parse_python(shlex.split(line)[1:])


def _recipe(target: str) -> str:
    """Return the rule of a target, and what it calls."""
    found = re.search(rf"^{target}:.*?(?=\n\n|\Z)", MAKEFILE, re.MULTILINE | re.DOTALL)
    assert found, f"no target {target}"
    called = re.findall(r"\$\(call (\w+)", found[0])
    return found[0] + "".join(MAKEFILE.split(f"define {name}\n", 1)[1] for name in called)


def parse_python(words: Sequence[str]) -> None:
    assert words[0] == "-m"
    module, arguments = words[1], list(words[2:])
    if parse := MODULES_RUN[module]:
        parse(arguments)


def _parse_training(arguments: list[str]) -> None:
    # The page only mentions the program, or shows its help.
    if arguments and arguments[-1] != "--help":
        training_options.parse_arguments(arguments)


def _parse_benchmarks(arguments: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["bench", *arguments])
        benchmarks._options()


MODULES_RUN: dict[str, Callable[[list[str]], object] | None] = {
    "benchmarks": _parse_benchmarks,
    # tests/system/test_examples.py collects what it selects.
    "pytest": None,
    "stampapp": lambda arguments: parse_faust(["-A", "stampapp", *arguments]),
    "stampapp.demo": demo_options.parse,
    "stampapp.training": _parse_training,
    "tests.fuzz": lambda arguments: _parser("-max_total_time").parse_args(arguments),
    # tests/system/test_examples.py runs it, and sha256sum.
    "zipfile": None,
    "tests.system.faults": lambda arguments: faults.parser().parse_args(arguments),
}


def parse_docker(words: Sequence[str]) -> None:
    action, *arguments = words
    if action == "build":
        build = _parser("-t", "--target", positionals=["context"]).parse_args(arguments)
        assert (ROOT / build.context / "Dockerfile").is_file()
        stages = re.findall(r"^FROM .* AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        assert build.target in (None, *stages)
    elif action == "run":
        valued = ("--tmpfs", "--env-file", "-v")
        _parser(*valued, flags=["--read-only"], positionals=["image"]).parse_args(arguments)
    elif action == "compose":
        flags = ["--build", "--detach"]
        parser = _parser("-f", "--profile", flags=flags, positionals=["action"])
        compose = parser.parse_args(arguments)
        services = yaml.safe_load((ROOT / compose.f).read_text())["services"].values()
        assert compose.profile in {name for one in services for name in one.get("profiles", [])}
    else:
        assert (action, arguments) == ("stop", [])


def parse_honcho(words: Sequence[str]) -> None:
    chosen = _parser("-e", positionals=["action", "name"]).parse_args(words)
    assert re.search(rf"^{chosen.name}:", (ROOT / "Procfile").read_text(), re.MULTILINE)


def parse_pip(words: Sequence[str]) -> None:
    if words != ["install"]:
        flags = ["--no-deps", "--require-hashes"]
        parser = _parser("--wheel-dir", "-r", flags=flags)
        parser.add_argument("action", choices=["install", "wheel"])
        parser.add_argument("package", nargs="?")
        parser.parse_intermixed_args(words)


def parse_kubectl(words: Sequence[str]) -> None:
    chosen = _parser("-f", positionals=["action"]).parse_args(words)
    assert list(yaml.safe_load_all((ROOT / chosen.f).read_text()))


def parse_cp(words: Sequence[str]) -> None:
    assert (ROOT / words[0]).is_file()


def _parser(
    *options: str, flags: Sequence[str] = (), positionals: Sequence[str] = ()
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in options:
        parser.add_argument(name)
    for name in flags:
        parser.add_argument(name, action="store_true")
    for name in positionals:
        parser.add_argument(name)
    return parser


PARSERS: dict[str, Callable[[Sequence[str]], None]] = {
    ".": lambda words: None if list(words) == [".venv/bin/activate"] else pytest.fail(str(words)),
    ".ci/run": lambda words: None if not words else pytest.fail(str(words)),
    "cp": parse_cp,
    "docker": parse_docker,
    # tests/unit/test_env_example.py compares the names of the settings.
    "export": lambda _: None,
    "faust": parse_faust,
    "git": lambda _: None,
    "honcho": parse_honcho,
    "kubectl": parse_kubectl,
    "make": parse_make,
    "pip": parse_pip,
    "python": parse_python,
    "sha256sum": lambda _: None,
}


def parse(example: Example) -> None:
    """Fail where a program, a command or an option of an example does not exist."""
    program, *words = example.words
    PARSERS[program](words)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.command[:60])
def test_an_example_can_be_parsed(example: Example) -> None:
    parse(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.command[:60])
def test_its_files_are_of_the_repository_or_of_the_reader(example: Example) -> None:
    for before, word in zip(example.words, example.words[1:], strict=False):
        if PATH.fullmatch(word) and before not in WRITTEN and "simulate" not in example.words:
            known = word in USERS_FILES or list(ROOT.glob(word))
            assert known, f"{word}: no such file"


def test_the_help_of_every_command_can_be_shown() -> None:
    for name, command in cli.commands.items():
        done = CliRunner().invoke(command, ["--help"], prog_name=name)
        assert done.exit_code == 0, done.output
        assert done.output.startswith(f"Usage: {name} "), done.output


def test_examples_of_all_kinds_are_found() -> None:
    assert {one.words[0] for one in EXAMPLES} == PARSERS.keys()
    assert {one.place for one in EXAMPLES} >= {"README.md", "docs/commands.md", "make help"}
    assert len(EXAMPLES) > 80


def test_every_reason_not_to_run_an_example_is_needed() -> None:
    unrun = {one.command for one in EXAMPLES if one.why_not_run}
    for key in NOT_RUN:
        assert any(f"{command} ".startswith(f"{key} ") for command in unrun), key


@pytest.mark.parametrize(
    "command",
    [
        "faust -A stampapp simulat --survey ZTF",
        "faust -A stampapp simulate --survey ZTF --amount 3",
        "faust -A stampapp classify --survey",
        "make tests",
        "make demo ARGS=-x",
        "make demo COUNT=none",
        "make soak ROUNDS=1 SEED=one",
        "python -m stampapp.training train --survey ZTF --count 10 --epocs 3",
        "python -m stampapp.trainin",
        "docker build --target simulator .",
        "docker compose -f deploy/compose.yaml --profile night up",
        "kubectl apply -f deploy/kubernetes/none.yaml",
        "honcho -e ztf.env start gaia",
        "pip install --require-hash -r requirements/base.txt",
        "cp .env.sample .env",
    ],
)
def test_a_wrong_example_is_noticed(command: str) -> None:
    with pytest.raises((AssertionError, KeyError, OSError, SystemExit, click.UsageError)):
        parse(Example(place="a page", command=command))
