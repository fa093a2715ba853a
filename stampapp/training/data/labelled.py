"""Alerts on disk as examples, with the labels that a user gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.alerts.surveys import Survey
from stampapp.classifiers import ztf
from stampapp.classifiers.base import PreparedAlert
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from stampapp.training.data import examples
from stampapp.training.data.examples import Examples
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.reference_labels import Label

CHUNK = 256
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The examples of a file or folder, and a line on what was passed over there.

    A rule makes asteroids of the `known` without asking the network, and withdraws the result
    of the `unfit` where the network says SN; both are masks (n).
    """

    examples: Examples
    known: Mask
    unfit: Mask
    note: str


def find(path: Path, recipe: Recipe, labels: Mapping[str, Label] | None) -> Found:
    """Return the alerts of an Avro file or folder that a model of this recipe can classify.

    With `labels`, by candid, only those that have one; an empty label counts as one. Raises
    ConfigError where there is nothing, or a label's alert is missing.
    """
    search = _Search(recipe=recipe, labels=labels)
    parts, known, unfit = [], [], []
    seen = search.run(path)
    while chunk := list(islice(seen, CHUNK)):
        parts.append(examples.collect(chunk, [search.label(one) for one in chunk], recipe))
        known += [_known(one, recipe) for one in chunk]
        unfit += [_unfit(one, recipe) for one in chunk]
    search.require_all()
    if not parts:
        raise ConfigError(f"{path} holds no alert to learn or judge from: {search.note(0)}")
    masks = (np.array(mask, np.bool_) for mask in (known, unfit))
    return Found(
        examples=examples.joined(parts),
        known=next(masks),
        unfit=next(masks),
        note=search.note(len(known)),
    )


@dataclass(kw_only=True, slots=True)
class _Search:
    """What has been met on the way through the files."""

    recipe: Recipe
    labels: Mapping[str, Label] | None
    met: set[str] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)
    first_damage: str = ""

    def run(self, path: Path) -> Iterator[PreparedAlert]:
        for alert in read_alerts(find_alert_files([path])):
            if isinstance(alert, BadAlert):
                self._damaged(str(alert))
            elif alert.candid in self.met:
                self.passed["were there before"] += 1
            elif self.labels is not None and alert.candid not in self.labels:
                self.passed["have no label"] += 1
            else:
                self.met.add(alert.candid)
                try:
                    yield examples.extract_inputs(alert, self.recipe)
                except BadAlert as error:
                    self._damaged(f"candid {alert.candid}: {error}")

    def label(self, one: PreparedAlert) -> str:
        return self.labels[one.alert.candid].name if self.labels is not None else ""

    def require_all(self) -> None:
        missing = {} if self.labels is None else dict(self.labels)
        for candid in self.met:
            missing.pop(candid, None)
        if missing:
            candid, label = next(iter(missing.items()))
            raise ConfigError(
                f"{len(missing)} of the labels have no alert, the first is candid {candid} in line "
                f"{label.line}: add the alerts, or take the lines out"
            )

    def note(self, n: int) -> str:
        parts = [f"{count} passed over: they {why}" for why, count in self.passed.items()]
        return "; ".join([f"{n} alerts", *parts, *filter(None, [self.first_damage])])

    def _damaged(self, what: str) -> None:
        self.passed["cannot be classified"] += 1
        self.first_damage = self.first_damage or f"the first of those: {what}"


def _known(one: PreparedAlert, recipe: Recipe) -> bool:
    return recipe.survey is Survey.ZTF and ztf.solar_system(one.alert) is not None


def _unfit(one: PreparedAlert, recipe: Recipe) -> bool:
    return recipe.survey is Survey.ZTF and ztf.veto(one.alert, ztf.SUPERNOVA) is not None
