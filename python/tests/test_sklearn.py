"""pipe_run.sklearn: estimators and generators come back in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipe_run import PipeError

pytest.importorskip("sklearn")

import numpy
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipe_run.sklearn import TrainingState

POINTS = numpy.random.default_rng(1).normal(size=(60, 4))
LABELS = (POINTS.sum(axis=1) > 0).astype(int)


def fit(model: Any, rng: Any) -> None:
    batch = rng.permutation(60)[:30]
    model.partial_fit(POINTS[batch], LABELS[batch], classes=[0, 1])


@pytest.mark.parametrize("make", [SGDClassifier, MLPClassifier])
@pytest.mark.parametrize("seed", [numpy.random.default_rng, numpy.random.RandomState])
def test_goes_on_as_if_it_had_not_stopped(make: Any, seed: Any, tmp_path: Path) -> None:
    # The estimator draws from a generator that is a part of the state too.
    shared = numpy.random.RandomState(4)
    model, rng = make(random_state=shared), seed(3)
    fit(model, rng)
    TrainingState(model, rng, shared).save(tmp_path)
    numpy.random.seed(9)
    fit(model, rng)
    wanted = (model.predict_proba(POINTS) if make is MLPClassifier else model.coef_), shared.random_sample()

    shared = numpy.random.RandomState(5)
    model, rng = make(random_state=shared), seed(6)
    TrainingState(model, rng, shared).load(tmp_path)
    assert model.random_state is shared
    fit(model, rng)
    got = (model.predict_proba(POINTS) if make is MLPClassifier else model.coef_), shared.random_sample()
    assert numpy.array_equal(got[0], wanted[0])
    assert got[1] == wanted[1]


def test_the_global_random_numbers_come_back(tmp_path: Path) -> None:
    numpy.random.seed(2)
    TrainingState().save(tmp_path)
    wanted = numpy.random.random(3).tolist()
    TrainingState().load(tmp_path)
    assert numpy.random.random(3).tolist() == wanted


def test_a_pipeline_comes_back_with_its_steps(tmp_path: Path) -> None:
    steps = make_pipeline(StandardScaler(), SGDClassifier(random_state=1)).fit(POINTS, LABELS)
    TrainingState(steps).save(tmp_path)
    other = make_pipeline(StandardScaler(), SGDClassifier())
    TrainingState(other).load(tmp_path)
    assert numpy.array_equal(other.predict(POINTS), steps.predict(POINTS))


def test_other_parts_than_the_saved_ones_are_an_error(tmp_path: Path) -> None:
    TrainingState(SGDClassifier(), numpy.random.default_rng(1)).save(tmp_path)
    with pytest.raises(PipeError, match="is of SGDClassifier, Generator, and this stage names SGDClassifier: name"):
        TrainingState(SGDClassifier()).load(tmp_path)


def test_what_has_no_known_state_is_an_error() -> None:
    with pytest.raises(PipeError, match="part 2 of the state is a list: pass estimators and NumPy generators"):
        TrainingState(SGDClassifier(), [])
