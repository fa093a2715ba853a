"""Soak test: one worker at full load with little memory, and some outages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.topics import decided_offsets_to_commit
from tests.support.waiting import until
from tests.system.faults.alert_sender import AlertSender, send_alerts
from tests.system.faults.alerts import AlertFile
from tests.system.faults.commit_watch import CommitWatch, watch_commits
from tests.system.faults.completeness import Audit
from tests.system.faults.fault_injection import FaultInjector
from tests.system.faults.fault_plan import Fault, Kind, Manner, Plan
from tests.system.faults.fault_round import audit_round, wait_until_committed
from tests.system.faults.kafka_clusters import Clusters
from tests.system.faults.resource_growth import GrowthReport, Measurement, check_growth
from tests.system.faults.resource_meter import ResourceMeter, measure
from tests.system.faults.supervisor import supervised_workers
from tests.system.faults.writers import PlainWriter

# So many alerts always wait for the worker.
WINDOW = 2500
# The memory limit of the worker (MiB).
MEMORY = 1280.0
OUTAGES = 6
OUTAGE_KINDS = (Kind.SCRIBE_AWAY, Kind.BROKER_AWAY, Kind.CONNECTIONS_CUT, Kind.BROKER_KILLED)
# Seconds of an outage, or a tenth of the time until the next if that is less.
OUTAGE = 30.0
WARM_UP, OF_THE_RUN = 300.0, 0.25
CAUGHT_UP_WITHIN = 300.0
# Settings left at their defaults.
DEFAULTS = ("CONSUME_TIMEOUT", "CONSUME_MESSAGES", "CONSUMER_SESSION_TIMEOUT")

ReportText = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Soak:
    """The result of a run; `lags` are the seconds from each outage to the last commit."""

    growth: GrowthReport
    audit: Audit
    lags: tuple[float, ...]
    seconds: float

    @property
    def problems(self) -> tuple[str, ...]:
        return (*self.growth.problems, *self.audit.problems)

    def __str__(self) -> str:
        growth, audit = self.growth, self.audit
        return "\n".join(
            (
                f"{audit.messages} alerts in {self.seconds / 60:.1f} min"
                f" ({audit.messages / self.seconds:.0f} a second), {sum(audit.repeats.values())}"
                f" messages published again, {audit.samples} samples of committed offsets.",
                f"Memory: {growth.slope:+.2f} MiB a minute after the warm-up, {growth.peak:.0f} MiB"
                f" at most. More at the end: {growth.threads} threads, {growth.files} files,"
                f" {growth.tasks} tasks.",
                f"Nothing waited any more {', '.join(f'{lag:.1f} s' for lag in self.lags)} after"
                " the outages.",
                *(self.problems[:40] or ("Nothing to complain of.",)),
            )
        )


def soak(
    clusters: Clusters,
    alert_file: AlertFile,
    folder: Path,
    *,
    minutes: float,
    seed: int,
    limit: float,
    report: ReportText,
) -> Soak:
    """Run with at most `limit` MiB of memory. Raises AssertionError if the worker ends."""
    topics = clusters.topics()
    settings = clusters.environment(topics, alert_file.settings, proxied=True)
    environment = {key: value for key, value in settings.items() if key not in DEFAULTS}
    bootstrap = clusters.main.kafka.bootstrap
    folder.mkdir()
    with (
        supervised_workers(environment, folder, report) as workers,
        watch_commits(bootstrap, topics.group, topics.alerts) as commits,
        send_alerts(
            PlainWriter(bootstrap, topics.alerts),
            alert_file.stream(seed),
            window=WINDOW,
            consumed=lambda: commits.last.total,
        ) as stream,
    ):
        slot = workers.add_worker()
        workers.wait_until_ready(slot)
        with measure(slot, limit, lambda one: report(line(one, commits)), report) as meter:
            run = _Run(
                FaultInjector(clusters, workers, stream, topics, report),
                stream,
                commits,
                meter,
                report,
            )
            stream.start()
            seconds, lags = run.through(minutes * 60.0, Random(seed))
        stream.finish(0)
        wait_until_committed(workers, commits, decided_offsets_to_commit(bootstrap, topics.alerts))
        workers.remove_worker(slot, killed=False)
    return Soak(
        growth=check_growth(
            meter.measurements, warm=min(WARM_UP, OF_THE_RUN * minutes * 60.0), limit=limit
        ),
        audit=audit_round(clusters, topics, stream, commits, source=alert_file, folder=folder),
        lags=tuple(lags),
        seconds=seconds,
    )


class _Run:
    def __init__(
        self,
        faults: FaultInjector,
        stream: AlertSender,
        commits: CommitWatch,
        meter: ResourceMeter,
        report: ReportText,
    ) -> None:
        self._faults, self._stream, self._commits = faults, stream, commits
        self._meter, self._report = meter, report

    def through(self, seconds: float, rng: Random) -> tuple[float, list[float]]:
        """Return the duration of the run, and the seconds to catch up after each outage."""
        start, lags = time.monotonic(), []
        part = seconds / (OUTAGES + 1)
        for number in range(OUTAGES):
            self._wait(start + part * (number + rng.uniform(0.8, 1.2)))
            self._faults.run_plan(outage(number, min(OUTAGE, part / 10), rng))
            lags.append(self._catch_up())
        self._wait(start + seconds)
        return time.monotonic() - start, lags

    def _wait(self, moment: float) -> None:
        while time.monotonic() < moment:
            assert not self._meter.problem, self._meter.problem
            time.sleep(0.5)

    def _catch_up(self) -> float:
        """Pause sending until nothing waits; return the seconds."""
        self._stream.pause()
        self._stream.confirmed()
        lag = self._stream.sent - self._commits.last.total
        took = until(
            lambda: self._commits.last.total == self._stream.sent,
            CAUGHT_UP_WITHIN,
            "alerts wait after an outage",
        )
        self._report(f"{lag} alerts waited after the outage; none {took:.1f} s later")
        self._stream.resume()
        return took


def outage(number: int, seconds: float, rng: Random) -> Plan:
    kind = OUTAGE_KINDS[number % len(OUTAGE_KINDS)]
    fault = Fault(
        kind=kind,
        at=0.0,
        seconds=0.0 if kind is Kind.BROKER_KILLED else seconds,
        seed=rng.randrange(10**6),
        manner=rng.choice(list(Manner)),
    )
    return Plan(seed=number, alerts=0, codec="none", transactional=False, faults=(fault,))


def line(one: Measurement, commits: CommitWatch) -> str:
    return (
        f"{one.at / 60:6.2f} min  {one.rss:7.1f} MiB ({one.peak:.1f} at most)"
        f"  {one.threads} threads  {one.files} files  {one.tasks} tasks"
        f"  {commits.last.total} alerts"
    )
