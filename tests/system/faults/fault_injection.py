"""Does to a round what its plan says, each fault at its moment; those of one target in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from tests.system.faults.fault_plan import Fault, Kind, Manner, Plan
from tests.system.faults.kafka_clusters import Cluster, Site
from tests.system.faults.supervisor import Crew, Note


class Faults:
    def __init__(self, site: Site, crew: Crew, note: Note) -> None:
        self._site, self._crew, self._note = site, crew, note
        # Nobody kills a worker that is frozen, or starts a broker that another keeps away.
        self._workers, self._main, self._scribe = (threading.Lock() for _ in range(3))

    def inflict(self, plan: Plan) -> None:
        """Return when the last fault is over; raises what went wrong with any of them."""
        start = time.monotonic()
        with ThreadPoolExecutor(len(plan.faults)) as pool:
            for done in [pool.submit(self._at_its_time, one, start) for one in plan.faults]:
                done.result()

    def _at_its_time(self, fault: Fault, start: float) -> None:
        time.sleep(max(0.0, start + fault.at - time.monotonic()))
        act = self._acts()[fault.kind]
        act(fault)

    def _acts(self) -> dict[Kind, Callable[[Fault], None]]:
        return {
            Kind.WORKER_KILLED: self._kill_worker,
            Kind.WORKER_TERMINATED: self._terminate_worker,
            Kind.WORKER_FROZEN: self._freeze_worker,
            Kind.BROKER_KILLED: self._kill_broker,
            Kind.BROKER_AWAY: lambda fault: self._away(fault, self._site.main, self._main),
            Kind.WORKERS_COME_AND_GO: self._come_and_go,
            Kind.SCRIBE_AWAY: lambda fault: self._away(fault, self._site.scribe, self._scribe),
            Kind.CONNECTIONS_CUT: self._cut,
        }

    def _kill_worker(self, fault: Fault) -> None:
        with self._workers:
            post = self._crew.anyone(Random(fault.seed))
            self._note(f"{post.name} is killed")
            self._crew.kill(post)

    def _terminate_worker(self, fault: Fault) -> None:
        with self._workers:
            post = self._crew.anyone(Random(fault.seed))
            self._note(f"{post.name} gets SIGTERM")
            self._crew.terminate(post)

    def _freeze_worker(self, fault: Fault) -> None:
        with self._workers:
            post = self._crew.anyone(Random(fault.seed))
            self._note(f"{post.name} is frozen")
            self._crew.freeze(post, fault.seconds)
            self._note(f"{post.name} goes on")

    def _kill_broker(self, fault: Fault) -> None:
        with self._main:
            self._note("the broker is killed")
            self._site.main.kafka.kill()
            time.sleep(fault.seconds)
            self._site.main.start()
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
        """Two more join, one after the other, and leave when both have been at work."""
        first = self._crew.join()
        time.sleep(fault.seconds)
        second = self._crew.join()
        for post in (first, second):
            self._crew.await_ready(post)
        time.sleep(fault.seconds)
        for post in (first, second):
            with self._workers:
                self._note(f"{post.name} leaves ({fault.manner})")
                self._crew.leave(post, killed=fault.manner is Manner.KILLED)

    def _cut(self, fault: Fault) -> None:
        clusters = (self._site.main, self._site.scribe)
        before = sum(one.proxy.cuts for one in clusters)
        with ExitStack() as stack:
            for number, one in enumerate(clusters):
                stack.enter_context(one.proxy.cutting(Random(fault.seed + number)))
            self._note("connections are cut")
            time.sleep(fault.seconds)
        cuts = sum(one.proxy.cuts for one in clusters) - before
        self._note(f"{cuts} connections were cut")
