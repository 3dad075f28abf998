"""Binding a plan to a row: a left fold over its steps that keeps every pair true, without touching pixels or samples.

The fold's state is the composed effects so far. For each step the effects are composed on trial and the rules of every field
that follows are asked whether its *original* value can be kept true under the *composed* effects; a veto drops this step and
leaves the state. So a flip and a quarter turn, or three small rotations, are judged as what they are together.
"""

from __future__ import annotations

from dataclasses import replace

from mmaug.effects.state import State
from mmaug.errors import ConflictError, PlanError
from mmaug.language import edits as text_edits
from mmaug.language.edits import Replacement
from mmaug.light import TEXT_KINDS, Light
from mmaug.pairing.base import Edit, Follow, PairRule, Rules, Veto
from mmaug.plan import Plan, Step
from mmaug.registry import get_op
from mmaug.schema import MISSING, Schema, sources
from mmaug.trace import Dropped, FollowRecord, StepRecord

EditKey = tuple[str, str, str]
"""(field that follows, field that changed, aspect)."""

Proposed = tuple[tuple[Replacement, ...], ...]
"""For each text of a field the replacements that a rule wants."""


class Edges:
    """Which rules to ask of which field when another changes; looked up once for a graph."""

    def __init__(self, schema: Schema, rules: Rules):
        self.schema, self.rules = schema, rules
        self._asked: dict[tuple[str, str], list[tuple[str, tuple[PairRule, ...]]]] = {}

    def asked(self, source: str, aspect: str) -> list[tuple[str, tuple[PairRule, ...]]]:
        """The fields that follow a change of `aspect`, with the rules to ask. Raises: RuleError where nothing is said.

        A picture and the sound recorded with it follow each other.
        """
        key = (source, aspect)
        if key not in self._asked:
            fields = self.schema.fields
            names = self.schema.followers(source)
            if fields[source].kind == "audio":
                names += list(sources(fields[source]))
            found = [(name, self.rules.judges(aspect, fields[name].kind)) for name in names]
            self._asked[key] = [(name, judges) for name, judges in found if judges]
        return self._asked[key]


class Fold:
    """The left fold of one plan over one row's light fields; read the results from its attributes."""

    def __init__(self, light: Light, edges: Edges, on_conflict: str):
        self.light, self.edges, self.on_conflict = light, edges, on_conflict
        self.start()

    def start(self) -> None:
        """Forget every step."""
        light = self.light
        self.states = light.states()
        self.taken: dict[tuple[str, str], FollowRecord] = {}
        self.edits: dict[EditKey, Proposed] = {}
        self.by: dict[EditKey, str] = {}
        self.records: list[StepRecord] = []

    def run(self, plan: Plan) -> Fold:
        """Fold over the plan; a group of steps that stand or fall together is tried again without itself when one falls."""
        out: dict[int, Dropped] = {}
        while (fallen := self._pass(plan, out)) is not None:
            out[fallen[0]] = fallen[1]
            self.start()
        return self

    def states_with_taken(self) -> dict[str, State]:
        """The composed effects on every picture and recording, with what each took because another changed."""
        return {name: with_taken(name, state, self.taken) for name, state in self.states.items()}

    def _pass(self, plan: Plan, out: dict[int, Dropped]) -> tuple[int, Dropped] | None:
        for step in plan.steps:
            dropped = out.get(step.group) if step.group is not None else None
            if dropped is not None:
                dropped = replace(dropped, reason=f"goes with a step that was dropped: {dropped.reason}")
            else:
                dropped = self._try(step)
            if dropped is not None and self.on_conflict == "raise":
                raise ConflictError(f"{step} would be dropped: {dropped}; change the policy, or pass on_conflict=\"edit\"")
            if dropped is not None and step.group is not None and step.group not in out:
                return step.group, dropped
            self.records.append(StepRecord(step, dropped))
        return None

    def _try(self, step: Step) -> Dropped | None:
        """Compose on trial, ask the rules, and keep the new state unless one vetoes."""
        op = get_op(step.op)
        if op.modality == "text":
            return None
        if step.field not in self.states:
            absent = step.field in self.light.schema.fields
            if absent and self.light.value(step.field) is MISSING:
                return Dropped(step.field, None, "missing", "this row has none")
            raise PlanError(f"step {step}: no {op.modality} field {step.field!r} in this schema ({', '.join(self.light.schema.fields)})")
        if dropped := self._forbidden(step):
            return dropped
        trial = _Trial(self, step.field, op.compose(self.states[step.field], dict(step.params)), op.aspects)
        return trial.judge()

    def _forbidden(self, step: Step) -> Dropped | None:
        """A label that the op would change."""
        for name in self.light.schema.of_kind("label"):
            field = self.light.schema.fields[name]
            if field.forbids and step.field in sources(field):
                label = str(self.light.value(name))
                if step.op in field.forbids.get(label, ()):
                    return Dropped(name, None, "forbids", f"{step.op} would change the class {label!r}")
        return None


class _Trial:
    """One step on trial: new states, and what the rules say of them."""

    def __init__(self, fold: Fold, source: str, state: State, aspects: frozenset[str]):
        self.fold, self.light = fold, fold.light
        self.source, self.own = source, state
        self.taken = dict(fold.taken)
        self.changes = [(source, with_taken(source, state, self.taken), aspects)]
        self.edits: dict[EditKey, Proposed] = {}
        self.by: dict[EditKey, str] = {}

    def judge(self) -> Dropped | None:
        for source, state, aspects in self.changes:  # grows when another picture or sound must follow
            for aspect in sorted(aspects):
                for follower, rules in self.fold.edges.asked(source, aspect):
                    if dropped := self._ask(follower, rules, source, state, aspect):
                        return dropped
        if dropped := self._clash():
            return dropped
        fold = self.fold
        fold.states[self.source] = self.own
        fold.taken = self.taken
        fold.edits.update(self.edits)
        fold.by.update(self.by)
        return None

    def _ask(self, follower: str, rules: tuple[PairRule, ...], source: str, state: State, aspect: str) -> Dropped | None:
        field = self.light.schema.fields[follower]
        if field.kind in TEXT_KINDS:
            return self._ask_texts(follower, rules, source, state, aspect)
        if follower not in self.fold.states or source != self.source:
            return None  # what follows is not followed back
        wanted: FollowRecord | None = None
        for rule in rules:
            verdict = rule.judge(self.fold.states[follower], self.own, self.light.context(follower, source))  # type: ignore[misc]
            if isinstance(verdict, Veto):
                return Dropped(follower, None, rule.name, verdict.reason)
            if isinstance(verdict, Follow):
                wanted = FollowRecord(follower, verdict.op, source, rule.name)
        before = self.taken.pop((follower, aspect), None)
        if wanted is not None:
            self.taken[follower, aspect] = wanted
        if before != wanted:
            aspects = frozenset[str]().union(*(get_op(r.op).aspects for r in (before, wanted) if r is not None))
            self.changes.append((follower, with_taken(follower, self.fold.states[follower], self.taken), aspects))
        return None

    def _ask_texts(self, follower: str, rules: tuple[PairRule, ...], source: str, state: State, aspect: str) -> Dropped | None:
        context = self.light.context(follower, source)
        language = getattr(context.field, "language", "en")
        proposed: list[tuple[Replacement, ...]] = []
        names: list[str] = []
        for index, text in enumerate(self.light.texts.get(follower, ())):
            wanted: tuple[Replacement, ...] = ()
            for rule in rules:
                if language != "en" and text and not state.is_identity:
                    return Dropped(follower, index, rule.name, f"only English can be read, this text is {language!r}")
                verdict = rule.judge(text, state, context)  # type: ignore[misc]
                if isinstance(verdict, Edit) and verdict.replacements:
                    if self.fold.on_conflict == "skip":
                        return Dropped(follower, index, rule.name, 'the text would have to change, and on_conflict is "skip"')
                    wanted += verdict.replacements
                    names.append(rule.name)
                elif isinstance(verdict, Veto):
                    return Dropped(follower, index, rule.name, verdict.reason)
            proposed.append(wanted)
        key = (follower, source, aspect)
        self.edits[key] = tuple(proposed) if names else ()
        self.by[key] = names[0] if names else ""
        return None

    def _clash(self) -> Dropped | None:
        """Two rules that want different things of the same words: nobody can say what is true."""
        joined = {**self.fold.edits, **self.edits}
        for follower in {key[0] for key in self.edits if self.edits[key]}:
            for index in range(len(self.light.texts[follower])):
                wanted = [r for key, texts in joined.items() if key[0] == follower and texts for r in texts[index]]
                if len(wanted) > 1 and (clash := text_edits.conflict(wanted)):
                    reason = f"two rules want to change the same words: {clash[0].text!r} and {clash[1].text!r}"
                    return Dropped(follower, index, "edits", reason)
        return None


def with_taken(name: str, state: State, taken: dict[tuple[str, str], FollowRecord]) -> State:
    """A field's state with the ops that it takes because another field changed, on top of its own steps."""
    for (follower, _), record in taken.items():
        if follower == name:
            state = get_op(record.op).compose(state, {})
    return state
