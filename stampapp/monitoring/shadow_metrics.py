"""Prometheus metrics of the shadow model: what it says beside the live one, and whether it runs."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from stampapp.alerts.surveys import Survey
from stampapp.results.model_comparison import Comparison

_DIFFERENCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ShadowMetrics:
    """The metrics of a shadow model; `model` has its name and what else describes it.

    `reasons` are those for which it may be switched off.
    """

    def __init__(
        self,
        survey: Survey,
        *,
        model: Mapping[str, str],
        reasons: Iterable[str],
        registry: CollectorRegistry,
    ) -> None:
        self._survey = survey.value
        Info(
            "stampapp_shadow_model",
            "The model beside the live one, and the engine that it runs on.",
            registry=registry,
        ).info({"survey": self._survey, **model})
        self._pairs = Counter(
            "stampapp_shadow_compared",
            "Alerts by the class of the live model and of the shadow model.",
            ("survey", "live_class", "shadow_class"),
            registry=registry,
        )
        self._dropped = Counter(
            "stampapp_shadow_dropped",
            "Alerts that the shadow model has not seen because it could not keep up.",
            ("survey",),
            registry=registry,
        ).labels(self._survey)
        self._differences = Histogram(
            "stampapp_shadow_probability_difference",
            "Largest difference of a class's probability between live and shadow model.",
            ("survey",),
            buckets=_DIFFERENCES,
            registry=registry,
        ).labels(self._survey)
        self._seconds = Histogram(
            "stampapp_shadow_duration_seconds",
            "Seconds of a call of the shadow model, which has at most 32 alerts.",
            ("survey",),
            buckets=_SECONDS,
            registry=registry,
        ).labels(self._survey)
        self._declare_state(reasons, registry)

    def _declare_state(self, reasons: Iterable[str], registry: CollectorRegistry) -> None:
        self._active = Gauge(
            "stampapp_shadow_active",
            "1 while the shadow model classifies, 0 once it is switched off.",
            ("survey",),
            registry=registry,
        ).labels(self._survey)
        self._active.set(1)
        self._switched_off = Counter(
            "stampapp_shadow_switched_off",
            "Times that the shadow model was switched off, by reason.",
            ("survey", "reason"),
            registry=registry,
        )
        for reason in reasons:
            self._switched_off.labels(self._survey, reason)

    def observe(self, comparisons: Sequence[Comparison], seconds: float) -> None:
        """Count the comparisons of a call of the shadow model, which took `seconds`."""
        self._seconds.observe(seconds)
        for (live, shadow), count in Tally((one.live, one.shadow) for one in comparisons).items():
            self._pairs.labels(self._survey, live, shadow).inc(count)
        for one in comparisons:
            if one.difference is not None:
                self._differences.observe(one.difference)

    def count_dropped(self, alerts: int) -> None:
        """Count alerts that the shadow model does not see."""
        self._dropped.inc(alerts)

    def switch_off(self, reason: str) -> None:
        """Record that the shadow model was switched off."""
        self._active.set(0)
        self._switched_off.labels(self._survey, reason).inc()
