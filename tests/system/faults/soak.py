"""The long run: one worker at full load with little memory, and outages now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.waiting import until
from tests.system.faults.alert_sender import Sending, sending
from tests.system.faults.alerts import Sky
from tests.system.faults.commit_watch import Watch, watch
from tests.system.faults.completeness import Audit
from tests.system.faults.fault_injection import Faults
from tests.system.faults.fault_plan import Fault, Kind, Manner, Plan
from tests.system.faults.fault_round import examine, settle
from tests.system.faults.kafka_clusters import Site
from tests.system.faults.resource_growth import Figures, Verdict, verdict
from tests.system.faults.resource_meter import Meter, meter
from tests.system.faults.supervisor import crew

# As many alerts wait for the worker: it never lacks any.
WINDOW = 2500
# The most that the worker may ever have had (MiB).
MEMORY = 1280.0
OUTAGES = 6
OUTAGE_KINDS = (Kind.SCRIBE_AWAY, Kind.BROKER_AWAY, Kind.CONNECTIONS_CUT, Kind.BROKER_KILLED)
# An outage lasts so long (s), or a tenth of the time until the next.
OUTAGE = 30.0
WARM_UP, OF_THE_RUN = 300.0, 0.25
CAUGHT_UP_WITHIN = 300.0
# As a worker has it that is told nothing about batches.
DEFAULTS = ("CONSUME_TIMEOUT", "CONSUME_MESSAGES", "CONSUMER_SESSION_TIMEOUT")

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Soak:
    """What the run has shown: `lags` are the seconds from each outage's end to the last commit."""

    verdict: Verdict
    audit: Audit
    lags: tuple[float, ...]
    seconds: float

    @property
    def complaints(self) -> tuple[str, ...]:
        return (*self.verdict.complaints, *self.audit.complaints)

    def __str__(self) -> str:
        found, told = self.verdict, self.audit
        return "\n".join(
            (
                f"{told.messages} alerts in {self.seconds / 60:.1f} min"
                f" ({told.messages / self.seconds:.0f} a second), {sum(told.repeats.values())}"
                f" messages published again, {told.samples} samples of committed offsets.",
                f"Memory: {found.slope:+.2f} MiB a minute after the warm-up, {found.peak:.0f} MiB"
                f" at most. More at the end: {found.threads} threads, {found.files} files,"
                f" {found.tasks} tasks.",
                f"Nothing waited any more {', '.join(f'{lag:.1f} s' for lag in self.lags)} after"
                " the outages.",
                *(self.complaints[:40] or ("Nothing to complain of.",)),
            )
        )


def soak(
    site: Site, sky: Sky, folder: Path, *, minutes: float, seed: int, limit: float, tell: Tell
) -> Soak:
    """Run for so many minutes with at most `limit` MiB; raises AssertionError if it breaks off."""
    topics = site.topics()
    settings = site.environment(topics, proxied=True) | {"MODEL_PATH": str(sky.model)}
    environment = {key: value for key, value in settings.items() if key not in DEFAULTS}
    bootstrap = site.main.kafka.bootstrap
    folder.mkdir()
    with (
        crew(environment, folder, tell) as workers,
        watch(bootstrap, topics.group, topics.alerts) as watching,
        sending(
            bootstrap,
            topics.alerts,
            sky.stream(seed),
            window=WINDOW,
            consumed=lambda: watching.last.total,
        ) as stream,
    ):
        post = workers.join()
        workers.await_ready(post)
        with meter(post, limit, lambda one: tell(line(one, watching)), tell) as metering:
            run = _Run(Faults(site, workers, tell), stream, watching, metering, tell)
            stream.start()
            seconds, lags = run.through(minutes * 60.0, Random(seed))
        stream.finish(0)
        settle(workers, watching, stream)
        workers.leave(post, killed=False)
    return Soak(
        verdict=verdict(
            metering.figures, warm=min(WARM_UP, OF_THE_RUN * minutes * 60.0), limit=limit
        ),
        audit=examine(site, topics, stream, watching, sky),
        lags=tuple(lags),
        seconds=seconds,
    )


class _Run:
    def __init__(
        self, faults: Faults, stream: Sending, watching: Watch, metering: Meter, tell: Tell
    ) -> None:
        self._faults, self._stream, self._watching = faults, stream, watching
        self._metering, self._tell = metering, tell

    def through(self, seconds: float, chance: Random) -> tuple[float, list[float]]:
        """Return how long it was, and how long it took to catch up after each outage."""
        start, lags = time.monotonic(), []
        part = seconds / (OUTAGES + 1)
        for number in range(OUTAGES):
            self._wait(start + part * (number + chance.uniform(0.8, 1.2)))
            self._faults.inflict(outage(number, min(OUTAGE, part / 10), chance))
            lags.append(self._caught_up())
        self._wait(start + seconds)
        return time.monotonic() - start, lags

    def _wait(self, moment: float) -> None:
        while time.monotonic() < moment:
            assert not self._metering.problem, self._metering.problem
            time.sleep(0.5)

    def _caught_up(self) -> float:
        """Let nothing more come until nothing waits."""
        self._stream.pause()
        self._stream.confirmed()
        lag = self._stream.sent - self._watching.last.total
        took = until(
            lambda: self._watching.last.total == self._stream.sent,
            CAUGHT_UP_WITHIN,
            "alerts wait after an outage",
        )
        self._tell(f"{lag} alerts waited after the outage; none {took:.1f} s later")
        self._stream.go_on()
        return took


def outage(number: int, seconds: float, chance: Random) -> Plan:
    kind = OUTAGE_KINDS[number % len(OUTAGE_KINDS)]
    fault = Fault(
        kind=kind,
        at=0.0,
        seconds=0.0 if kind is Kind.BROKER_KILLED else seconds,
        seed=chance.randrange(10**6),
        manner=chance.choice(list(Manner)),
    )
    return Plan(seed=number, alerts=0, faults=(fault,))


def line(one: Figures, watching: Watch) -> str:
    return (
        f"{one.at / 60:6.2f} min  {one.rss:7.1f} MiB ({one.peak:.1f} at most)"
        f"  {one.threads} threads  {one.files} files  {one.tasks} tasks"
        f"  {watching.last.total} alerts"
    )
