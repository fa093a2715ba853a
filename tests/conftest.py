"""Brokers and data that tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from stampapp.demo.embedded_broker import embedded_broker
from tests.support.apache_kafka import ApacheKafka
from tests.support.certificates import shared_certificates
from tests.support.two_clusters import TwoClusters, two_clusters

# The same examples in every run, however busy the machine is; `--hypothesis-profile=chance` draws
# others.
settings.register_profile("chance", deadline=None)
settings.register_profile("same", settings.get_profile("chance"), derandomize=True)
settings.load_profile("same")
# A shell that starts the tests in the background has them, and what they start, ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
# What a process of the tests may come to hold: itself with TensorFlow, three Kafkas, workers.
GIB_EACH = 3


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than processors: those that play fault rounds mostly wait."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(1, min(len(os.sched_getaffinity(0)) + 2, gib // GIB_EACH))


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


# Few modules need them: two brokers that nobody uses would cost more than to start them again.
@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoClusters]:
    """Two Kafka clusters with authentication; a test that changes a user restores it."""
    with two_clusters(shared_certificates(tmp_path_factory)) as both:
        yield both


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("no real alerts: there is no folder shared/data next to the repository")
    return SHARED_DATA
