"""A hand-written PyTorch loop; a stopped run continues after the last epoch with the same weights."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pipe_run import context
from pipe_run.torch import epochs

ctx = context()
params = ctx.params.train
points = torch.randn(256, 8, generator=torch.Generator().manual_seed(7))
targets = points.sin().sum(dim=1, keepdim=True)

torch.manual_seed(params.seed)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=params.rate)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
loader = DataLoader(TensorDataset(points, targets), batch_size=32, shuffle=True)

for epoch in epochs(model, optimizer, scheduler):
    total = 0.0
    for inputs, wanted in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), wanted)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(inputs)
    scheduler.step()
    epoch.commit(loss=total / len(points))

torch.save(model.state_dict(), ctx.outs.model)
