from __future__ import annotations

import threading
from pathlib import Path

from stampapp.worker import named_threads


def name_of_this_thread() -> str:
    return Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text().strip()


def name_of_a_child() -> str:
    names: list[str] = []
    child = threading.Thread(target=lambda: names.append(name_of_this_thread()))
    child.start()
    child.join()
    return names[0]


def test_the_system_knows_a_thread_by_its_work_and_those_that_it_starts() -> None:
    before = name_of_this_thread()
    with named_threads.thread_pool("judge") as executor:
        assert executor.submit(name_of_this_thread).result() == "judge"
        assert executor.submit(name_of_a_child).result() == "judge"
        assert executor.submit(threading.get_ident).result() != threading.get_ident()
    assert name_of_this_thread() == before
