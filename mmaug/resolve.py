"""Binding a plan to a row: a left fold over its steps that keeps every pair true, without touching pixels or samples.

The fold's state is the composed effects so far. For each step the effects are composed on trial and the rules of every field
that follows are asked whether its *original* value can be kept true under the *composed* effects; a veto drops this step and
leaves the state. So a flip and a quarter turn, or three small rotations, are judged as what they are together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mmaug.effects.state import State
from mmaug.errors import ConflictError, PlanError
from mmaug.language import edits as text_edits
from mmaug.language.edits import Replacement
from mmaug.light import TEXT_KINDS, Light
from mmaug.pairing.base import Context, Edit, Follow, PairRule, Rules, Veto
from mmaug.plan import Plan, Step
from mmaug.registry import get_op
from mmaug.schema import MISSING, Schema, sources
from mmaug.trace import Dropped, FollowRecord, StepRecord

EditKey = tuple[str, str, str]
"""(field that follows, field that changed, aspect)."""

Proposed = tuple[tuple[Replacement, ...], ...]
"""For each text of a field the replacements that a rule wants."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question when a field changes: the rules to ask about the field that follows."""

    aspect: str
    follower: str
    is_text: bool
    rules: tuple[PairRule, ...]


class Edges:
    """Which rules to ask of which field when another changes; looked up once for a graph."""

    def __init__(self, schema: Schema, rules: Rules):
        self.schema, self.rules = schema, rules
        self._asks: dict[tuple[str, frozenset[str]], tuple[Ask, ...]] = {}

    def asks(self, source: str, aspects: frozenset[str]) -> tuple[Ask, ...]:
        """The questions when these aspects of a field change. Raises: RuleError where nothing is said about a field that follows.

        A picture and the sound recorded with it follow each other.
        """
        key = (source, aspects)
        if key not in self._asks:
            fields = self.schema.fields
            names = self.schema.followers(source)
            if fields[source].kind == "audio":
                names = [*names, *sources(fields[source])]
            found = [
                Ask(aspect, name, fields[name].kind in TEXT_KINDS, self.rules.judges(aspect, fields[name].kind))
                for aspect in sorted(aspects)
                for name in names
            ]
            self._asks[key] = tuple(ask for ask in found if ask.rules)
        return self._asks[key]


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

    __slots__ = ("by", "changes", "edits", "fold", "light", "own", "source", "taken")

    def __init__(self, fold: Fold, source: str, state: State, aspects: frozenset[str]):
        self.fold, self.light = fold, fold.light
        self.source, self.own, self.taken = source, state, fold.taken
        self.changes = [(source, with_taken(source, state, self.taken), aspects)]
        self.edits: dict[EditKey, Proposed] = {}
        self.by: dict[EditKey, str] = {}

    def judge(self) -> Dropped | None:
        """Ask every rule; without a veto the step becomes part of the fold."""
        fold = self.fold
        for source, state, aspects in self.changes:  # grows when another picture or sound must follow
            for ask in fold.edges.asks(source, aspects):
                dropped = self._ask_texts(ask, source, state) if ask.is_text else self._ask_other(ask, source)
                if dropped is not None:
                    return dropped
        if self.by and (dropped := self._clash()):
            return dropped
        fold.states[self.source], fold.taken = self.own, self.taken
        fold.edits.update(self.edits)
        fold.by.update(self.by)
        return None

    def _ask_other(self, ask: Ask, source: str) -> Dropped | None:
        """A picture or sound that is recorded together with the one that changes; what follows is not followed back."""
        follower = ask.follower
        if follower not in self.fold.states or source != self.source:
            return None
        wanted: FollowRecord | None = None
        for rule in ask.rules:
            verdict = rule.judge(self.fold.states[follower], self.own, self.light.context(follower, source))  # type: ignore[misc]
            if isinstance(verdict, Veto):
                return Dropped(follower, None, rule.name, verdict.reason)
            if isinstance(verdict, Follow):
                wanted = FollowRecord(follower, verdict.op, source, rule.name)
        before = self.taken.get((follower, ask.aspect))
        if before != wanted:
            self.taken = {key: record for key, record in self.taken.items() if key != (follower, ask.aspect)}
            if wanted is not None:
                self.taken[follower, ask.aspect] = wanted
            aspects = frozenset[str]().union(*(get_op(r.op).aspects for r in (before, wanted) if r is not None))
            self.changes.append((follower, with_taken(follower, self.fold.states[follower], self.taken), aspects))
        return None

    def _ask_texts(self, ask: Ask, source: str, state: State) -> Dropped | None:
        """Every text of a caption, chat or transcript; one veto is a veto for all."""
        texts = self.light.texts.get(ask.follower, ())
        context = self.light.context(ask.follower, source)
        wanted: dict[int, tuple[Replacement, ...]] = {}
        name = ""
        for index, text in enumerate(texts):
            for rule in ask.rules:
                verdict = rule.judge(text, state, context) if context.readable or not text else _unreadable(state, context)  # type: ignore[misc]
                if verdict is None:
                    continue
                if isinstance(verdict, Veto):
                    return Dropped(ask.follower, index, rule.name, verdict.reason)
                if self.fold.on_conflict == "skip":
                    return Dropped(ask.follower, index, rule.name, 'the text would have to change, and on_conflict is "skip"')
                if isinstance(verdict, Edit):
                    wanted[index] = wanted.get(index, ()) + verdict.replacements
                    name = rule.name
        key = (ask.follower, source, ask.aspect)
        if wanted or key in self.fold.edits:
            self.edits[key] = tuple(wanted.get(index, ()) for index in range(len(texts))) if wanted else ()
            self.by[key] = name
        return None

    def _clash(self) -> Dropped | None:
        """Two rules that want different things of the same words: nobody can say what is true."""
        joined = {**self.fold.edits, **self.edits}
        for follower in {key[0] for key, texts in self.edits.items() if texts}:
            proposals = [texts for key, texts in joined.items() if key[0] == follower and texts]
            if len(proposals) < 2:
                continue
            for index in range(len(self.light.texts[follower])):
                if clash := text_edits.conflict([r for texts in proposals for r in texts[index]]):
                    reason = f"two rules want to change the same words: {clash[0].text!r} and {clash[1].text!r}"
                    return Dropped(follower, index, "edits", reason)
        return None


def _unreadable(state: State, context: Context) -> Veto | None:
    """A text in another language: whatever happens may make it false."""
    language = getattr(context.field, "language", "")
    return None if state.is_identity else Veto(f"only English can be read, this text is {language!r}")


def with_taken(name: str, state: State, taken: dict[tuple[str, str], FollowRecord]) -> State:
    """A field's state with the ops that it takes because another field changed, on top of its own steps."""
    for (follower, _), record in taken.items():
        if follower == name:
            state = get_op(record.op).compose(state, {})
    return state
