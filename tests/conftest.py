"""Brokers and data that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stampapp.broker import embedded_broker
from tests.support.apache_kafka import ApacheKafka
from tests.support.two_clusters import TwoClusters, two_clusters

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def kafka() -> Iterator[ApacheKafka]:
    """Apache Kafka for the whole run; a test that kills it restarts it."""
    with ApacheKafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def tansu() -> Iterator[str]:
    """The embedded broker's bootstrap address."""
    with embedded_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoClusters]:
    """Two Kafkas that let in by name or certificate only; a test that changes a user mends it."""
    with two_clusters(tmp_path_factory.mktemp("certificates")) as both:
        yield both


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared/data beside the repository: real alerts are not at hand")
    return SHARED_DATA
