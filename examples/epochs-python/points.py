"""Noisy points of the line y = 2x - 1: points.py <count> <seed> <out>."""

import json
import random
import sys

count, seed, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = random.Random(seed)
points = []
for _ in range(count):
    x = rng.uniform(-1, 1)
    points.append([x, 2 * x - 1 + rng.gauss(0, 0.1)])
with open(out, "w") as file:
    json.dump(points, file)
