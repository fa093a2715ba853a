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


def test_threads_and_those_they_start_have_the_name_of_the_pool() -> None:
    before = name_of_this_thread()
    with named_threads.thread_pool("classify") as executor:
        assert executor.submit(name_of_this_thread).result() == "classify"
        assert executor.submit(name_of_a_child).result() == "classify"
        assert executor.submit(threading.get_ident).result() != threading.get_ident()
    assert name_of_this_thread() == before
