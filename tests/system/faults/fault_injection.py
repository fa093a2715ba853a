"""Inject the faults of a plan, each at its time; those of one target one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from tests.support.registry import Registry
from tests.system.faults.alert_sender import AlertSender
from tests.system.faults.fault_plan import Fault, Kind, Manner, Plan
from tests.system.faults.kafka_clusters import Cluster, Clusters, Topics
from tests.system.faults.supervisor import Note, Supervisor


class FaultInjector:
    def __init__(
        self,
        clusters: Clusters,
        supervisor: Supervisor,
        stream: AlertSender,
        topics: Topics,
        note: Note,
        *,
        registry: Registry | None = None,
    ) -> None:
        self._clusters, self._supervisor, self._note = clusters, supervisor, note
        self._stream, self._topics, self._registry = stream, topics, registry
        # A frozen worker must not be killed, nor a broker started that another fault keeps down.
        self._workers, self._main, self._scribe = (threading.Lock() for _ in range(3))

    def run_plan(self, plan: Plan) -> None:
        """Inject all faults and return when the last one is over."""
        start = time.monotonic()
        with ThreadPoolExecutor(len(plan.faults)) as pool:
            for done in [pool.submit(self._run_fault, one, start) for one in plan.faults]:
                done.result()

    def _run_fault(self, fault: Fault, start: float) -> None:
        time.sleep(max(0.0, start + fault.at - time.monotonic()))
        act = self._actions()[fault.kind]
        act(fault)

    def _actions(self) -> dict[Kind, Callable[[Fault], None]]:
        return {
            Kind.WORKER_KILLED: self._kill_worker,
            Kind.WORKER_TERMINATED: self._terminate_worker,
            Kind.WORKER_FROZEN: self._freeze_worker,
            Kind.BROKER_KILLED: self._kill_broker,
            Kind.BROKER_AWAY: lambda fault: self._away(fault, self._clusters.main, self._main),
            Kind.WORKERS_COME_AND_GO: self._come_and_go,
            Kind.SCRIBE_AWAY: lambda fault: self._away(fault, self._clusters.scribe, self._scribe),
            Kind.CONNECTIONS_CUT: self._cut,
            Kind.PARTITIONS_ADDED: self._add_partitions,
            Kind.REGISTRY_AWAY: self._take_registry_away,
        }

    def _kill_worker(self, fault: Fault) -> None:
        with self._workers:
            slot = self._supervisor.pick(Random(fault.seed))
            self._note(f"{slot.name} is killed")
            self._supervisor.kill(slot)

    def _terminate_worker(self, fault: Fault) -> None:
        with self._workers:
            slot = self._supervisor.pick(Random(fault.seed))
            self._note(f"{slot.name} gets SIGTERM")
            self._supervisor.terminate(slot)

    def _freeze_worker(self, fault: Fault) -> None:
        with self._workers:
            slot = self._supervisor.pick(Random(fault.seed))
            self._note(f"{slot.name} is frozen")
            self._supervisor.freeze(slot, fault.seconds)
            self._note(f"{slot.name} goes on")

    def _kill_broker(self, fault: Fault) -> None:
        with self._main:
            self._note("the broker is killed")
            self._clusters.main.kafka.kill()
            time.sleep(fault.seconds)
            self._clusters.main.start()
            self._note("the broker is back")

    def _away(self, fault: Fault, cluster: Cluster, lock: threading.Lock) -> None:
        kafka = cluster.kafka
        leave, come = {
            Manner.TERMINATED: (kafka.stop, cluster.start),
            Manner.KILLED: (kafka.kill, cluster.start),
            Manner.FROZEN: (kafka.freeze, kafka.thaw),
        }[fault.manner or Manner.TERMINATED]
        with lock:
            self._note(f"{fault.kind}: {fault.manner}")
            leave()
            time.sleep(fault.seconds)
            come()
            self._note(f"{fault.kind} no more")

    def _come_and_go(self, fault: Fault) -> None:
        """Start two more workers, one after the other, and remove both later."""
        first = self._supervisor.add_worker()
        time.sleep(fault.seconds)
        second = self._supervisor.add_worker()
        for slot in (first, second):
            self._supervisor.wait_until_ready(slot)
        time.sleep(fault.seconds)
        for slot in (first, second):
            with self._workers:
                self._note(f"{slot.name} leaves ({fault.manner})")
                self._supervisor.remove_worker(slot, killed=fault.manner is Manner.KILLED)

    def _cut(self, fault: Fault) -> None:
        clusters = (self._clusters.main, self._clusters.scribe)
        before = sum(one.proxy.cuts for one in clusters)
        with ExitStack() as stack:
            for number, one in enumerate(clusters):
                stack.enter_context(one.proxy.cutting(Random(fault.seed + number)))
            self._note("connections are cut")
            time.sleep(fault.seconds)
        cuts = sum(one.proxy.cuts for one in clusters) - before
        self._note(f"{cuts} connections were cut")

    def _add_partitions(self, fault: Fault) -> None:
        with self._main:
            self._clusters.add_partitions(self._topics)
        self._stream.use_added_partitions()
        self._note("partitions are added")
        time.sleep(fault.seconds)

    def _take_registry_away(self, fault: Fault) -> None:
        assert self._registry, "the round has no registry"
        self._note("the registry goes away")
        self._registry.leave()
        time.sleep(fault.seconds)
        # A worker that starts needs longer, and one that knows the schemas asks for none.
        slot = self._supervisor.wait_until_one_awaits_a_schema()
        self._note(f"{slot.name} is not ready: it waits for the registry")
        self._registry.come_back()
        self._note("the registry is back")
