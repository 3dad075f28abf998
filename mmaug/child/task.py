"""The evaluator on real data: how good a policy is, by the child that is trained under it."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from mmaug import pairing, rng
from mmaug.child import rows as making
from mmaug.child.config import LONGEST_AUDIO, ChildConfig, ChildError, Recipe
from mmaug.child.inputs import RowEncoder
from mmaug.child.model import Child
from mmaug.child.rows import Rows
from mmaug.child.run import ChildFold, ChildRun
from mmaug.child.scoring import Augmented, Eye, drawn, retrieval
from mmaug.child.tokenizer import build_tokenizer
from mmaug.devices import check_device
from mmaug.errors import MmaugError
from mmaug.graph import TransformGraph, content_key
from mmaug.modalities.audio.values import AudioClip
from mmaug.pairing.base import Rules
from mmaug.policy import Policy
from mmaug.processes import one_thread
from mmaug.schema import MISSING, Schema
from mmaug.search.base.candidate import Candidate, JointCandidate, policy_of
from mmaug.search.base.evaluator import Bilevel, Capability, Cost, Evaluation, Supernet
from mmaug.search.base.space import PolicySpace

LEAST_HEADROOM = 0.05
"""Where identity leaves less to win than this, no policy can be told from another."""

IDENTITY = Policy.sequence()


@dataclass(frozen=True, eq=False)
class Reference:
    """The child trained without augmentation: what a policy is measured against. metrics: its retrieval. consistency: how well the
    held-out tuples fit together for it. clean: those tuples in its space.
    """

    eye: Eye
    metrics: Mapping[str, float]
    consistency: float
    clean: Augmented


class ChildTask:
    """Trains a small child under a policy and scores it on held-out rows, beside one that is trained without augmentation.

    train, valid: rows as for `TransformGraph`. schema: theirs. child: the architecture. recipe: how it is trained. steps: of one training.
    seeds: how many children an evaluation at fidelity 1 trains; lower fidelities train one, and fewer steps. seed: of the task.
    on_conflict, rules: as for `TransformGraph`. penalty: on what a constraint is missed by. least_affinity: how much R@1 the child trained
    without augmentation may lose on augmented rows. device: where children are trained ("cpu", "cuda", ...); rows go through the
    graph on the CPU. The same device gives the same numbers, as far as torch's kernels there do; another one sums in another order.

    The objective is mean R@1 over all directions, minus identity's with the same weights at the start and the same batches; less
    `penalty` times what is missing to identity's tuple consistency and to `least_affinity`.
    Raises: ChildError for too few rows; RowError, with its number, for a row that does not hold what the schema says; SchemaError for one
    modality alone.
    """

    capabilities = Capability.EVALUATE | Capability.RESUME | Capability.DENSITY | Capability.GRADIENT | Capability.SUPERNET

    def __init__(
        self,
        train: Iterable[Mapping[str, Any]],
        valid: Iterable[Mapping[str, Any]],
        *,
        schema: Schema,
        child: ChildConfig | None = None,
        recipe: Recipe | None = None,
        steps: int = 120,
        seeds: int = 2,
        seed: int = 0,
        on_conflict: str = "edit",
        rules: Rules = pairing.DEFAULT,
        penalty: float = 0.2,
        least_affinity: float = -0.25,
        device: str = "cpu",
    ):
        _check(steps=steps, seeds=seeds, seed=seed, schema=schema, child=child, recipe=recipe, penalty=penalty)
        self.config, self.recipe = child or ChildConfig(), recipe or Recipe()
        self.steps, self.seeds, self.seed = steps, seeds, seed
        self.device = check_device("ChildTask", device)
        self.on_conflict, self.rules, self.penalty, self.least_affinity = on_conflict, rules, penalty, least_affinity
        self.train, self.valid = _made("train", train, schema, self.config), _made("valid", valid, schema, self.config)
        self.schema, self.modalities = self.train.schema, self.train.seen.modalities
        self.seconds = self.config.audio_seconds or _longest(self.train)
        self.tokenizer = build_tokenizer(self.train.texts(), self.config.words)
        self.encoder = RowEncoder(self.config, self.tokenizer, self.train, self.seconds, self.device)
        self.rungs = rungs(steps, seeds)
        self._references: dict[tuple[int, int], Reference | ChildError] = {}

    # -- what a task is ------------------------------------------------------------------------------------------------

    @property
    def space(self) -> PolicySpace:
        """Policies of the default ops for the modalities of the data."""
        return PolicySpace(modalities=self.modalities)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the data: captions that were cut, recordings that are longer than what is heard."""
        texts = list(dict.fromkeys([*self.train.texts(), *self.valid.texts()]))
        counter = RowEncoder(self.config, self.tokenizer, self.train, self.seconds).texts
        for text in texts:
            counter.tokens(text)
        cut = f"{counter.cut} of {len(texts)} texts are longer than the context of {self.config.context} tokens and are cut"
        long = sum(clip.seconds > self.seconds for rows in (self.train, self.valid) for clip in _clips(rows))
        heard = f"{long} recordings are longer than {self.seconds:g} s, of which the rest is not heard"
        return tuple(note for note, count in ((cut, counter.cut), (heard, long)) if count)

    def describe(self) -> dict[str, Any]:
        """What the task is, as plain JSON values, with a digest of the rows."""
        return {
            "task": type(self).__name__, "child": self.config.to_json(), "recipe": self.recipe.to_json(), "steps": self.steps,
            "seeds": self.seeds, "seed": self.seed, "on_conflict": self.on_conflict, "penalty": self.penalty,
            "least_affinity": self.least_affinity, "schema": self.schema.to_json(), "train": _digest(self.train),
            "valid": _digest(self.valid), "device": str(self.device).partition(":")[0],
        }  # fmt: skip

    def child(self, seed: int = 0, config: ChildConfig | None = None) -> Child:
        """A child as it is before training: the same seed, the same weights."""
        made = Child(config or self.config, len(self.tokenizer), self.modalities, seed=seed, scale=self.recipe.scale)
        return made.to(self.device)

    def graph(self, policy: Policy, seed: int = 0) -> TransformGraph | None:
        """The graph that augments rows of this task; None for a policy that does nothing."""
        if not list(policy.ops()):
            return None
        return TransformGraph(policy, schema=self.schema, seed=seed, on_conflict=self.on_conflict, rules=self.rules)

    # -- EVALUATE ------------------------------------------------------------------------------------------------------

    def evaluate(self, candidate: Candidate, *, fidelity: float = 1.0, seed: int = 0) -> Evaluation:
        """Train children under a candidate and score them.

        The cost in steps is that of the candidate's own children, whichever evaluation comes first and whoever has trained identity's
        already: metrics["identity_steps"] says what those take. A training whose loss becomes no number is a failed trial, with its reason.
        Raises: ChildError where identity leaves nothing to win; PolicyError for a policy that does not fit the schema.
        """
        started = time.monotonic()
        count, steps = trainings(fidelity, self.steps, self.seeds)
        scores = list[dict[str, float]]()
        for number in range(count):
            own = rng.derive(self.seed, seed, number)
            reference = self.reference(own, steps)
            try:
                scores.append(self._measure(candidate, own, steps, reference))
            except ChildError as error:
                cost = Cost(1, (number + 1) * steps, time.monotonic() - started)
                return Evaluation(None, cost=cost, fidelity=fidelity, seed=seed, feasible=False, error=str(error))
        found = {name: sum(score[name] for score in scores) / count for name in scores[0]}
        found["identity_steps"] = float(count * steps)
        feasible = found["consistency"] >= found["consistency_target"] and found["affinity"] >= self.least_affinity
        return Evaluation(found["objective"], found, Cost(1, count * steps, time.monotonic() - started), fidelity, seed, feasible)

    def check(self) -> None:
        """Refuse a hold-out that leaves nothing to win, before a search spends anything on it. Raises: ChildError, as `reference`."""
        self.reference(rng.derive(self.seed, 0, 0), self.steps)

    def reference(self, seed: int, steps: int) -> Reference:
        """The child trained without augmentation from that seed, for so many steps; trained once.

        Raises: ChildError where it leaves less than 0.05 of R@1 to win.
        """
        if (seed, steps) not in self._references:
            run = ChildRun(self, seed, steps)
            loss = run.advance(steps, [IDENTITY])[0]
            with one_thread():
                eye = run.eye()
                found = {**retrieval(eye.clean(self.valid)), "train_loss": loss}
                clean = eye.augmented(self.valid, None)
            if 1 - found["mean_r@1"] < LEAST_HEADROOM:
                self._references[seed, steps] = ChildError(
                    f"held-out mean R@1 without augmentation is {found['mean_r@1']:.3f} after {steps} steps, which leaves less than "
                    f"{LEAST_HEADROOM:g} to win: no policy can be told from another; hold out harder or more rows ({len(self.valid)} now), "
                    "train on fewer, or lower steps"
                )
            else:
                self._references[seed, steps] = Reference(eye, found, -clean.density(), clean)
        if isinstance(known := self._references[seed, steps], ChildError):
            raise ChildError(str(known))  # a new one, without the traces of those before it
        return known

    def _measure(self, candidate: Candidate, seed: int, steps: int, reference: Reference) -> dict[str, float]:
        policy = policy_of(candidate)
        config = self.config.with_architecture(candidate.architecture) if isinstance(candidate, JointCandidate) else self.config
        eye, found = reference.eye, dict(reference.metrics)
        if list(policy.ops()) or config != self.config:
            run = ChildRun(self, seed, steps, config=config)
            found["train_loss"] = run.advance(steps, [policy])[0]
            eye = run.eye()
        with one_thread():
            found |= retrieval(eye.clean(self.valid)) if eye is not reference.eye else {}
            graph = self.graph(policy, rng.derive(seed, "held out"))
            shown = drawn(self.valid, graph)
            own, theirs = eye.seen(shown), reference.eye.seen(shown)
            found["consistency"] = -own.density()
            found["affinity"] = retrieval(theirs.embedded(), (1,))["mean_r@1"] - retrieval(reference.clean.embedded(), (1,))["mean_r@1"]
        return {**found, **self._objective(found, reference)}

    def _objective(self, found: Mapping[str, float], reference: Reference) -> dict[str, float]:
        """Source: Gontijo-Lopes et al. 2020, "Affinity and diversity", for what the constraints are on."""
        before, target = reference.metrics["mean_r@1"], reference.consistency
        gain = found["mean_r@1"] - before
        missed = max(target - found["consistency"], 0.0) + max(self.least_affinity - found["affinity"], 0.0)
        return {
            "objective": gain - self.penalty * missed, "gain": gain, "identity_mean_r@1": before, "headroom": 1 - before,
            "consistency_target": target,
        }  # fmt: skip

    # -- RESUME, DENSITY, GRADIENT, SUPERNET ---------------------------------------------------------------------------

    def start(self, seed: int = 0, steps: int | None = None) -> ChildRun:
        """A child to be trained bit by bit. steps: its planned length, by default the task's."""
        return ChildRun(self, rng.derive(self.seed, seed, 0), steps or self.steps)

    def folds(self, count: int, *, share: float = 0.4, seed: int = 0) -> list[ChildFold]:
        """Frozen children, each trained without augmentation on all training rows but a share that is like them, which it judges.

        Source: Lim et al. 2019, "Fast AutoAugment", 3.2 (stratified splits, 40 % held out).
        """
        made = []
        for number in range(count):
            started, own = time.monotonic(), rng.derive(self.seed, seed, number)
            kept, unseen = stratified(self.train.groups, share, own)
            if len(kept) < 2 or len(unseen) < 2:
                raise ChildError(
                    f"folds: {len(self.train)} training rows are too few to hold out a share of {share:g}; give more, or another share"
                )
            run = ChildRun(self, own, self.steps, rows=self.train.part(kept))
            run.advance(self.steps, [IDENTITY])
            made.append(ChildFold(self, run.eye(), self.train.part(unseen), Cost(1, self.steps, time.monotonic() - started)))
        return made

    def bilevel(self, seed: int = 0) -> Bilevel:
        """Losses of the child as functions of its weights and of an augmentation."""
        return importlib.import_module("mmaug.child.bilevel").ChildBilevel(self, seed)

    def supernet(self, seed: int = 0) -> Supernet:
        """Children of many architectures that share weights."""
        return importlib.import_module("mmaug.child.supernet").ChildSupernet(self, seed)


def _check(*, steps: Any, seeds: Any, seed: Any, schema: Any, child: Any, recipe: Any, penalty: Any) -> None:
    for name, value, least in (("steps", steps, 1), ("seeds", seeds, 1), ("seed", seed, 0)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
            raise ChildError(f"ChildTask: {name} must be a whole number >= {least}, got {value!r}")
    for name, value, kind in (("schema", schema, Schema), ("child", child, ChildConfig), ("recipe", recipe, Recipe)):
        if not isinstance(value, kind) and (value is not None or name == "schema"):
            raise ChildError(f"ChildTask: {name} must be a {kind.__name__}, got {value!r}")
    if not isinstance(penalty, (int, float)) or not penalty >= 0:
        raise ChildError(f"ChildTask: penalty must be a number >= 0, got {penalty!r}")


def rungs(steps: int, seeds: int) -> tuple[float, ...]:
    """The fidelities that a trial climbs: a third of the steps, all of them, then more seeds."""
    return tuple(sorted({max(round(steps / 3), 1) / (steps * seeds), 1 / seeds, 1.0}))


def trainings(fidelity: float, steps: int, seeds: int) -> tuple[int, int]:
    """How many children, and steps of each, an evaluation at a fidelity trains. Raises: ChildError for one outside (0, 1]."""
    if not 0 < fidelity <= 1:
        raise ChildError(f"fidelity must be in (0, 1], got {fidelity!r}")
    count = math.ceil(fidelity * seeds - 1e-9)
    return count, max(round(fidelity * seeds * steps / count), 1)


def stratified(groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (kept, held out): of every group about the same share is held out, and of all rows `share` to the row."""
    if not 0 < share < 1:
        raise ChildError(f"folds: share must be in (0, 1), got {share!r}")
    draws = np.random.default_rng([seed, 3])
    order = draws.permutation(len(groups))
    order = order[np.argsort(groups[order], kind="stable")]  # group by group, in random order within
    steps = np.floor(np.arange(len(groups) + 1) * share + draws.random()).astype(int)
    out = np.diff(steps) > 0
    return np.sort(order[~out]), np.sort(order[out])


def _made(name: str, rows: Iterable[Mapping[str, Any]], schema: Schema, config: ChildConfig) -> Rows:
    try:
        made = making.prepare(rows, schema, config)
    except MmaugError as error:
        raise type(error)(f"{name}: {error}") from error
    if len(made) < 2:
        raise ChildError(f"{name}: must hold at least 2 rows, to tell one from another, got {len(made)}")
    return made


def _clips(rows: Rows) -> list[AudioClip]:
    if not rows.seen.audio:
        return []
    clips = [rows.schema.value(rows.seen.audio, variants[0]) for variants in rows.variants]
    return [clip for clip in clips if clip is not MISSING]


def _longest(rows: Rows) -> float:
    """Seconds of the longest recording, at most `LONGEST_AUDIO`; 1 where there is none."""
    return min(max((clip.seconds for clip in _clips(rows)), default=1.0), LONGEST_AUDIO)


def _digest(rows: Rows) -> dict[str, Any]:
    digest = blake2b(digest_size=16)
    for variants in rows.variants:
        for row in variants:
            digest.update(content_key(row, rows.schema))
    return {"rows": len(rows), "digest": digest.hexdigest()}
