"""Binding a plan to a row: a left fold over its steps that keeps every pair true, without touching pixels or samples.

The fold's state is the composed effects so far. For each step the effects are composed on trial and the rules of every field
that follows are asked whether its *original* value can be kept true under the *composed* effects; a veto drops this step and
leaves the state. So a flip and a quarter turn, or three small rotations, are judged as what they are together.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any

from mmaug.effects.state import State
from mmaug.errors import ConflictError, PlanError, RuleError
from mmaug.language import analyser
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


Mix = Callable[["Fold", int, Step], "Dropped | None"]
"""What a step that mixes rows does to a fold: (fold, number of the step, step) -> why it is dropped."""


class Fold:
    """The left fold of one plan over one row's light fields; read the results from its attributes.

    mix: carries out the steps that mix rows. unjudged: the numbers of steps about which no text is asked.
    """

    def __init__(self, light: Light, edges: Edges, on_conflict: str, mix: Mix | None = None, unjudged: Container[int] = ()):
        self.light, self.edges, self.on_conflict, self.mix, self.unjudged = light, edges, on_conflict, mix, unjudged
        self.start()

    def start(self) -> None:
        """Forget every step."""
        light = self.light
        self.states = light.states()
        self.chosen: dict[str, list[int]] = {}
        self.taken: dict[tuple[str, str], FollowRecord] = {}
        self.edits: dict[EditKey, Proposed] = {}
        self.by: dict[EditKey, str] = {}
        self.wording: dict[str, list[Step]] = {}  # the steps to run on each text after the rules' edits
        self.records: list[StepRecord] = []
        self.mixed: Any = None  # what a step that mixes made, for those who gave `mix`

    def run(self, plan: Plan) -> Fold:
        """Fold over the plan; a group of steps that stand or fall together is tried again without itself when one falls."""
        out: dict[int, tuple[int, Dropped]] = {}
        self.chosen = choose(self.light, plan, out)
        while (fallen := self._pass(plan, out)) is not None:
            out[fallen[0]] = fallen[1:]
            self.start()
            self.chosen = choose(self.light, plan, out)
        return self

    def states_with_taken(self) -> dict[str, State]:
        """The composed effects on every picture and recording, with what each took because another changed."""
        if not self.taken:
            return self.states
        return {name: with_taken(name, state, self.taken) for name, state in self.states.items()}

    def _pass(self, plan: Plan, out: dict[int, tuple[int, Dropped]]) -> tuple[int, int, Dropped] | None:
        """One try: the group that falls, the number of the step that it falls with, and why; None when all is recorded."""
        for number, step in enumerate(plan.steps):
            dropped: Dropped | None
            if step.group is not None and step.group in out:
                first, dropped = out[step.group]
                if number != first:
                    dropped = replace(dropped, reason=f"goes with a step that was dropped: {dropped.reason}")
            else:
                dropped = self._try(number, step)
            if dropped is not None and self.on_conflict == "raise":
                raise ConflictError(f'{step} would be dropped: {dropped}; change the policy, or pass on_conflict="edit"')
            if dropped is not None and step.group is not None and step.group not in out:
                return step.group, number, dropped
            self.records.append(StepRecord(step, dropped))
        return None

    def _try(self, number: int, step: Step) -> Dropped | None:
        """Compose on trial, ask the rules, and keep the new state unless one vetoes."""
        op, schema = get_op(step.op), self.light.schema
        modality = op.modality
        if modality == "mix":
            if self.mix is None:
                raise PlanError(f"step {step}: mixes in another row, which is not here; pass partners=... to graph.resolve")
            return self.mix(self, number, step)
        if step.field not in schema.for_modality(modality):
            raise PlanError(f"step {step}: no {modality} field {step.field!r} in this schema ({', '.join(schema.fields)})")
        if step.field not in self.states and step.field not in self.light.texts:
            return Dropped(step.field, None, "missing", "this row has none")
        if modality == "text":
            return self._text_step(op.family, step)
        if schema.of_kind("label") and (dropped := self.forbidden(step.op, step.field)):
            return dropped
        return self.take(step.field, op.compose(self.states[step.field], step.params), op.aspects, number not in self.unjudged)

    def take(self, field: str, state: State, aspects: frozenset[str], judged: bool = True) -> Dropped | None:
        """Make `state` a field's unless a rule vetoes. judged: whether texts are asked about."""
        if not self.taken and not self.edges.asks(field, aspects):  # nothing follows that could become false
            self.states[field] = state
            return None
        return _Trial(self, field, state, aspects, judged).judge()

    def _text_step(self, family: str, step: Step) -> Dropped | None:
        """Keep a step that runs on the text after the rules' edits; those that choose or drop captions have run."""
        field = self.light.schema.fields[step.field]
        language = field.language  # type: ignore[attr-defined]
        if family in ("wording", "nlpaug", "model") and language != "en":
            return Dropped(step.field, None, "language", f"only English can be read, this text is {language!r}")
        if family == "drop" and field.kind != "caption":
            return Dropped(step.field, None, "kind", f"only captions can be dropped, this field is {field.kind}")
        if family not in ("structure", "drop", "embedding"):
            self.wording.setdefault(step.field, []).append(step)
        return None

    def forbidden(self, op: str, source: str) -> Dropped | None:
        """A label that the op would change."""
        for name in self.light.schema.of_kind("label"):
            field = self.light.schema.fields[name]
            if field.forbids and source in sources(field):  # type: ignore[attr-defined]
                value = self.light.value(name)
                value = value.tolist() if hasattr(value, "tolist") else value
                for label in value if isinstance(value, (list, tuple)) else () if value is MISSING else (value,):
                    if op in field.forbids.get(_class_name(label), ()):  # type: ignore[attr-defined]
                        return Dropped(name, None, "forbids", f"{op} would change the class {str(label)!r}")
        return None


class _Trial:
    """One step on trial: new states, and what the rules say of them."""

    __slots__ = ("by", "changes", "edits", "fold", "judged", "light", "own", "source", "taken")

    def __init__(self, fold: Fold, source: str, state: State, aspects: frozenset[str], judged: bool):
        self.fold, self.light, self.judged = fold, fold.light, judged
        self.source, self.own, self.taken = source, state, fold.taken
        self.changes = [(source, with_taken(source, state, self.taken), aspects)]
        self.edits: dict[EditKey, Proposed] = {}
        self.by: dict[EditKey, str] = {}

    def judge(self) -> Dropped | None:
        """Ask every rule; without a veto the step becomes part of the fold."""
        fold = self.fold
        for source, state, aspects in self.changes:  # grows when another picture or sound must follow
            for ask in fold.edges.asks(source, aspects):
                dropped = self._ask(ask, source, state)
                if dropped is not None:
                    return dropped
        if any(self.by.values()) and (dropped := self._clash()):
            return dropped
        fold.states[self.source], fold.taken = self.own, self.taken
        fold.edits.update(self.edits)
        fold.by.update(self.by)
        return None

    def _ask(self, ask: Ask, source: str, state: State) -> Dropped | None:
        if ask.is_text:
            return self._ask_texts(ask, source, state) if self.judged else None
        if self.light.schema.fields[ask.follower].kind in ("image", "audio"):
            return self._ask_other(ask, source)
        return self._ask_value(ask, source, state)

    def _ask_value(self, ask: Ask, source: str, state: State) -> Dropped | None:
        """An annotation or a class: a rule may refuse the step; what it becomes is not for rules to say."""
        value = self.light.value(ask.follower)
        for rule in ask.rules if value is not MISSING else ():
            verdict = rule.judge(value, state, self.light.context(ask.follower, source))  # type: ignore[misc]
            if isinstance(verdict, Veto):
                return Dropped(ask.follower, None, rule.name, verdict.reason)
            _refuse_others(verdict, rule, ask.follower, "None or a Veto")
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
            _refuse_others(verdict, rule, follower, "None, a Veto or a Follow", Follow)
            if isinstance(verdict, Follow):
                if dropped := self.fold.forbidden(verdict.op, follower):
                    return dropped
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
            readable = not text or (context.readable and analyser.legible(text))
            for rule in ask.rules:
                verdict = rule.judge(text, state, context) if readable else _unreadable(state, context)  # type: ignore[misc]
                if verdict is None:
                    continue
                if isinstance(verdict, Veto):
                    return Dropped(ask.follower, self._number(ask.follower, index), rule.name, verdict.reason)
                _refuse_others(verdict, rule, ask.follower, "None, a Veto or an Edit", Edit)
                if self.fold.on_conflict == "skip" or ask.aspect in context.shared:
                    skip = 'the text would have to change, and on_conflict is "skip"'
                    reason = skip if self.fold.on_conflict == "skip" else f"the text may speak of {self._others(ask, source)}, which stays"
                    return Dropped(ask.follower, self._number(ask.follower, index), rule.name, reason)
                wanted[index] = wanted.get(index, ()) + verdict.replacements  # type: ignore[union-attr]
                name = rule.name
        key = (ask.follower, source, ask.aspect)
        if wanted or key in self.fold.edits:
            self.edits[key] = tuple(wanted.get(index, ()) for index in range(len(texts))) if wanted else ()
            self.by[key] = name
        return None

    def _others(self, ask: Ask, source: str) -> str:
        return " and ".join(name for name in sources(self.light.schema.fields[ask.follower]) if name != source)

    def _number(self, follower: str, index: int) -> int:
        """The number of a text in the row as it came, before any was chosen."""
        chosen = self.fold.chosen.get(follower)
        return index if chosen is None else chosen[index]

    def _clash(self) -> Dropped | None:
        """Two rules that want different things of the same words: nobody can say what is true."""
        joined = {**self.fold.edits, **self.edits}
        for follower in {key[0] for key, texts in self.edits.items() if texts}:
            proposals = [texts for key, texts in joined.items() if key[0] == follower and texts]
            for index in range(len(self.light.texts[follower])):
                if clash := text_edits.conflict([r for texts in proposals for r in texts[index]]):
                    reason = f"two rules want to change the same words: {clash[0].text!r} and {clash[1].text!r}"
                    return Dropped(follower, self._number(follower, index), "edits", reason)
        return None


def _class_name(label: Any) -> str:
    """A class as text: 6, 6.0 and "6" are the same."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _refuse_others(verdict: object, rule: PairRule, follower: str, wanted: str, kind: type | None = None) -> None:
    if verdict is not None and (kind is None or not isinstance(verdict, kind)):
        raise RuleError(f"rule {rule.name!r} on field {follower!r}: must return {wanted}, got {verdict!r}")


def choose(light: Light, plan: Plan, out: Container[int | None] = ()) -> dict[str, list[int]]:
    """Run the structural text steps of groups that are not `out`: `light.texts` holds what is chosen, and what stands for the dropped.

    Returns their old numbers by field.
    """
    light.texts = dict(light.all_texts)
    chosen: dict[str, list[int]] = {}
    for step in plan.steps:
        op, field = get_op(step.op), step.field
        if field not in light.texts or step.group in out or light.schema.fields[field].kind != "caption":
            continue
        texts = light.texts[field]
        if op.family == "drop":
            light.texts[field] = [op.function(text, **step.params) for text in texts]
        elif op.family == "structure" and not isinstance(light.value(field), str):
            before = chosen.get(field, list(range(len(texts))))
            kept = op.function(texts, **step.params)
            chosen[field] = [before[i] for i in kept]
            light.texts[field] = [texts[i] for i in kept]
    return chosen


def _unreadable(state: State, context: Context) -> Veto | None:
    """A text in another language, or in a disguise: whatever happens may make it false."""
    if state.is_identity:
        return None
    if context.readable:
        return Veto("the text has full-width letters or invisible signs within words, so it cannot be read surely")
    return Veto(f"only English can be read, this text is {getattr(context.field, 'language', '')!r}")


def with_taken(name: str, state: State, taken: dict[tuple[str, str], FollowRecord]) -> State:
    """A field's state with the ops that it takes because another field changed, on top of its own steps."""
    for (follower, _), record in taken.items() if taken else ():
        if follower == name:
            state = get_op(record.op).compose(state, {})
    return state
