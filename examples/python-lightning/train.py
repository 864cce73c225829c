"""A Lightning module and its trainer; a stopped run continues after the last epoch with the same weights."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

try:
    from lightning.pytorch import LightningModule, Trainer, seed_everything
except ModuleNotFoundError:
    from pytorch_lightning import LightningModule, Trainer, seed_everything

from pipe_run import context
from pipe_run.lightning import PipeCallback

ctx = context()
params = ctx.params.train
points = torch.randn(256, 8, generator=torch.Generator().manual_seed(7))
targets = points.sin().sum(dim=1, keepdim=True)


class Network(LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))

    def training_step(self, batch):
        inputs, wanted = batch
        loss = nn.functional.mse_loss(self.layers(inputs), wanted)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=params.rate)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)]


seed_everything(params.seed)
model = Network()
loader = DataLoader(TensorDataset(points, targets), batch_size=32, shuffle=True)

pipe = PipeCallback()
trainer = Trainer(
    max_epochs=pipe.target,
    callbacks=[pipe],
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
)
trainer.fit(model, loader, ckpt_path=pipe.checkpoint)

torch.save(model.state_dict(), ctx.outs.model)
