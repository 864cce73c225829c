"""Fits a sine with one hidden layer of `width` units, by stochastic gradient descent."""

import csv
import json
import math
import os
import random

with open(os.environ["PIPE_CONTEXT"]) as file:
    context = json.load(file)
params, outs = context["params"]["train"], context["outs"]
rng = random.Random(params["seed"])

points = [(x / 20, math.sin(x / 20 * 3)) for x in range(-20, 21)]
train, held_out = points[::2], points[1::2]
# For each unit: weight and bias of its input, weight of its output.
units = [[rng.gauss(0, 3), rng.gauss(0, 1), rng.gauss(0, 0.3)] for _ in range(params["width"])]


def predict(x):
    return sum(out * math.tanh(weight * x + bias) for weight, bias, out in units)


def step(x, y):
    error = predict(x) - y
    for unit in units:
        weight, bias, out = unit
        active = math.tanh(weight * x + bias)
        slope = error * out * (1 - active * active)
        unit[0] -= params["lr"] * slope * x
        unit[1] -= params["lr"] * slope
        unit[2] -= params["lr"] * error * active


def loss(some):
    return sum((predict(x) - y) ** 2 for x, y in some) / len(some)


with open(outs["loss"], "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["epoch", "train", "val"])
    for epoch in range(1, params["epochs"] + 1):
        for x, y in rng.sample(train, len(train)):
            step(x, y)
        table.writerow([epoch, loss(train), loss(held_out)])

with open(outs["fit"], "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["x", "sine", "fit"])
    table.writerows([x, y, predict(x)] for x, y in points)

with open(outs["scores"], "w") as file:
    json.dump({"train": {"loss": loss(train)}, "val": {"loss": loss(held_out)}}, file)
with open(outs["model"], "w") as file:
    json.dump(units, file)
