"""A callback that tells augmentation the epoch and the progress of training, and the logs which ops fired."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from mmaug.errors import MmaugError
from mmaug.hf.epoch import clock_of, transforms
from mmaug.hf.tally import Tally


class PolicyCallback(TrainerCallback):
    """`Trainer(callbacks=[PolicyCallback(collator)])`, or of data sets that `mm.hf.augment` gave.

    Before an epoch its number goes to the clock that the workers share, and how much progress each batch is, so that a schedule moves
    within an epoch too (behind `mm.hf.augment`: from epoch to epoch). The logs get the share of rows on which each op fired
    ("fired/image.rotate") or was vetoed since the last time. `ConsistencyTrainer` brings its own.
    Raises: MmaugError for something without a clock.
    """

    def __init__(self, *sources: Any):
        if not sources:
            raise MmaugError("PolicyCallback: give it the collator, or the data sets that mm.hf.augment gave, whose epoch it tells")
        self.clocks = list({id(clock): clock for clock in map(clock_of, sources)}.values())
        self.tallies: list[Tally] = [tally for source in sources if (tally := _tally(source)) is not None]

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Tell the time."""
        planned = max(state.max_steps, 1)
        done = min(state.global_step / planned, 1.0)
        for clock in self.clocks:
            clock.set(int(state.epoch or 0), done, 1 / (planned * args.gradient_accumulation_steps))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **given: Any) -> None:
        """Add the shares to what has just been logged of the training."""
        if logs is not None and "loss" in logs:
            told = self.fired()
            logs.update(told)
            if state.log_history:
                state.log_history[-1].update(told)

    def fired(self) -> dict[str, float]:
        """The shares since the last call; where there are several sources, those of the first that drew the op."""
        told: dict[str, float] = {}
        for tally in self.tallies:
            told = {**tally.take(), **told}
        return told


def _tally(source: Any) -> Tally | None:
    for found in (source, *transforms(source)):
        if isinstance(tally := getattr(found, "tally", None), Tally):
            return tally
    return None
