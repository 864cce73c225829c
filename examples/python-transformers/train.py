"""A tiny transformer and its trainer; a stopped run continues after the last epoch with the same weights."""

import tempfile

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

from pipe_run import context
from pipe_run.transformers import PipeCallback

ctx = context()
params = ctx.params.train
tokens = torch.randint(0, 50, (128, 12), generator=torch.Generator().manual_seed(7))
labels = (tokens.sum(dim=1) > 12 * 24.5).long()
data = [{"input_ids": ids, "labels": label} for ids, label in zip(tokens, labels)]

set_seed(params.seed)
config = BertConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    num_labels=2,
    # The model would only find this out in its first step, and there may be none left.
    problem_type="single_label_classification",
)
model = BertForSequenceClassification(config)

pipe = PipeCallback()
with tempfile.TemporaryDirectory() as scratch:
    args = TrainingArguments(
        output_dir=scratch,
        num_train_epochs=pipe.target,
        lr_scheduler_type="constant",
        learning_rate=params.rate,
        per_device_train_batch_size=16,
        logging_strategy="epoch",
        seed=params.seed,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(model, args, train_dataset=data, callbacks=[pipe])
    trainer.train(resume_from_checkpoint=pipe.checkpoint)

model.save_pretrained(ctx.outs.model)
