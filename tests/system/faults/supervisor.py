"""Workers under a supervisor, which starts another where one has ended, whatever the reason."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.waiting import until
from tests.support.worker import Worker

PAUSE = 1.0
READY_WITHIN = 300.0
# By its own limit a worker has ended after 9 s; the rest is for a busy machine.
ENDED_WITHIN = 20.0
READY = "Worker ready"

Note = Callable[[str], None]


@dataclass(eq=False)
class Post:
    """A place for one worker, which is filled again as long as it is `wanted`."""

    name: str
    folder: Path
    worker: Worker
    wanted: bool = True
    ends: list[int] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return self.worker.process.poll() is None and READY in self.worker.text()


class Crew:
    def __init__(self, environment: Mapping[str, str], folder: Path, note: Note) -> None:
        self._environment, self._folder, self._note = environment, folder, note
        self.posts: list[Post] = []
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def join(self) -> Post:
        """Start one more worker; it need not be ready yet."""
        name = f"worker {len(self.posts) + 1}"
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir()
        post = Post(name=name, folder=folder, worker=self._worker(folder))
        self.posts.append(post)
        self._note(f"{name} starts")
        return post

    def await_ready(self, post: Post) -> None:
        until(lambda: post.ready, READY_WITHIN, lambda: f"{post.name} is not ready:\n{tail(post)}")
        self._note(f"{post.name} is ready")

    def anyone(self, chance: Random) -> Post:
        return chance.choice([post for post in self.posts if post.wanted])

    def kill(self, post: Post) -> None:
        post.worker.process.kill()

    def terminate(self, post: Post) -> None:
        """Send SIGTERM, and see that it ends in time."""
        process = post.worker.process
        process.send_signal(signal.SIGTERM)
        took = until(
            lambda: process.poll() is not None,
            ENDED_WITHIN,
            lambda: f"SIGTERM has not ended it:\n{tail(post)}",
        )
        self._note(f"{post.name} ended {took:.1f} s after SIGTERM with {process.returncode}")

    def freeze(self, post: Post, seconds: float) -> None:
        process = post.worker.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def leave(self, post: Post, *, killed: bool) -> None:
        """End a worker for good."""
        post.wanted = False
        if killed:
            self.kill(post)
        else:
            self.terminate(post)

    def close(self) -> None:
        self._closing.set()
        self._supervisor.join()
        for post in self.posts:
            post.worker.close()

    def ends(self) -> list[int]:
        """The exit codes of all that ended before the crew did."""
        return [code for post in self.posts for code in post.ends]

    def _worker(self, folder: Path) -> Worker:
        return Worker(self._environment, folder / "worker.log", folder)

    def _supervise(self) -> None:
        while not self._closing.wait(0.1):
            for post in list(self.posts):
                code = post.worker.process.poll()
                if post.wanted and code is not None and not self._closing.wait(PAUSE):
                    post.ends.append(code)
                    self._note(f"{post.name} had ended with {code} and is started again")
                    post.worker.close()
                    post.worker = self._worker(post.folder)


def tail(post: Post, lines: int = 30) -> str:
    return "\n".join(post.worker.text().splitlines()[-lines:])


@contextmanager
def crew(environment: Mapping[str, str], folder: Path, note: Note) -> Iterator[Crew]:
    """Run workers that do not outlive the block."""
    running = Crew(environment, folder, note)
    try:
        yield running
    finally:
        running.close()
