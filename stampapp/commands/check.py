"""Check that a worker would run here; report what it would use, and what is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from stampapp.config.environment import Reading
from stampapp.config.unread_keys import UnreadKey
from stampapp.display.lines import terminal_width, write_lines
from stampapp.display.progress import status_line
from stampapp.display.tables import Column, table_lines
from stampapp.display.values import shares
from stampapp.preflight import dry_run
from stampapp.preflight.access_check import AccessReport
from stampapp.preflight.dry_run import ClientTrial, ModelTrial, SettingsReport
from stampapp.preflight.schema_trial import SchemaTrial, try_schemas
from stampapp.results.class_names import shown_name, with_shown_names
from stampapp.results.outcome import OutcomeKind

_CONCLUSIONS = {
    0: "Everything works: a worker would run.",
    1: "A worker would run, but not as it should: see the warnings.",
    2: "A worker would not run: see the errors.",
}
_SETTING = (Column(name="key"), Column(name="from"))
_CLUSTER = tuple(Column(name=name) for name in ("state", "roles", "security", "user"))
_INDENT = "  "


@dataclass(frozen=True, kw_only=True, slots=True)
class DryRunReport:
    """The results of all checks; clusters and model are not tried with settings that are wrong."""

    settings: SettingsReport
    access: Sequence[AccessReport]
    schemas: SchemaTrial
    trial: ModelTrial | None
    client: ClientTrial
    shadow: ModelTrial | None = None

    def errors(self) -> list[str]:
        """Return the problems that keep a worker from running."""
        cluster_errors = [one for report in self.access for one in report.errors]
        problems = [
            self.settings.problem,
            self.client.problem,
            *cluster_errors,
            self.schemas.problem,
            *(one.problem for one in self._trials),
        ]
        return [one for one in problems if one]

    @property
    def _trials(self) -> list[ModelTrial]:
        return [one for one in (self.trial, self.shadow) if one]

    @property
    def unread_keys(self) -> Sequence[UnreadKey]:
        """The keys that nothing reads; they are among the errors, if the settings have some."""
        return () if self.settings.problem else self.settings.unread_keys

    def warnings(self) -> list[str]:
        """Return the problems with which a worker would run, but not as it should."""
        found = [*map(str, self.unread_keys)]
        for one in self.access:
            found += (*one.optional_errors, *one.missing_topics)
        untried = [text for one in self._trials for text in (one.untried, one.warning)]
        found += filter(None, (self.schemas.warning, self.client.warning, *untried))
        for trial in self._trials:
            if trial.outcome and (error := trial.outcome.error):
                found.append(
                    f"the sample alert is not classified by {trial.name} {trial.version}"
                    f" ({error.cause}: {error}): the model needs fields that the sample lacks, or"
                    " is for another survey"
                )
        return found

    @property
    def exit_code(self) -> int:
        """Return 2 with an error, 1 with a warning, 0 otherwise."""
        return 2 if self.errors() else int(bool(self.warnings()))


def run_checks(out: TextIO, *, as_json: bool) -> int:
    """Run all checks and write the report to `out`; return the exit code."""
    settings, width = dry_run.read_settings(), terminal_width(out)
    if not as_json:
        # At once: the clusters and the model take seconds.
        write_lines(report_settings(settings, width), out)
        out.flush()
    access: Sequence[AccessReport] = ()
    schemas, trial, shadow = SchemaTrial(), None, None
    if worker := settings.settings:
        with status_line("asking the clusters") as status:
            access = asyncio.run(dry_run.try_clusters(worker))
            schemas = try_schemas(worker)
            status.update("trying the model")
            trial, shadow = dry_run.try_models(worker)
    client = dry_run.try_client()
    found = DryRunReport(
        settings=settings,
        client=client,
        access=access,
        schemas=schemas,
        trial=trial,
        shadow=shadow,
    )
    if as_json:
        print(json.dumps(report_json(found), ensure_ascii=False), file=out)
    else:
        write_lines(report_trials(found, width), out)
    return found.exit_code


def report_settings(found: SettingsReport, width: int | None = None) -> Iterator[str]:
    """Yield the settings for a person, in a terminal of this width (None: a pipe)."""
    yield "Settings"
    rows = _setting_rows(found.readings)
    inner = width and width - len(_INDENT)
    yield from _indented(table_lines(_SETTING, rows, inner, detail="value"))
    if not found.problem:
        yield from (f"warning: {one}" for one in found.unread_keys)


def report_trials(found: DryRunReport, width: int | None = None) -> Iterator[str]:
    """Yield what the trials have shown, all errors, and the other warnings."""
    inner = width and width - len(_INDENT)
    if found.access:
        yield "Clusters"
        rows = [_cluster_row(one) for one in found.access]
        yield from _indented(table_lines(_CLUSTER, rows, inner, detail="servers", heading=False))
    if found.schemas.sources:
        yield "Schemas of messages that do not contain theirs"
        yield from _indented(found.schemas.sources)
    if found.trial:
        yield "Model"
        yield from _indented(_trial(found.trial))
    if found.shadow and found.shadow.name:
        yield "Shadow model, whose results are not published"
        yield from _indented(_trial(found.shadow))
    warnings = found.warnings()[len(found.unread_keys) :]
    for kind, texts in (("error", found.errors()), ("warning", warnings)):
        for text in texts:
            first, *rest = text.splitlines()
            yield f"{kind}: {first}"
            yield from _indented(rest)
    yield _CONCLUSIONS[found.exit_code]


def _indented(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield from (_INDENT + line for line in lines)


def _setting_rows(readings: Sequence[Reading]) -> list[tuple[str, str, str]]:
    return [(one.key, _source(one), one.value or "-") for one in readings]


def _source(one: Reading) -> str:
    older = one.origin not in ("default", one.key)
    return f"{one.source}, as {one.origin}" if older else one.source


def _cluster_row(one: AccessReport) -> tuple[str, ...]:
    cluster = one.access.cluster
    state = "does not work" if one.errors or one.optional_errors else "works"
    user = f"as {cluster.username}" if cluster.sasl else ""
    security = " ".join([cluster.protocol, *([cluster.mechanism] if cluster.sasl else [])])
    return state, "+".join(roles(one)), security, user, cluster.bootstrap


def roles(one: AccessReport) -> list[str]:
    """Return the roles that a cluster has for the worker."""
    return list(dict.fromkeys(need.role for need in one.access.permissions))


def _trial(trial: ModelTrial) -> Iterator[str]:
    if trial.name:
        yield f"alerts are classified by {trial.name} {trial.version}"
        yield from trial.provenance.split("; ")
        yield f"the network runs on {trial.engine}"
    outcome = trial.outcome
    if outcome and outcome.classification:
        result = outcome.classification
        ruled = outcome.kind is OutcomeKind.RULED_OUT
        rule = f", but the result is ruled out ({result.rule})" if ruled else ""
        label = shown_name(trial.label or "")
        yield f"the sample alert, simulated as {label}, is classified as{rule}:"
        yield from _indented(shares(with_shown_names(result.probabilities)))


def report_json(found: DryRunReport) -> dict[str, Any]:
    """Return what `--json` prints."""
    trial = found.trial or ModelTrial()
    return {
        "exit_code": found.exit_code,
        "errors": found.errors(),
        "warnings": found.warnings(),
        "settings": [
            {"key": one.key, "value": one.value, "name": one.origin, "source": one.source}
            for one in found.settings.readings
        ],
        "unknown_keys": [one.key for one in found.settings.unread_keys],
        "clusters": [_cluster_json(one) for one in found.access],
        "schemas": list(found.schemas.sources),
        "classifier": _classifier_json(trial),
        "alert": _sample_json(trial),
        "shadow": found.shadow
        and {"classifier": _classifier_json(found.shadow), "alert": _sample_json(found.shadow)},
    }


def _classifier_json(trial: ModelTrial) -> dict[str, Any]:
    return {
        "name": trial.name or None,
        "version": trial.version or None,
        "provenance": trial.provenance or None,
        "engine": trial.engine and trial.engine.name,
        "instruction_set": trial.engine and trial.engine.instruction_set,
        "engine_reason": trial.engine and trial.engine.reason,
    }


def _sample_json(trial: ModelTrial) -> dict[str, Any]:
    result = trial.outcome and trial.outcome.classification
    return {
        "made_as": trial.label,
        "class_name": result and result.class_name,
        "probabilities": dict(result.probabilities) if result else None,
    }


def _cluster_json(one: AccessReport) -> dict[str, Any]:
    cluster = one.access.cluster
    return {
        "roles": roles(one),
        "servers": list(cluster.servers),
        "security_protocol": cluster.protocol,
        "user": cluster.username if cluster.sasl else None,
        "errors": [*one.errors, *one.optional_errors],
        "absent": list(one.missing_topics),
    }
