from __future__ import annotations

from itertools import pairwise

import pytest

from stampapp.classifiers.network.native_network import share_bounds


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_the_shares_cover_all_alerts_and_are_nearly_equal(threads: int) -> None:
    for n in range(600):
        bounds = share_bounds(n, threads)
        sizes = [end - start for start, end in pairwise(bounds)]
        assert (bounds[0], bounds[-1]) == (0, n)
        assert 1 <= len(sizes) <= threads
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("n", "threads", "bounds"),
    [(0, 4, [0, 0]), (63, 4, [0, 63]), (64, 4, [0, 32, 64]), (256, 4, [0, 64, 128, 192, 256])],
)
def test_few_alerts_are_one_share(n: int, threads: int, bounds: list[int]) -> None:
    assert share_bounds(n, threads) == bounds
