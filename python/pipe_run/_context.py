"""What a stage gets from pipeline.yaml: params, deps, outs and the matrix cell."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

from ._errors import NoSuchName, NotInPipe, PipeError


class Tree(dict[str, Any]):
    """A dict whose keys can also be read as attributes: `params.train.lr`.

    A key that is also a method of dict, such as `items`, needs brackets: `params["items"]`.
    """

    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        super().__init__({key: _wrap(value, f"{name}.{key}") for key, value in values.items()})
        # In the instance, not in the dict: it is not one of the keys.
        self._name: str
        vars(self)["_name"] = name

    def __missing__(self, key: str) -> Any:
        raise self._absent(key)

    def __getattr__(self, key: str) -> Any:
        if key not in self:
            raise self._absent(key)
        return self[key]

    def __setattr__(self, key: str, value: Any) -> None:
        # Otherwise params.lr and params["lr"] would differ.
        self[key] = value

    def __delattr__(self, key: str) -> None:
        if key not in self:
            raise self._absent(key)
        del self[key]

    def _absent(self, key: str) -> NoSuchName:
        # copy and pickle ask for special methods before there is a name.
        name = vars(self).get("_name", "")
        names = ", ".join(map(str, self))
        known = f"it has: {names}" if names else "it is empty"
        return NoSuchName(f'{name} has no "{key}"; {known}.{_CURES.get(name.split(".")[0], "")}')


_CURES = {
    "params": " The stage gets only the params that it lists under `params:`",
    "deps": " A dep has the name that `deps:` gives it; in a plain list, its path is the name",
    "outs": " An out has the name that `outs:` gives it; in a plain list, its path is the name",
}


def _wrap(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return Tree(value, name)
    if isinstance(value, list):
        return [_wrap(each, f"{name}[{at}]") for at, each in enumerate(value)]
    return value


@dataclass(frozen=True)
class Context:
    """What `context()` returns."""

    item: str
    """The name of the item: `train@faces`."""
    stage: str
    """The name of the stage: `train`."""
    matrix: Tree
    """The axis values of the item by name: `matrix.dataset`."""
    params: Tree
    """The tree of the params that the stage names: `params.train.lr`."""
    deps: Tree
    """Absolute `Path`s by name, a list of them for a pattern: `deps.data`."""
    outs: Tree
    """Absolute `Path`s by name: `outs.model`."""
    resources: Tree
    """What the stage asks for: `resources.cpu`."""


def context(default: Optional[Mapping[str, Any]] = None) -> Context:
    """What `pipeline.yaml` gives this stage.

    `default` makes the script run without `pipe` too. It has the same members, each of which may be
    left out, with paths relative to the current folder:

        context(default={"params": {"lr": 0.1}, "outs": {"model": "model.pt"}})

    Under `pipe run` the default counts for nothing. Raises `NotInPipe` where there is neither.
    """
    file = os.environ.get("PIPE_CONTEXT")
    if file is not None:
        try:
            with open(file, encoding="utf-8") as opened:
                given: Mapping[str, Any] = json.load(opened)
        except (OSError, ValueError) as error:
            raise PipeError(f"PIPE_CONTEXT names {file}, which cannot be read: {error}") from error
    elif default is not None:
        given = default
    else:
        raise NotInPipe(
            "PIPE_CONTEXT is not set, so `pipe run` did not start this script. Start it with"
            " `pipe run`, or pass a default: context(default={'params': {…}, 'outs': {…}})"
        )
    return Context(
        item=given.get("item", ""),
        stage=given.get("stage", ""),
        matrix=Tree(given.get("matrix") or {}, "matrix"),
        params=Tree(given.get("params") or {}, "params"),
        deps=_paths(given.get("deps") or {}, "deps"),
        outs=_paths(given.get("outs") or {}, "outs"),
        resources=Tree(given.get("resources") or {}, "resources"),
    )


def _paths(given: Mapping[str, Any], name: str) -> Tree:
    paths = Tree({}, name)
    for key, value in given.items():
        paths[key] = [_path(each) for each in value] if isinstance(value, list) else _path(value)
    return paths


def _path(text: str) -> Path:
    return Path(os.path.abspath(text))
