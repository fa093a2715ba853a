"""Fakes of the forwarding agents and the runtime, for the agents that use them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from stampapp.agents import classification, supervision
from stampapp.alerts.surveys import Survey
from stampapp.dashboard.recent_alerts import DashboardState
from stampapp.monitoring.prometheus import WorkerMetrics
from stampapp.monitoring.worker_state import WorkerCounts
from tests.support.fake_classifier import FakeClassifier


class FakeChannel:
    def __init__(self) -> None:
        self.payloads: list[Any] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.has_room = True

    async def deliver_and_wait(self, payload: object, is_wanted: Callable[[], bool]) -> bool:
        self.payloads.append(payload)
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return is_wanted()

    def try_put(self, payload: object) -> bool:
        self.payloads.append(payload)
        return self.has_room


class FakeAgents:
    """Fake channels of the forwarding agents, and a fake runtime."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.output, self.scribe, self.deadletter, self.metrics = (FakeChannel() for _ in range(4))
        for name in ("output", "scribe", "deadletter", "metrics"):
            monkeypatch.setattr(classification, name, SimpleNamespace(channel=getattr(self, name)))
        self.runtime: Any = SimpleNamespace(
            counts=WorkerCounts(),
            classifier=FakeClassifier(),
            dashboard=DashboardState(("SN", "bogus"), 0.0),
            metrics=WorkerMetrics(
                Survey.ZTF,
                model={"name": FakeClassifier.name, "version": FakeClassifier.version},
                classes=FakeClassifier.classes,
            ),
            failure=None,
            record_failure=self.record_failure,
            access_monitor=SimpleNamespace(check=self.check),
            required_settings=lambda: SimpleNamespace(
                group_id="group",
                metrics_source="stamps",
                metrics_survey=None,
                model=SimpleNamespace(max_detections=None),
            ),
        )
        self.crashes: list[BaseException] = []
        self.problem: str | None = None
        for module in (classification, supervision):
            app = SimpleNamespace(runtime=self.runtime, crash=self.crash)
            monkeypatch.setattr(module, "app", app)

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)

    def record_failure(self, error: BaseException) -> None:
        self.runtime.failure = error

    async def check(self, last_message_at: float) -> str | None:  # noqa: ARG002  # as WorkerRuntime has it
        return self.problem
