"""The layers of the package, and which libraries each part may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "stampapp"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

# A part may import itself and the layers above it in this list, never its neighbours.
LAYERS = (
    ("errors", "times", "version"),
    # What commands, training and demo show people in the same way.
    ("avro", "kafka", "display", "native", "file_lock", "output_path"),
    ("alerts",),
    ("stamps", "results"),
    ("config",),
    ("features", "deadletters", "monitoring", "dashboard", "tables"),
    ("classifiers", "simulation", "inspection"),
    ("preflight", "audit", "feeds"),
    ("worker", "training", "demo", "api"),
    ("consumer",),
    ("app",),
    ("agents", "web", "commands"),
)
# `import stampapp` finds the app lazily; `python -m stampapp` is Faust's command line.
ENTRANCES = {"__init__", "__main__"}
LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts}

# The parts and modules that may import a library. "environ" is the process's environment.
LIBRARIES = {
    "faust": ("consumer", "app", "agents", "web", "commands", "__main__"),
    "mode": ("agents", "consumer/message_flow", "consumer/no_tables", "kafka/delivery"),
    "aiokafka": (
        "kafka",
        "consumer",
        "preflight/access_check",
        "worker/consumer_errors",
        "consumer",
        "deadletters/replay",
        "monitoring/log_filters",
        "demo/topics",
    ),
    # Everyone else takes them from classifiers/network/tensorflow, which keeps them quiet.
    "tensorflow": ("classifiers/network",),
    "keras": ("classifiers/network",),
    "cffi": ("native/build_binding",),
    "h5py": ("classifiers/network/keras_file",),
    "astropy": ("stamps/wcs", "simulation", "api", "tables"),
    "galsim": ("simulation",),
    "fastavro": (
        "avro",
        "deadletters/partial_decode",
        "feeds/avro_writer",
        "feeds/unfinished_alerts",
    ),
    "prometheus_client": ("monitoring",),
    "PIL": ("stamps",),
    # The demo's growing table is its own; what it consists of comes from display.
    "rich": ("display", "demo"),
    "decouple": ("config",),
    # TensorFlow's log level is set before its import; child processes get what they may see.
    # The settings are read by decouple, which cannot say what else is set.
    "environ": (
        "config/environment",
        "classifiers/network/tensorflow",
        "feeds/process_pool",
        "demo",
    ),
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def part_of(module: str) -> str:
    """Return the part that a dotted name below `stampapp` belongs to; the package itself is ""."""
    return module.split(".")[1] if "." in module else ""


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield every imported name, dotted, imports inside functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def crossed_layers(module: Path, tree: ast.Module) -> list[str]:
    """Return what this module imports of its own layer's neighbours or of later layers."""
    own = module.parts[0].removesuffix(".py")
    if own in ENTRANCES:
        return []
    targets = {part_of(name) for name in imports(tree) if name.split(".")[0] == "stampapp"}
    return sorted(
        target
        for target in targets - {own}
        if target not in LAYER_OF or LAYER_OF[target] >= LAYER_OF[own]
    )


def used_libraries(tree: ast.Module) -> set[str]:
    """Return the guarded libraries that a module imports, and "environ" where it reads that."""
    found = {name.split(".")[0] for name in imports(tree)}
    for node in ast.walk(tree):
        name = getattr(node, "attr", None) or (node.name if isinstance(node, ast.alias) else None)
        if name in ENVIRONMENT:
            found.add("environ")
    return found & LIBRARIES.keys()


def forbidden_libraries(module: Path, tree: ast.Module) -> list[str]:
    """Return the libraries that this module imports although it may not."""
    place = module.with_suffix("").as_posix()
    return sorted(
        library
        for library in used_libraries(tree)
        if not any(place == part or place.startswith(part + "/") for part in LIBRARIES[library])
    )


def parsed(module: Path) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text())


@cache
def used_by(module: Path) -> frozenset[str]:
    return frozenset(used_libraries(parsed(module)))


def test_every_part_has_a_layer() -> None:
    parts = {module.parts[0].removesuffix(".py") for module in MODULES}
    assert parts == LAYER_OF.keys() | ENTRANCES


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_its_own_part_and_the_layers_above(module: Path) -> None:
    assert crossed_layers(module, parsed(module)) == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_the_libraries_of_its_part(module: Path) -> None:
    assert forbidden_libraries(module, parsed(module)) == []


@pytest.mark.parametrize(("library", "parts"), LIBRARIES.items())
def test_each_library_is_still_used_where_it_is_allowed(
    library: str, parts: tuple[str, ...]
) -> None:
    using = [m.with_suffix("").as_posix() for m in MODULES if library in used_by(m)]
    unused = [p for p in parts if not any(u == p or u.startswith(p + "/") for u in using)]
    assert unused == []


@pytest.mark.parametrize(
    ("module", "line", "crossed"),
    [
        ("kafka/delivery.py", "from stampapp.worker.batch import Batch", ["worker"]),
        ("kafka/delivery.py", "from stampapp import worker", ["worker"]),
        ("kafka/delivery.py", "import stampapp.avro.reader", ["avro"]),
        ("kafka/delivery.py", "def f():\n    from stampapp.alerts import alert", ["alerts"]),
        ("kafka/delivery.py", "if TYPE_CHECKING:\n    import stampapp.app", ["app"]),
        ("kafka/delivery.py", "from stampapp import app", ["app"]),
        ("kafka/delivery.py", "from stampapp.nowhere import x", ["nowhere"]),
        ("kafka/delivery.py", "from stampapp.errors import BadAlert", []),
        ("kafka/delivery.py", "from stampapp.kafka import cluster", []),
        ("web/page.py", "from stampapp.agents import output", ["agents"]),
        ("app.py", "from stampapp.worker import runtime", []),
    ],
)
def test_a_line_in_the_wrong_place_is_found(module: str, line: str, crossed: list[str]) -> None:
    assert crossed_layers(Path(module), ast.parse(line)) == crossed


@pytest.mark.parametrize(
    ("module", "line", "forbidden"),
    [
        *[("alerts/alert.py", f"import {name}", [name]) for name in LIBRARIES if name != "environ"],
        ("alerts/alert.py", "def f():\n    from tensorflow import io", ["tensorflow"]),
        ("alerts/alert.py", "import os\nos.environ['X']", ["environ"]),
        ("alerts/alert.py", "from os import getenv", ["environ"]),
        ("kafka/delivery.py", "import mode", []),
        ("kafka/deliveries.py", "import mode", ["mode"]),
        ("classifiers/network/network.py", "import keras", []),
    ],
)
def test_a_library_in_the_wrong_place_is_found(
    module: str, line: str, forbidden: list[str]
) -> None:
    assert forbidden_libraries(Path(module), ast.parse(line)) == forbidden


def test_few_modules_lie_directly_in_the_package() -> None:
    assert len([module for module in MODULES if len(module.parts) == 1]) <= 8
