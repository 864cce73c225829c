"""A Keras model and its fit; a stopped run continues after the last epoch with the same weights."""

import keras
import numpy

from pipe_run import context
from pipe_run.keras import PipeCallback

ctx = context()
params = ctx.params.train
points = numpy.random.default_rng(7).normal(size=(256, 8)).astype("float32")
targets = numpy.sin(points).sum(axis=1, keepdims=True)

keras.utils.set_random_seed(params.seed)
model = keras.Sequential(
    [
        keras.Input((8,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(params.rate), loss="mse")

pipe = PipeCallback()
model.fit(
    points, targets, batch_size=32, verbose=0, initial_epoch=pipe.completed, epochs=pipe.target, callbacks=[pipe]
)

numpy.savez(ctx.outs.model, *model.get_weights())
