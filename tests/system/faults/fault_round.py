"""A round: a stream, the faults of its plan, the end of the stream, and the audit."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.topics import end_offsets
from tests.support.waiting import until
from tests.system.faults.alert_sender import Sending, sending
from tests.system.faults.alerts import Sky
from tests.system.faults.commit_watch import Watch, watch
from tests.system.faults.completeness import Audit, audit
from tests.system.faults.evidence import read_evidence
from tests.system.faults.fault_injection import Faults
from tests.system.faults.fault_plan import Plan
from tests.system.faults.kafka_clusters import Site, Topics
from tests.system.faults.supervisor import Crew, crew, tail

# Never more alerts than this wait for the workers: it is their full load.
WINDOW = 300
# A stream that goes on until the last fault is over has so many times the planned alerts at most.
MOST = 4
SETTLED_WITHIN = 300.0
MOST_COMPLAINTS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a round has shown. `ends` are the exit codes of workers; `events` tell what happened."""

    plan: Plan
    audit: Audit
    seconds: float
    ends: Sequence[int]
    events: Sequence[str]

    def __str__(self) -> str:
        """Say all that is needed to understand a failure, and to have it again."""
        complaints = self.audit.complaints
        more = len(complaints) - MOST_COMPLAINTS
        return "\n".join(
            (
                f"Seed {self.plan.seed}: {'; '.join(map(str, self.plan.faults))}.",
                *self.events,
                *complaints[:MOST_COMPLAINTS],
                *((f"and {more} more",) if more > 0 else ()),
            )
        )


class Diary:
    """What happened, with its time; written from several threads."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def note(self, event: str) -> None:
        with self._lock:
            self.events.append(f"{self.seconds:7.2f} s  {event}")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start


def play(site: Site, plan: Plan, sky: Sky, folder: Path) -> Report:
    """Play a round in an empty folder, which is gone afterwards unless something raises."""
    diary, topics = Diary(), site.topics()
    bootstrap = site.main.kafka.bootstrap
    environment = site.environment(topics, proxied=plan.cut) | {"MODEL_PATH": str(sky.model)}
    folder.mkdir()
    try:
        with (
            crew(environment, folder, diary.note) as workers,
            watch(bootstrap, topics.group, topics.alerts) as watching,
            sending(
                bootstrap,
                topics.alerts,
                sky.stream(plan.seed),
                window=WINDOW,
                consumed=lambda: watching.last.total,
                most=plan.alerts * MOST,
            ) as stream,
        ):
            workers.await_ready(workers.join())
            stream.start()
            diary.note("the stream begins")
            Faults(site, workers, diary.note).inflict(plan)
            stream.finish(plan.alerts)
            settle(workers, watching, stream)
            diary.note("everything is committed")
            ends = workers.ends()
        found = examine(site, topics, stream, watching, sky)
    except BaseException as error:
        error.add_note(f"Seed {plan.seed}: {'; '.join(map(str, plan.faults))}; logs in {folder}.")
        error.add_note("\n".join(diary.events))
        raise
    if not found.complaints:
        shutil.rmtree(folder)
    site.remove(topics)
    return Report(
        plan=plan, audit=found, seconds=diary.seconds, ends=ends, events=tuple(diary.events)
    )


def settle(workers: Crew, watching: Watch, stream: Sending) -> None:
    """Wait until all that was sent is committed."""

    def complaint() -> str:
        logs = "\n".join(f"{post.name}:\n{tail(post)}" for post in workers.posts)
        return f"{watching.last.total} of {stream.sent} are committed.\n{logs}"

    until(lambda: watching.last.total == stream.sent, SETTLED_WITHIN, complaint)


def examine(site: Site, topics: Topics, stream: Sending, watching: Watch, sky: Sky) -> Audit:
    """Compare what was sent with what the topics and the committed offsets say."""
    ends = end_offsets(site.main.kafka.bootstrap, topics.alerts)
    assert sum(ends.values()) == len(stream.places) == stream.sent, "sent twice, or not at all"
    return audit(stream.places, read_evidence(site, topics), watching.samples, sky.withdrawn)
