from __future__ import annotations

import pytest

from stampapp.classifiers.tf1_import.checkpoint import choose_checkpoint, find_checkpoints
from stampapp.errors import ConfigError


def files(*homes: str, prefix: str = "checkpoints/model") -> list[str]:
    names = []
    for home in homes:
        stem = f"{home}{prefix}"
        names += [f"{home}feature_norm_stats.pkl", f"{stem}.index", f"{stem}.meta"]
        names += [f"{stem}.data-00000-of-00001"]
    return names


def test_a_checkpoint_has_its_files() -> None:
    (found,) = find_checkpoints(files("model/results/best/"), "root")
    assert found.name == "best"
    assert found.index == "model/results/best/checkpoints/model.index"
    assert found.shards == ("model/results/best/checkpoints/model.data-00000-of-00001",)
    assert found.statistics == "model/results/best/feature_norm_stats.pkl"


def test_all_shards_in_order() -> None:
    names = files("r/a/")
    names[-1:] = [f"r/a/checkpoints/model.data-0000{n}-of-00002" for n in (1, 0)]
    (found,) = find_checkpoints(names, "root")
    assert [shard[-14:] for shard in found.shards] == ["00000-of-00002", "00001-of-00002"]


def test_the_folder_of_one_checkpoint_is_called_after_itself() -> None:
    (found,) = find_checkpoints(files(""), "staging_model")
    assert (found.name, found.statistics) == ("staging_model", "feature_norm_stats.pkl")


@pytest.mark.parametrize("part", ["feature_norm_stats.pkl", ".index", ".data-00000-of-00001"])
def test_an_incomplete_checkpoint_is_not_found(part: str) -> None:
    names = [name for name in files("results/a/") if not name.endswith(part)]
    assert find_checkpoints(names, "root") == []


def test_the_same_name_twice_gives_paths() -> None:
    names = [
        c.name
        for c in find_checkpoints(files("x/results/a/", "y/results/a/", "y/results/b/"), "root")
    ]
    assert names == ["x/results/a/checkpoints/model", "y/results/a/checkpoints/model", "b"]


def test_the_staging_model_is_preferred_and_a_name_decides() -> None:
    found = find_checkpoints(files("results/a/", "results/staging_model/"), "root")
    assert choose_checkpoint(found, None).name == "staging_model"
    assert choose_checkpoint(found, "a").name == "a"
    assert choose_checkpoint(found[:1], None).name == "a"


def test_what_does_not_single_one_out_lists_the_names() -> None:
    found = find_checkpoints(files("results/b/", "results/a/"), "root")
    with pytest.raises(ConfigError, match="several checkpoints: choose with --name one of a, b"):
        choose_checkpoint(found, None)
    with pytest.raises(ConfigError, match="no checkpoint c: choose with --name one of a, b"):
        choose_checkpoint(found, "c")
    with pytest.raises(ConfigError, match=r"there is no checkpoint: .*feature_norm_stats\.pkl"):
        choose_checkpoint([], None)
