"""What would become of each op of a policy if it alone were drawn for a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mmaug.draw import Drawer, Targets
from mmaug.light import Light
from mmaug.lint.report import Example, RuleVetoes, StepShare
from mmaug.lint.words import EXAMPLES
from mmaug.plan import Plan, Step
from mmaug.policy import Policy, PolicyOp
from mmaug.registry import get_op
from mmaug.resolve import Edges, Fold
from mmaug.rewrite import rewrite


class Steps:
    """One op of a policy with its chance set to 1: drawn with the graph's seed and each row's key, each of its steps resolved alone.

    settings: the op wherever the policy has it on the same field; of several one is drawn for each row, all alike.
    """

    def __init__(self, settings: Sequence[PolicyOp], targets: Targets, edges: Edges, seed: int, on_conflict: str):
        forced = [replace(op, p=1.0) for op in settings]
        self.name = _name(forced)
        self._drawer = Drawer(Policy.choice(forced), targets)
        self._edges, self._seed, self._on_conflict = edges, seed, on_conflict
        self.runs = True
        self.outcomes: Counter[str] = Counter()
        self.edits: list[Example] = []
        self.vetoed: Counter[str] = Counter()
        self.examples: defaultdict[str, list[Example]] = defaultdict(list)

    def add(self, key: str | int | bytes, light: Light) -> None:
        """Resolve the op's steps on one row."""
        for step in self._drawer.draw(self._seed, 0, key, 0, 0.0).steps:
            self.outcomes[self._outcome(str(key), light, step)] += 1

    def _outcome(self, key: str, light: Light, step: Step) -> str:
        fold = Fold(light, self._edges, self._on_conflict).run(Plan((step,)))
        dropped = fold.records[0].dropped
        if dropped is None:
            edits = rewrite(light, fold).edits
            self.edits += [Example(key, e.field, e.index, f"{e.before} -> {e.after}") for e in edits[: EXAMPLES - len(self.edits)]]
            return "edited" if edits else "harmless"
        if dropped.rule == "missing":
            return "missing"
        self.vetoed[dropped.rule] += 1
        if len(self.examples[dropped.rule]) < EXAMPLES:
            texts = light.all_texts.get(dropped.field, [])
            text = f"{texts[dropped.index]} | " if dropped.index is not None and dropped.index < len(texts) else ""
            self.examples[dropped.rule].append(Example(key, dropped.field, dropped.index, text + dropped.reason))
        return "vetoed"

    def share(self) -> StepShare:
        """The counts so far."""
        vetoes = tuple(RuleVetoes(rule, count, tuple(self.examples[rule])) for rule, count in self.vetoed.most_common())
        counts = {name: self.outcomes[name] for name in ("harmless", "edited", "vetoed", "missing")}
        return StepShare(self.name, self.outcomes.total(), **counts, edits=tuple(self.edits), vetoes=vetoes)


def of_policy(policy: Policy, targets: Targets, edges: Edges, seed: int, on_conflict: str) -> list[Steps]:
    """One value an op and field of a policy, in order; those of equal settings count once. Mixing, which takes two rows, is left out."""
    found: dict[tuple[str, str | None], dict[str, PolicyOp]] = {}
    for op in (op for op in policy.ops() if get_op(op.name).modality != "mix"):
        found.setdefault((op.name, op.field), {})[repr(replace(op, p=1.0))] = op
    return [Steps(list(settings.values()), targets, edges, seed, on_conflict) for settings in found.values()]


def _name(settings: Sequence[PolicyOp]) -> str:
    """The op and how it is set: "image.rotate strength=0.3", or with several "image.rotate strength=0.1 to 0.9", "(4 settings)"."""
    first, strengths = settings[0], [op.strength for op in settings if op.strength is not None]
    options = {"strength": f"{strengths[0]:g}" if strengths else None, **first.params, "field": first.field}
    if len(settings) > 1:
        spread = f"{min(strengths):g} to {max(strengths):g}" if len(strengths) == len(settings) else None
        options = {"strength": spread, "field": first.field}
    shown = [first.name, *(f"{name}={value}" for name, value in options.items() if value is not None)]
    return " ".join(shown) + (f" ({len(settings)} settings)" if len(settings) > 1 else "")
