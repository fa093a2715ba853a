"""Apache Kafka on loopback: a node with its own data, which ends with its parent process.

By hand: `python -m tests.support.apache_kafka --port 9092`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stampapp.demo.embedded_broker import (
    LOOPBACK,
    address,
    answers_kafka,
    tied_to_parent,
    usable_port,
)
from tests.support.kafka_classes import class_archive
from tests.support.kafka_settings import (
    CONTROLLER,
    PLAIN,
    QUICK,
    joining_layout,
    node_layout,
    write_settings,
)
from tests.support.kafka_storage import formatted_storage
from tests.support.maven_jars import KAFKA, executable, jars
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE

BROKER = "kafka.Kafka"
STOPPED_WITHIN = 30.0
# By the number in the attributes of a batch.
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
CLUSTER_ID = "c3RhbXBhcHAtdGVzdHMtMQ"


class ApacheKafka:
    """A context manager. `listeners` adds some: name → security protocol, each on a free port.

    `advertised` (name → port) sends the clients of a listener to another port than its own. With
    `joins` it is the second broker of another node's cluster. With `record_classes` it writes the
    archive of its classes when it stops.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        listeners: Mapping[str, str] | None = None,
        advertised: Mapping[str, int] | None = None,
        properties: Mapping[str, str] | None = None,
        heap_mb: int = 512,
        joins: ApacheKafka | None = None,
        record_classes: Path | None = None,
    ) -> None:
        self.jars = jars(KAFKA)
        self.java = executable("java", "install Java 17 or later (Debian: openjdk-17-jre-headless)")
        self.record_classes = record_classes
        self.classes = record_classes or class_archive(self.java, self.jars, _record_classes)
        self.heap_mb = heap_mb
        protocols = {CONTROLLER: "PLAINTEXT", PLAIN: "PLAINTEXT", **(listeners or {})}
        self.ports = dict(zip(protocols, free_ports(len(protocols)), strict=True))
        if port:
            self.ports[PLAIN] = usable_port(LOOPBACK, port)
        self.folder = Path(tempfile.mkdtemp(prefix="apache-kafka-"))
        self.settings = self.folder / "server.properties"
        self.log = self.folder / "kafka.log"
        self.process: subprocess.Popen[bytes] | None = None
        layout = node_layout(self.ports, protocols, self.folder / "data", advertised or {})
        if joins:
            layout |= joining_layout(self.ports, joins.ports[CONTROLLER])
        self.node = layout["node.id"]
        write_settings(self.settings, {**layout, **QUICK, **(properties or {})})

    @property
    def bootstrap(self) -> str:
        return self.address(PLAIN)

    def address(self, listener: str) -> str:
        return address(LOOPBACK, self.ports[listener])

    def __enter__(self) -> Self:
        try:
            self._prepare_storage()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                tied_to_parent(self._java(BROKER, str(self.settings))),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._wait_until_ready(self.process)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, no client is notified."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: a controlled shutdown, which takes some two seconds."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start again on the same data and ports; stops it first if it still runs."""
        self.stop()
        self.start()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def codecs(self, topic: str) -> set[str]:
        """Return the compression codecs of the batches that a topic has on disk."""
        return {
            codec for segment in self._segments(topic) for codec in _codecs(segment.read_bytes())
        }

    def damage_end(self, topic: str) -> None:
        """Change the last byte of a topic's only partition on disk."""
        (segment,) = self._segments(topic)
        data = segment.read_bytes()
        with segment.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(bytes([data[-1] ^ 0xFF]))

    def _segments(self, topic: str) -> list[Path]:
        return list(self.folder.glob(f"data/{topic}-[0-9]*/*.log"))

    def _java(self, *arguments: str) -> list[str]:
        # Cheap to start rather than fast in the long run.
        economy = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Xmx{self.heap_mb}m"]
        # `format` finds no archive while a broker is to write it, and does without.
        recording = self.record_classes and arguments[0] == BROKER
        classes = "ArchiveClassesAtExit" if recording else "SharedArchiveFile"
        economy.append(f"-XX:{classes}={self.classes}")
        logging = "-Dorg.slf4j.simpleLogger.showDateTime=true"
        return [self.java, *economy, logging, "-cp", f"{self.jars}/*", *arguments]

    def _prepare_storage(self) -> None:
        storage = formatted_storage(self.jars, self.node, self._format)
        shutil.copytree(storage, self.folder / "data")

    def _format(self, storage: Path) -> None:
        settings = self.folder / "format.properties"
        # The last value counts.
        settings.write_text(f"{self.settings.read_text()}log.dirs={storage}\n")
        arguments = ("format", "--cluster-id", CLUSTER_ID, "--config", str(settings))
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"Apache Kafka's storage was not formatted:\n{done.stderr}")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + AMPLE
        while not answers_kafka(LOOPBACK, self.ports[PLAIN]):
            if process.poll() is not None:
                raise RuntimeError(f"Apache Kafka ended at its start:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Apache Kafka is not ready yet:\n{self._last_words()}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def _signal(self, signum: signal.Signals) -> None:
        assert self.process, "Apache Kafka does not run"
        self.process.send_signal(signum)

    def _end(self, signum: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(signum)
        try:
            self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def _record_classes(archive: Path) -> None:
    with ApacheKafka(record_classes=archive) as kafka:
        kafka.stop()


def _codecs(segment: bytes) -> Iterator[str]:
    """Yield the codec of each batch: its offset and length, then 9 bytes, then its attributes."""
    at = 0
    while at < len(segment):
        length, attributes = struct.unpack_from(">8xi9xh", segment, at)
        yield CODECS[attributes & 7]
        at += 12 + length


def main() -> None:
    options = argparse.ArgumentParser(description="Run Apache Kafka in the foreground.")
    options.add_argument("--port", type=int, default=9092)
    # Ends the block below, and the broker with it, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ApacheKafka(port=options.parse_args().port) as kafka:
        print(f"Apache Kafka ready on {kafka.bootstrap}, log in {kafka.log}.")
        print("Stop it with Ctrl-C; its data is removed then.", flush=True)
        assert kafka.process
        try:
            raise SystemExit(kafka.process.wait())
        except KeyboardInterrupt:
            print("Stopping.")


if __name__ == "__main__":
    main()
