"""Which workers the benchmark of ZTF compares: engines, models, batch sizes, threads, viewers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engines import BFLOAT16, EngineChoice

SMALL, DEFAULT, LARGE = 50, 256, 512
WORKERS = (2, 4)
VIEWERS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Workers to measure. `network` is the row of the network's own rates to compare them with."""

    name: str
    network: str
    settings: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    viewers: int = 0


def network_name(model: str, engine: EngineChoice) -> str:
    """Return the name of a network on an engine."""
    return f"{model} {engine.name}"


def engine_cases(
    models: Mapping[str, Path], engines: Sequence[EngineChoice], sizes: Sequence[int]
) -> Iterator[Case]:
    """Yield the engines in turns, for each model and batch size; bfloat16 for the default only."""
    for model, path in models.items():
        for size in sizes:
            for engine in engines:
                if engine is BFLOAT16 and size != DEFAULT:
                    continue
                yield Case(
                    name=f"{model} {engine.name} {size}",
                    network=network_name(model, engine),
                    settings={
                        "MODEL_PATH": str(path),
                        "CONSUME_MESSAGES": str(size),
                        **engine.settings,
                    },
                )


def other_cases(network: str, cores: int) -> Iterator[Case]:
    """Yield workers of the default engine with other settings, in other numbers, with viewers."""
    yield Case(name="CLASSIFY_THREADS=1", network=network, settings={"CLASSIFY_THREADS": "1"})
    for count in WORKERS:
        if count <= cores:
            yield Case(name=f"workers: {count}", network=network, workers=count)
    yield Case(name="no page", network=network, settings={"WEB_PAGE": "false"})
    yield Case(name=f"page, viewers: {VIEWERS}", network=network, viewers=VIEWERS)
