"""context(): what a stage gets, by name, and what it says when there is nothing."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from pipe_run import NoSuchName, NotInPipe, PipeError, context

GIVEN = {
    "item": "train@faces",
    "stage": "train",
    "matrix": {"dataset": "faces"},
    "params": {"train": {"lr": 0.1, "layers": [{"size": 64}, {"size": 32}], "items": None}},
    "deps": {"data": "/project/data", "texts": ["/project/a.txt", "/project/b.txt"]},
    "outs": {"model": "/project/model"},
    "resources": {"cpu": 4, "memory": 8589934592, "gpu": 0},
}


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "context.json").write_text(json.dumps(GIVEN), encoding="utf-8")
    monkeypatch.setenv("PIPE_CONTEXT", str(tmp_path / "context.json"))
    return context()


def test_names_the_item_and_its_cell(given: Any) -> None:
    assert (given.item, given.stage, given.matrix.dataset) == ("train@faces", "train", "faces")
    assert (given.resources.cpu, given.resources["gpu"]) == (4, 0)


def test_params_are_a_mapping_and_have_attributes(given: Any) -> None:
    train = given.params.train
    assert train.lr == given.params["train"]["lr"] == 0.1
    assert train.layers[1].size == 32
    assert train["items"] is None
    assert dict(**train) == GIVEN["params"]["train"]  # type: ignore[index]
    assert json.loads(json.dumps(given.params)) == GIVEN["params"]


def test_an_attribute_that_is_set_is_the_item(given: Any) -> None:
    train = given.params.train
    train.lr = 0.5
    train.steps = 3
    assert (train["lr"], dict(**train)["steps"]) == (0.5, 3)
    del train.steps
    assert "steps" not in train
    with pytest.raises(NoSuchName, match='params.train has no "steps"'):
        del train.steps


def test_params_can_be_copied_and_pickled(given: Any) -> None:
    for other in (copy.deepcopy(given.params), pickle.loads(pickle.dumps(given.params))):
        assert other == given.params
        assert other.train.layers[0].size == 64


def test_deps_and_outs_are_paths_and_a_pattern_a_list_of_them(given: Any) -> None:
    assert given.deps.data == Path("/project/data")
    assert given.deps.texts == [Path("/project/a.txt"), Path("/project/b.txt")]
    assert given.outs["model"] == Path("/project/model")


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda given: given.params.train.rate, 'params.train has no "rate"; it has: lr, layers, items'),
        (lambda given: given.params["rate"], 'params has no "rate"; it has: train. The stage gets only the params that'),
        (lambda given: given.params.train.layers[0].sise, r'params.train.layers\[0\] has no "sise"; it has: size'),
        (lambda given: given.deps.images, 'deps has no "images"; it has: data, texts. A dep has the name that'),
        (lambda given: given.outs.weights, 'outs has no "weights"; it has: model. An out has the name that'),
        (lambda given: given.matrix.seed, 'matrix has no "seed"; it has: dataset'),
    ],
)
def test_a_wrong_name_says_which_there_are(given: Any, read: Any, says: str) -> None:
    with pytest.raises(NoSuchName, match=f"^{says}"):
        read(given)


def test_a_missing_name_is_missing_for_hasattr_and_get(given: Any) -> None:
    assert not hasattr(given.params, "rate")
    assert given.params.get("rate", 3) == 3


def test_without_pipe_it_says_how_to_start_the_script() -> None:
    with pytest.raises(NotInPipe, match="PIPE_CONTEXT is not set.*Start it with `pipe run`, or .*context\\(default="):
        context()


def test_a_default_stands_in_for_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ctx = context(default={"params": {"lr": 0.1}, "outs": {"model": "model.pt"}})
    assert (ctx.params.lr, ctx.outs.model, ctx.deps, ctx.item) == (0.1, tmp_path / "model.pt", {}, "")


def test_under_pipe_a_default_counts_for_nothing(given: Any) -> None:
    assert context(default={"params": {"train": {"lr": 3}}}).params.train.lr == 0.1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (None, "{"):
        file = tmp_path / "context.json"
        monkeypatch.setenv("PIPE_CONTEXT", str(file))
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(PipeError, match="PIPE_CONTEXT names .*context.json, which cannot be read"):
            context()
