"""Fits a linear classifier epoch by epoch; a stopped run continues after the last epoch."""

import numpy
from sklearn.linear_model import SGDClassifier

from pipe_run import context
from pipe_run.sklearn import epochs

ctx = context()
params = ctx.params.train
points = numpy.random.default_rng(7).normal(size=(400, 20))
labels = (points @ numpy.linspace(-1, 1, 20) + numpy.random.default_rng(8).normal(size=400) > 0).astype(int)

rng = numpy.random.default_rng(params.seed)
model = SGDClassifier(learning_rate="constant", eta0=params.rate, average=True, random_state=params.seed)

for epoch in epochs(model, rng):
    for batch in rng.permutation(len(points)).reshape(-1, 40):
        model.partial_fit(points[batch], labels[batch], classes=[0, 1])
    epoch.commit(accuracy=model.score(points, labels))

with open(ctx.outs.model, "wb") as file:
    numpy.save(file, numpy.append(model.coef_, model.intercept_))
