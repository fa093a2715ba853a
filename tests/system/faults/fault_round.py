"""A round: send alerts while faults happen, wait until all are committed, and audit."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.registry import Registry
from tests.support.topics import (
    decided_offsets_to_commit,
    end_offsets,
    read_all,
    wait_for_count,
    wait_for_leaders,
)
from tests.support.waiting import until
from tests.system.faults.alert_sender import AlertSender, send_alerts
from tests.system.faults.alerts import AlertSource, Sent, digest
from tests.system.faults.commit_watch import CommitWatch, watch_commits
from tests.system.faults.completeness import Audit, audit
from tests.system.faults.evidence import READ_WITHIN, read_evidence
from tests.system.faults.fault_injection import FaultInjector
from tests.system.faults.fault_plan import Plan
from tests.system.faults.kafka_clusters import Clusters, Topics
from tests.system.faults.shadow import read_published, shadow_problems, switched_off
from tests.system.faults.supervisor import Supervisor, supervised_workers, tail
from tests.system.faults.writers import (
    PartitionOffset,
    PlainWriter,
    TransactionalWriter,
    Writer,
)

# At most so many alerts wait for the workers.
WINDOW = 300
# The stream goes on until the last fault is over, with at most so many times the planned alerts: a
# worker on the native engine classifies about a thousand per second, and a fault must meet some.
MOST = 12
SETTLED_WITHIN = 300.0
# The markers of a transaction, after a broker has started again.
DECIDED_WITHIN = 90.0
MAX_PROBLEMS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The result of a round; `exit_codes` are those of workers that ended by themselves."""

    plan: Plan
    audit: Audit
    seconds: float
    exit_codes: Sequence[int]
    events: Sequence[str]

    def __str__(self) -> str:
        """Return what is needed to understand and reproduce a failure."""
        problems = self.audit.problems
        more = len(problems) - MAX_PROBLEMS
        return "\n".join(
            (
                f"Seed {self.plan.seed}, codec {self.plan.codec}:"
                f" {'; '.join(map(str, self.plan.faults))}.",
                *self.events,
                *problems[:MAX_PROBLEMS],
                *((f"and {more} more",) if more > 0 else ()),
            )
        )


class EventLog:
    """Timed events, written from several threads."""

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


def run_round(
    clusters: Clusters,
    plan: Plan,
    source: AlertSource,
    folder: Path,
    registry: Registry | None = None,
) -> Report:
    """Run a round in a new folder, which is removed unless there are problems."""
    event_log, topics = EventLog(), clusters.topics()
    bootstrap = clusters.main.kafka.bootstrap
    environment = clusters.environment(topics, source.settings, proxied=plan.cut)
    environment["PRODUCER_COMPRESSION"] = plan.codec
    folder.mkdir()
    try:
        with (
            supervised_workers(environment, folder, event_log.note) as workers,
            watch_commits(bootstrap, topics.group, topics.alerts) as commits,
            send_alerts(
                new_writer(bootstrap, topics.alerts, plan),
                source.stream(plan.seed),
                window=WINDOW,
                consumed=lambda: commits.last.total,
                most=plan.alerts * MOST,
            ) as stream,
        ):
            workers.wait_until_ready(workers.add_worker())
            stream.start()
            event_log.note("the stream begins")
            FaultInjector(
                clusters, workers, stream, topics, event_log.note, registry=registry
            ).run_plan(plan)
            stream.finish(plan.alerts)
            ends = decided_offsets_to_commit(bootstrap, topics.alerts, timeout=DECIDED_WITHIN)
            wait_until_committed(workers, commits, ends)
            event_log.note("everything is committed")
            if topics.shadow in environment.values():
                wait_for_count(bootstrap, topics.shadow, 1)
                event_log.note("the shadow model has published something")
            exit_codes = workers.exit_codes()
        found = audit_round(clusters, topics, stream, commits, source=source, folder=folder)
    except BaseException as error:
        error.add_note(f"Seed {plan.seed}: {'; '.join(map(str, plan.faults))}; logs in {folder}.")
        error.add_note("\n".join(event_log.events))
        raise
    if not found.problems:
        shutil.rmtree(folder)
    clusters.remove(topics)
    return Report(
        plan=plan,
        audit=found,
        seconds=event_log.seconds,
        exit_codes=exit_codes,
        events=tuple(event_log.events),
    )


def new_writer(bootstrap: str, topic: str, plan: Plan) -> Writer:
    if plan.transactional:
        return TransactionalWriter(bootstrap, topic, plan.seed)
    return PlainWriter(bootstrap, topic)


def wait_until_committed(
    workers: Supervisor, commits: CommitWatch, ends: Mapping[int, int]
) -> None:
    """Wait until everything is committed up to the ends of the partitions."""

    def describe() -> str:
        logs = "\n".join(f"{slot.name}:\n{tail(slot)}" for slot in workers.slots)
        return f"{commits.last.committed} of {ends} are committed.\n{logs}"

    until(lambda: commits.last.committed == ends, SETTLED_WITHIN, describe)


def audit_round(
    clusters: Clusters,
    topics: Topics,
    stream: AlertSender,
    commits: CommitWatch,
    *,
    source: AlertSource,
    folder: Path,
) -> Audit:
    """Compare the alerts sent with the topics and the committed offsets.

    The logs of the workers are in `folder`.
    """
    bootstrap = clusters.main.kafka.bootstrap
    wait_for_leaders(bootstrap, topics.alerts)
    ends = end_offsets(bootstrap, topics.alerts)
    assert len(stream.places) == stream.sent, "not all sent"
    assert sum(ends.values()) == stream.sent or stream.overhead, "sent twice"
    sent = readable_alerts(clusters, topics, stream)
    found = audit(sent, read_evidence(clusters, topics), commits.samples, source.vetoed)
    if "SHADOW_MODEL_PATH" not in source.settings:
        return found
    published = read_published(clusters, topics)
    changed = shadow_problems(published, sent, source.classes)
    return replace(found, problems=(*found.problems, *changed, *switched_off(folder)))


def readable_alerts(
    clusters: Clusters, topics: Topics, stream: AlertSender
) -> dict[PartitionOffset, Sent]:
    """Return the alerts sent that can be read.

    Of transactions, an independent reader decides what that is: a broker that is killed may commit
    what its producer has aborted, and the reverse (seen with Kafka 4.3.1).
    """
    if not stream.doubtful:
        return stream.places
    sent = {(one.key, one.digest): one for one in (*stream.places.values(), *stream.doubtful)}
    found = read_all(clusters.main.kafka.bootstrap, topics.alerts, timeout=READ_WITHIN)
    return {
        (one.partition, one.offset): sent[one.key or b"", digest(one.value or b"")] for one in found
    }
