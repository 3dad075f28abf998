"""A Trainer with the consistency loss: one forward pass for all views, the same result on one process or several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainerCallback

from mmaug.child.wrapping import Wrapped, wrap
from mmaug.hf.callback import PolicyCallback
from mmaug.hf.collator import ABOUT, Collator
from mmaug.hf.objective import Objective, TrainingError, refuse_labels
from mmaug.hf.retrieval import gathered, plain_gathered, retrieval
from mmaug.losses import CrossModalConsistency


class ConsistencyMixin:
    """What `ConsistencyTrainer` adds to a `Trainer`; put it before a Trainer of yours: `class Mine(ConsistencyMixin, MyTrainer)`.

    model: CLIP, SigLIP, VisionTextDualEncoder or CLAP. data_collator: `mm.hf.Collator(graph, processor, views=2)`, or one of yours that
    gives the model's inputs (then give `processing_class=processor`). consistency_loss: default `CrossModalConsistency` with the pairing
    that the model was made for; its parts are in the logs as "loss_contrastive", ...

    `evaluate` takes held-out rows as they are, and gives recall at 1, 5 and 10 in both directions, with every caption of a row.
    A loss that is no number stops the training with the keys of the batch. The factor on cosines stays within 1 to 100 (CLIP's bound;
    not for SigLIP).
    Raises: TrainingError for `remove_unused_columns=True` with our collator, `ProcessorError` where processor and model do not fit.
    """

    loss_is_scaled_for_ga = False
    """The loss is the mean of one batch: with gradient accumulation Trainer divides it by the number of batches."""

    def __init__(self, *given: Any, consistency_loss: CrossModalConsistency | None = None, **options: Any):
        self.objective: Objective | None = None
        super().__init__(*given, **options)
        trainer: Any = self
        collator = trainer.data_collator
        if isinstance(collator, Collator) and trainer.args.remove_unused_columns:
            raise TrainingError(
                "ConsistencyTrainer: the collator reads the columns of the data set, and Trainer would remove those that the model "
                "does not name; write TrainingArguments(..., remove_unused_columns=False)"
            )
        processor = collator.processor if isinstance(collator, Collator) else trainer.processing_class
        wrapped = wrap(trainer.accelerator.unwrap_model(trainer.model), processor)
        self.objective, self._parts = Objective(wrapped, consistency_loss), dict[str, list[Tensor]]()
        self._policy = None
        if isinstance(collator, Collator):
            trainer.data_collator = collator.within(wrapped.processing.context)
            self._policy = PolicyCallback(trainer.data_collator)
            trainer.add_callback(self._policy)
        trainer.add_callback(_Clamp(wrapped))
        if trainer.compute_metrics is None:
            trainer.compute_metrics = partial(retrieval, other=self._other)

    @property
    def _other(self) -> str:
        """The modality that is paired with texts."""
        assert self.objective is not None
        return next(name for name in self.objective.wrapped.modalities if name != "text")

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The consistency loss of a batch. Raises: TrainingError for labels in it, or a loss that is no number."""
        assert self.objective is not None
        refuse_labels(inputs.get("labels") if model.training else None)
        parts, outputs = self.objective(model, inputs)
        for name, value in parts.items():
            if name != "loss" and model.training:
                self._parts.setdefault(name, []).append(value.detach())
        return (parts["loss"], outputs) if return_outputs else parts["loss"]

    def log(self, logs: dict[str, float], *given: Any, **options: Any) -> None:
        """Trainer's own, with the parts of the loss and which ops fired."""
        if "loss" in logs and self._parts:
            means = torch.stack([torch.stack(values).mean() for values in self._parts.values()])
            means = self.accelerator.reduce(means, "mean")  # type: ignore[attr-defined]  # each process has its own rows
            logs.update({f"loss_{name}": value for name, value in zip(self._parts, means.tolist(), strict=True)})
            logs.update(self._policy.fired() if self._policy else {})
            self._parts.clear()
        super().log(logs, *given, **options)  # type: ignore[misc]

    def prediction_step(
        self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Tensor | None, Any, Any]:
        """The loss of held-out rows, their embeddings, and the numbers that tell what belongs together."""
        assert self.objective is not None
        inputs = self._prepare_inputs(inputs)  # type: ignore[attr-defined]
        with torch.no_grad(), self.compute_loss_context_manager():  # type: ignore[attr-defined]
            loss, outputs = self.compute_loss(model, inputs, return_outputs=True)
        if prediction_loss_only:
            return loss.detach(), None, None
        embeddings = {name: value.detach() for name, value in self.objective.wrapped.embeddings(outputs).items()}
        about = inputs.get(ABOUT)
        if about is not None and "of" in about:
            return loss.detach(), *gathered(embeddings, about, self._other)
        return loss.detach(), *plain_gathered(embeddings, self._other, inputs.get("input_ids"))

    def get_eval_dataloader(self, *given: Any, **options: Any) -> Any:
        """Trainer's own; rows come as they are, with all their captions."""
        with self._held_out():
            return super().get_eval_dataloader(*given, **options)  # type: ignore[misc]

    def get_test_dataloader(self, *given: Any, **options: Any) -> Any:
        """Trainer's own; rows come as they are, with all their captions."""
        with self._held_out():
            return super().get_test_dataloader(*given, **options)  # type: ignore[misc]

    @contextmanager
    def _held_out(self) -> Iterator[None]:
        """With the collator of held-out rows in the place of ours; none of them is dropped, whatever training does with its last batch."""
        trainer: Any = self
        collator, drop = trainer.data_collator, trainer.args.dataloader_drop_last
        trainer.data_collator = collator.evaluation() if isinstance(collator, Collator) else collator
        trainer.args.dataloader_drop_last = False
        try:
            yield
        finally:
            trainer.data_collator, trainer.args.dataloader_drop_last = collator, drop


class ConsistencyTrainer(ConsistencyMixin, Trainer):
    """`transformers.Trainer` with the consistency loss, retrieval metrics and augmentation; see `ConsistencyMixin`."""


class _Clamp(TrainerCallback):
    """Keeps the factor on cosines in its bounds."""

    def __init__(self, wrapped: Wrapped):
        self.wrapped = wrapped

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """After every step."""
        self.wrapped.clamp()
