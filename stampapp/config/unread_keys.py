"""Find keys that are set and that nothing reads: misspelt ones, and those of the existing step."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from stampapp.config.environment import DOTENV
from stampapp.config.step_keys import STEP_KEYS

# The environment has the variables of other programs, too. Those with these prefixes are meant for
# stampapp. WEB_, LOG_ and KAFKA_ are not among them, because other programs use them.
_PREFIXES = (
    "CLASSIFIER_",
    "CLASSIFY_",
    "CONSUME_",
    "CONSUMER_",
    "DEADLETTER_",
    "IN_FLIGHT_",
    "METRICS_",
    "MODEL_",
    "PRODUCER_",
    "SCRIBE_",
    "SHADOW_",
)
# How similar another variable with the same first letter must be to a key to be a misspelling of
# it: WEB_PROT is (0.875 to WEB_PORT), NODE_VERSION is not (0.88 to MODEL_VERSION).
_MISSPELT = 0.86
# How similar the key must be that is proposed instead of one that is not read.
_SIMILAR = 0.6
# Kubernetes, and links of Docker, set these for each service, and more that begin in the same way.
_SERVICE = re.compile(r"(.+)_(?:SERVICE_HOST|PORT_\d+_(?:TCP|UDP|SCTP))")


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadKey:
    """A key that nothing reads, where it is set, and what to do about it."""

    key: str
    source: str
    advice: str

    def __str__(self) -> str:
        place = self.source if self.source == DOTENV else f"the {self.source}"
        return f"{self.key} in {place} is not a setting of stampapp: {self.advice}"


def unread_keys(sources: Mapping[str, str], known: Collection[str]) -> tuple[UnreadKey, ...]:
    """Return the keys in `sources` (key → where it is set) that are not known, with advice.

    Of the environment only those that seem to be meant for stampapp.
    """
    services = {found[1] for key in sources if (found := _SERVICE.fullmatch(key))}
    return tuple(
        UnreadKey(key=key, source=source, advice=_advice(key, known))
        for key, source in sources.items()
        if key not in known
        and (source == DOTENV or (not _is_of(services, key) and _is_meant(key, known)))
    )


def _is_of(services: Collection[str], key: str) -> bool:
    return any(
        key == f"{name}_PORT" or key.startswith((f"{name}_PORT_", f"{name}_SERVICE_"))
        for name in services
    )


def _is_meant(key: str, known: Collection[str]) -> bool:
    upper = key.upper()
    if upper in STEP_KEYS or upper.startswith(_PREFIXES):
        return True
    alike = [name for name in known if name[0] == upper[0]]
    return _nearest(upper, alike, _MISSPELT) is not None


def _advice(key: str, known: Collection[str]) -> str:
    upper = key.upper()
    if advice := STEP_KEYS.get(upper):
        return advice
    nearest = _nearest(upper, known, _SIMILAR)
    return f"did you mean {nearest}?" if nearest else "correct its name, or remove it"


def _nearest(key: str, known: Collection[str], cutoff: float) -> str | None:
    return next(iter(get_close_matches(key, known, n=1, cutoff=cutoff)), None)
