"""The server.properties of a single node of Apache Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stampapp.demo.embedded_broker import LOOPBACK

CONTROLLER = "CONTROLLER"
PLAIN = "PLAINTEXT"
NODE_ID = "1"

QUICK = {
    "auto.create.topics.enable": "true",
    "num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # The tests' messages carry old timestamps: by default Kafka deletes them within a minute.
    "log.retention.ms": "-1",
    # A killed broker can register again when its old session has expired (default: 9 s).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # By default a broker that does nothing writes twice a second that it does nothing.
    "metadata.max.idle.interval.ms": "0",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.io.threads": "4",
    "num.network.threads": "2",
}


def node_layout(
    ports: Mapping[str, int],
    protocols: Mapping[str, str],
    data: Path,
    advertised: Mapping[str, int],
) -> dict[str, str]:
    """Listeners and roles; all mappings are by the name of the listener."""
    listeners = _urls(ports)
    return {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{LOOPBACK}:{ports[CONTROLLER]}",
        "controller.listener.names": CONTROLLER,
        "inter.broker.listener.name": PLAIN,
        "listeners": ",".join(listeners.values()),
        "advertised.listeners": ",".join(
            url for name, url in _urls({**ports, **advertised}).items() if name != CONTROLLER
        ),
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
        "log.dirs": str(data),
    }


def joining_layout(ports: Mapping[str, int], controller: int) -> dict[str, str]:
    """What differs for a second broker, which joins a node with this port of its controller."""
    return {
        "process.roles": "broker",
        "node.id": "2",
        "controller.quorum.voters": f"{NODE_ID}@{LOOPBACK}:{controller}",
        "listeners": ",".join(url for name, url in _urls(ports).items() if name != CONTROLLER),
    }


def _urls(ports: Mapping[str, int]) -> dict[str, str]:
    return {name: f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()}


def write_settings(file: Path, settings: Mapping[str, str]) -> None:
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
