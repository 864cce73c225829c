"""PyTorch's side of bench/train.mjs: the same networks, loss, clipping, Adam and average.

torch_training.py FOLDER UPDATES prints a line of JSON: losses, and milliseconds of CPU an update.
FOLDER holds what `our-training.mjs dump` wrote. Images are NCHW here, filters [out, in, k, k].
"""

import json
import resource
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

COMPARED, WARM_UP = 3, 60
SLOPE = 0.2

folder, updates = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.set_num_interop_threads(1)
config = json.loads((folder / "config.json").read_text())
network, loss_of, train = config["model"]["network"], config["model"]["loss"], config["train"]


def from_nhwc(value):
    return value.permute(0, 3, 1, 2).contiguous() if value.ndim == 4 else value


def as_torch(value):
    """A dense weight is [in, out] in the file. Transposed filters are [k, k, out, in] there."""
    if value.ndim == 4:
        return value.permute(3, 2, 0, 1).contiguous()
    return value.t().contiguous() if value.ndim == 2 else value


batch = {name: from_nhwc(value) for name, value in load_file(folder / "batch.safetensors").items()}
weights = {name: as_torch(value) for name, value in load_file(folder / "weights.safetensors").items()}
trained = [value.requires_grad_() for name, value in weights.items() if ".running_" not in name]
count, _, size, _ = batch["target"].shape


def padding_for(length, kernel, stride):
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def conv(name, x, stride=1):
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    before, after = padding_for(x.shape[-1], weight.shape[-1], stride)
    if before == after:
        return F.conv2d(x, weight, bias, stride, before)
    return F.conv2d(F.pad(x, (before, after) * 2), weight, bias, stride)


def grow(name, x, side, stride):
    """A transposed convolution whose output has this side."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    before, _ = padding_for(side, weight.shape[-1], stride)
    y = F.conv_transpose2d(x, weight, bias, stride, before)
    return y[..., :side, :side]


def leaky(x):
    return F.leaky_relu(x, SLOPE)


def dense(name, x):
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def norm(name, x):
    part = lambda key: weights[f"{name}.norm.{key}"]
    running = part("running_mean"), part("running_var")
    return F.batch_norm(x, *running, part("weight"), part("bias"), training=True)


class Restorer:
    levels, blocks, grid_level, seen_levels = 4, 2, 3, 3

    def __init__(self):
        self.sides = [-(-size // 2**level) for level in range(self.levels + 1)]
        grid = self.sides[self.grid_level]
        edges = torch.arange(grid + 1, dtype=torch.float64) * (size / grid)
        pixels = torch.arange(size, dtype=torch.float64)[:, None]
        overlap = torch.minimum(pixels + 1, edges[1:]) - torch.maximum(pixels, edges[:-1])
        cells = overlap.clamp(min=0).float()
        self.hole = (cells.t() @ batch["mask"] @ cells > 0).float()
        self.gate = (torch.arange(count) < network["posterior"] * count).float().view(-1, 1, 1, 1)

    def ascend(self, x, skips, level):
        grown = grow(f"up{level}", x, self.sides[level], 2)
        return leaky(conv(f"join{level}", leaky(grown + conv(f"skip{level}", skips[level]))))

    def gaussian(self, x, least, most):
        mean, logvar = x.chunk(2, dim=1)
        return mean, logvar.clamp(least, most)

    def posterior(self, context):
        x = torch.cat([batch["target"] * 2 - 1, batch["mask"]], 1)
        for level in range(1, self.seen_levels + 1):
            x = leaky(conv(f"seen{level}", x, 2))
        return self.gaussian(conv("posterior", torch.cat([context, x], 1)), -8, 2)

    def __call__(self):
        filled, spread = batch["filled"], batch["spread"]
        skips = [leaky(conv("conv0", torch.cat([filled * 2 - 1, batch["mask"], spread], 1)))]
        for level in range(1, self.levels + 1):
            skips.append(leaky(conv(f"conv{level}", leaky(conv(f"down{level}", skips[-1], 2)))))
        x = skips[-1]
        for block in range(1, self.blocks + 1):
            inner = leaky(conv(f"block{block}.first", x))
            x = leaky(x + conv(f"block{block}.second", inner))
        context = self.ascend(x, skips, self.grid_level)
        prior, prior_var = self.gaussian(conv("prior", context), 0, 2)
        drawn, kl = prior, torch.zeros(count)
        if network["posterior"] > 0:
            mean, logvar = self.posterior(context)
            drawn = prior + (mean + torch.exp(logvar * 0.5) * batch["noise"] - prior) * self.gate
            kl = self.divergence(mean, logvar, prior, prior_var)
        x = leaky(context + conv("latent", drawn * self.hole))
        for level in reversed(range(self.grid_level)):
            x = self.ascend(x, skips, level)
        out = conv("out", x)
        return filled + (out[:, :1] + spread * out[:, 1:2]) * batch["mask"], kl

    def divergence(self, mean, logvar, prior, prior_var):
        used = self.hole * self.gate
        mean, logvar = prior + (mean - prior) * used, prior_var + (logvar - prior_var) * used
        ratio = (logvar.exp() + (mean - prior) ** 2) * torch.exp(-prior_var)
        return 0.5 * (prior_var - logvar + ratio - 1).flatten(1).sum(1)


class Deepvision:
    convs, strided, layers = (2, 2, 3), 3, 6

    def __init__(self):
        inner = size // network["downscale"]
        sides = [-(-inner // 2**block) for block in range(len(self.convs) + 1)]
        back = sides[::-1][1:]
        self.side, self.sides = sides[-1], back + [inner] * (self.layers - self.strided)

    def __call__(self):
        factor = network["downscale"]
        shrunk = [F.avg_pool2d(batch[name], factor) for name in ("filled", "mask")]
        x = torch.cat([shrunk[0] * 2 - 1, shrunk[1]], 1)
        for block, convs in enumerate(self.convs, 1):
            for i in range(1, convs + 1):
                x = conv(f"enc{block}.conv{i}", x)
            x = leaky(norm(f"enc{block}", F.max_pool2d(x, 2, ceil_mode=True)))
        hidden = leaky(dense("fc1", x.permute(0, 2, 3, 1).flatten(1)))
        mean, logvar = dense("mean", hidden), dense("logvar", hidden).clamp(-20, 10)
        code = mean + torch.exp(logvar * 0.5) * batch["noise"]
        flat = leaky(dense("fc4", leaky(dense("expand", code))))
        x = flat.view(count, self.side, self.side, -1).permute(0, 3, 1, 2).contiguous()
        for i, side in enumerate(self.sides, 1):
            x = grow(f"dec{i}", x, side, 2 if i <= self.strided else 1)
            if i < self.layers:
                x = leaky(norm(f"dec{i}", x))
        whole = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
        return batch["filled"] + whole * batch["mask"], 0.5 * (mean**2 + logvar.exp() - logvar - 1).sum(1)


def window_matrix():
    taps = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    matrix = torch.zeros(size, size - 10, dtype=torch.float64)
    for column in range(size - 10):
        matrix[column : column + 11, column] = taps / taps.sum()
    return matrix.float()


WINDOW = window_matrix()


def ssim(x, y):
    x, y = x[:, 0], y[:, 0]
    smoothed = WINDOW.t() @ (torch.cat([x, y, x * x, y * y, x * y]) @ WINDOW)
    mean_x, mean_y, square_x, square_y, product = smoothed.chunk(5)
    xx, yy, xy = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    luminance = (2 * xy + 0.01**2) / (xx + yy + 0.01**2)
    structure = (2 * (product - xy) + 0.03**2) / (square_x + square_y - xx - yy + 0.03**2)
    return (luminance * structure).mean()


def objective(model):
    restored, kl = model()
    target, mask = batch["target"], batch["mask"]
    difference = restored - target
    error = difference.abs() if loss_of["pixel"] == "l1" else difference**2
    weight = mask * (1 - loss_of["known"]) + loss_of["known"]
    total = (error * weight).sum() / weight.sum()
    if loss_of["ssim"]:
        total = total + loss_of["ssim"] * (1 - ssim(target + difference * mask, target))
    return total + F.relu(kl - loss_of["freeNats"]).mean() * loss_of["kl"] / size**2


model = Restorer() if network["arch"] == "restorer" else Deepvision()
adam = torch.optim.Adam(trained, lr=train["learningRate"], foreach=True)
average = [value.detach().clone() for value in weights.values()]


def update(step):
    loss = objective(model)
    adam.zero_grad(set_to_none=True)
    loss.backward()
    if train["clip"] > 0:
        torch.nn.utils.clip_grad_norm_(trained, train["clip"], foreach=True)
    adam.step()
    if train["ema"] > 0:
        held = min(train["ema"], (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(average, [value.detach() for value in weights.values()], 1 - held)
    return loss.item()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


losses, spent = [], []
for step in range(1, COMPARED + WARM_UP + updates + 1):
    before = cpu()
    losses.append(update(step))
    spent.append(cpu() - before)
parameters = sum(value.numel() for value in trained)
result = {"parameters": parameters, "losses": losses[:COMPARED], "cpu": spent[COMPARED + WARM_UP :]}
print(json.dumps({**result, "version": torch.__version__}))
