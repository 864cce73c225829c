"""pipe_run.torch and the callbacks on top of it: what they keep, and what they refuse."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from pipe_run import PipeError

torch: Any = pytest.importorskip("torch")

import numpy

from pipe_run.torch import TrainingState


def test_keeps_every_generator_and_the_state_dicts(tmp_path: Path) -> None:
    own, model = torch.Generator().manual_seed(3), torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2)).sum().backward()
    optimizer.step()
    state = TrainingState(model, optimizer, own)
    state.save(tmp_path)

    def draw() -> list[float]:
        return [random.random(), numpy.random.random(), torch.rand(1).item(), torch.rand(1, generator=own).item()]

    drawn, weight = draw(), model.weight.detach().clone()
    optimizer.step()
    state.load(tmp_path)
    assert draw() == drawn
    assert torch.equal(model.weight, weight)
    assert optimizer.state[model.weight]["step"].item() == 1


def test_another_number_of_parts_is_an_error(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)
    TrainingState(model).save(tmp_path)
    with pytest.raises(PipeError, match="saved state has 1 parts, and this stage names 2: name the same ones"):
        TrainingState(model, model).load(tmp_path)


def test_a_part_without_a_state_dict_is_an_error() -> None:
    with pytest.raises(PipeError, match="part 1 of the state is a list, which has no load_state_dict"):
        TrainingState([])


@pytest.fixture
def two_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An incremental stage of two epochs; gives its commit folder."""
    monkeypatch.setenv("PIPE_EPOCHS", "2")
    monkeypatch.setenv("PIPE_EPOCH", "0")
    for name in ("state", "commit"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"PIPE_{name.upper()}", str(tmp_path / name))
    return tmp_path / "commit"


def test_training_in_several_processes_is_refused(two_epochs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipe_run.torch import epochs

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(PipeError, match="2 processes train, and pipe_run.torch keeps the state of one"):
        epochs(torch.nn.Linear(2, 1))
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert len(epochs(torch.nn.Linear(2, 1))) == 2


class Points(torch.utils.data.Dataset):  # type: ignore[misc]
    def __len__(self) -> int:
        return 4

    def __getitem__(self, at: int) -> Any:
        return {"x": torch.ones(2), "labels": torch.ones(1)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"max_epochs": 3}, "the trainer has max_epochs=3: give it max_epochs=pipe.target, 2"),
        ({"max_epochs": 2, "max_steps": 3}, "epoch 2 was stopped before its last batch"),
    ],
)
def test_lightning_says_what_cannot_be_committed(two_epochs: Path, arguments: Any, says: str) -> None:
    lightning: Any = pytest.importorskip("pytorch_lightning")
    from pipe_run.lightning import PipeCallback

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch: Any) -> Any:
            return self.layer(batch["x"]).sum()

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "accelerator": "cpu"}
    trainer = lightning.Trainer(callbacks=[PipeCallback()], **quiet, **arguments)
    with pytest.raises(PipeError, match=says):
        trainer.fit(Module(), torch.utils.data.DataLoader(Points(), batch_size=2))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"num_train_epochs": 3}, "num_train_epochs=3, max_steps=-1: give them num_train_epochs=pipe.target, 2"),
        ({"max_steps": 3}, "max_steps=3: give them num_train_epochs=pipe.target, 2, and no max_steps"),
        ({"lr_scheduler_type": "linear"}, 'lr_scheduler_type="linear" depends on the number of epochs'),
        ({"save_only_model": True}, "save_only_model and load_best_model_at_end do not go with resuming"),
    ],
)
def test_transformers_says_what_cannot_be_resumed(two_epochs: Path, arguments: Any, says: str) -> None:
    transformers: Any = pytest.importorskip("transformers")
    from pipe_run.transformers import PipeCallback

    class Model(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, x: Any, labels: Any) -> Any:
            return {"loss": (self.layer(x) - labels).square().mean()}

    given = {"num_train_epochs": 2, "lr_scheduler_type": "constant", "use_cpu": True, "report_to": "none", **arguments}
    args = transformers.TrainingArguments(output_dir=str(two_epochs.parent / "scratch"), **given)
    trainer = transformers.Trainer(Model(), args, train_dataset=Points(), callbacks=[PipeCallback()])
    with pytest.raises(PipeError, match=says):
        trainer.train()


@pytest.mark.parametrize(
    ("arguments", "stop", "says"),
    [
        ({"epochs": 3}, False, "fit has epochs=3: give it epochs=pipe.target, 2"),
        ({"epochs": 2}, True, "the training was stopped within an epoch"),
    ],
)
def test_keras_says_what_cannot_be_committed(
    two_epochs: Path, arguments: Any, stop: bool, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras: Any = pytest.importorskip("keras")
    from pipe_run.keras import PipeCallback

    class Stop(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = stop

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = numpy.ones((4, 2))
    with pytest.raises(PipeError, match=says):
        model.fit(x, x[:, :1], batch_size=2, verbose=0, callbacks=[Stop(), PipeCallback()], **arguments)
