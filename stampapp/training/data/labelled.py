"""Read alerts from disk as examples, with a user's labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.config.schema_settings import load_schemas
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from stampapp.training.data import examples
from stampapp.training.data.examples import Examples, Indices, Texts
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.reference_labels import Label
from stampapp.training.data.sky_patches import sky_patch

CHUNK = 256
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledExamples:
    """The examples in a file or folder, and a summary of what was skipped.

    `decided` (n) is the index of the class that a rule assigns without the network, -1 if no rule
    does; `vetoed` (n, classes) marks the results that a rule rules out. `patches` (n) names the
    patch of the sky that each is in.
    """

    examples: Examples
    decided: Indices
    vetoed: Mask
    patches: Texts
    summary: str


def read_labelled_alerts(
    path: Path, recipe: Recipe, labels: Mapping[str, Label] | None
) -> LabelledExamples:
    """Return the alerts of a file, folder or archive that a model of this recipe can classify.

    With `labels` (by candid), only labelled alerts are returned; a label may be empty. Raises
    ConfigError if no alert remains, or if the alert of a label is missing.
    """
    reader = _AlertReader(recipe=recipe, labels=labels)
    parts, rules, patches = [], _RuleResults(recipe), list[str]()
    prepared = reader.read(path)
    while chunk := list(islice(prepared, CHUNK)):
        parts.append(examples.to_examples(chunk, [reader.label(one) for one in chunk], recipe))
        rules.apply(chunk)
        patches += [sky_patch(one.alert, recipe.sky_field) for one in chunk]
    reader.require_no_label_unused()
    if not parts:
        raise ConfigError(f"{path} holds no alert to train on or to evaluate: {reader.summary(0)}")
    return LabelledExamples(
        examples=examples.concatenate(parts),
        decided=np.array(rules.decided, np.int64),
        vetoed=np.array(rules.vetoed, np.bool_),
        patches=np.array(patches, np.str_),
        summary=reader.summary(len(rules.decided)),
    )


@dataclass(kw_only=True, slots=True)
class _AlertReader:
    """Reads alerts and counts those that it skips."""

    recipe: Recipe
    labels: Mapping[str, Label] | None
    seen_candids: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    first_error: str = ""

    def read(self, path: Path) -> Iterator[PreparedAlert]:
        for alert in read_alerts(find_alert_files([path]), schemas=load_schemas()):
            if isinstance(alert, BadAlert):
                self._skip_damaged(str(alert))
            elif alert.candid in self.seen_candids:
                self.skipped["are duplicates"] += 1
            elif self.labels is not None and alert.candid not in self.labels:
                self.skipped["have no label"] += 1
            else:
                self.seen_candids.add(alert.candid)
                try:
                    yield examples.extract_inputs(alert, self.recipe)
                except BadAlert as error:
                    self._skip_damaged(f"candid {alert.candid}: {error}")

    def label(self, one: PreparedAlert) -> str:
        return self.labels[one.alert.candid].name if self.labels is not None else ""

    def require_no_label_unused(self) -> None:
        missing = {} if self.labels is None else dict(self.labels)
        for candid in self.seen_candids:
            missing.pop(candid, None)
        if missing:
            candid, label = next(iter(missing.items()))
            raise ConfigError(
                f"{len(missing)} of the labels have no alert, the first is candid {candid} in line "
                f"{label.line}: add the alerts, or remove the lines"
            )

    def summary(self, n: int) -> str:
        parts = [f"{count} skipped: they {why}" for why, count in self.skipped.items()]
        return "; ".join([f"{n} alerts", *parts, *filter(None, [self.first_error])])

    def _skip_damaged(self, what: str) -> None:
        self.skipped["cannot be classified"] += 1
        self.first_error = self.first_error or f"the first of them: {what}"


class _RuleResults:
    """Results of a survey's rules, as indices among the classes of a recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.decided: list[int] = []
        self.vetoed: list[list[bool]] = []
        self._rules, self._classes = survey_rules(recipe.survey), recipe.classes

    def apply(self, alerts: Sequence[PreparedAlert]) -> None:
        for one in alerts:
            decision = self._rules.decide(one.alert)
            self.decided.append(self._classes.index(decision.class_name) if decision else -1)
            self.vetoed.append(
                [self._rules.veto(one.alert, name) is not None for name in self._classes]
            )
