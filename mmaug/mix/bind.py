"""Binding a plan that may mix in another row: what the mixture is, and whether all that is said of it stays true.

The partner goes through its own plan first, then is made to fit (its picture resized, its sound cut). Both rows are then told what the
mixture does to them, each by the rules that judge any other step: to one a pasted rectangle is a cover, to the other all round it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmaug import apply as heavy
from mmaug.apply import BoundPlan
from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState
from mmaug.errors import PlanError, RowError
from mmaug.light import Light
from mmaug.mix import fields, texts
from mmaug.mix.fields import Values
from mmaug.mix.parameters import is_named
from mmaug.mix.partners import Partners
from mmaug.mix.recipes import Paste, Recipes
from mmaug.modalities.image.values import look
from mmaug.plan import Plan, Step
from mmaug.registry import get_op
from mmaug.resolve import Edges, Fold, Mix
from mmaug.rewrite import rewrite
from mmaug.schema import Schema
from mmaug.trace import Dropped, Mixed, Trace

ROW = "*"
"""The field of a step that mixes: the whole row."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """What is mixed into a bound row. partner: the other row's bound plan. values: the light values of the mixture."""

    recipes: Recipes
    partner: BoundPlan
    values: Values


def bind(plan: Plan, row: Mapping[str, Any], schema: Schema, edges: Edges, on_conflict: str, partners: Partners | None) -> BoundPlan:
    """A plan resolved on a row, with what it mixes in."""
    if not any(is_mix(step) for step in plan.steps):
        return alone(plan, row, edges, on_conflict)
    if last := next((step for step, after in zip(plan.steps, plan.steps[1:], strict=False) if is_mix(step) and not is_mix(after)), None):
        raise PlanError(f"step {last}: mixes in another row, and must stand after all other steps; graph.plan draws them so")
    mixer = _Mixer(plan, row, schema, edges, on_conflict, partners)
    while True:
        bound, made = _folded(plan, row, edges, on_conflict, mixer)
        finished = bound if made is None else mixer.finish(bound, made)
        if finished is not None:
            return finished


def is_mix(step: Step) -> bool:
    return get_op(step.op).modality == "mix"


def alone(plan: Plan, row: Mapping[str, Any], edges: Edges, on_conflict: str) -> BoundPlan:
    """A plan resolved on a row by itself. Raises: RowError where the row does not hold what the schema says."""
    return _folded(plan, row, edges, on_conflict)[0]


def _folded(
    plan: Plan, row: Mapping[str, Any], edges: Edges, on_conflict: str, mix: Mix | None = None, unjudged: frozenset[int] = frozenset()
) -> tuple[BoundPlan, Any]:
    """The bound plan, and what its mixing step made."""
    if not isinstance(row, Mapping):
        raise RowError(f"a row must be a dict of its columns, got {type(row).__name__}")
    edges.schema.refuse_undeclared(row)
    light = Light(edges.schema, row)
    fold = Fold(light, edges, on_conflict, mix, unjudged).run(plan)
    writes = rewrite(light, fold)
    trace = Trace(tuple(fold.records), tuple(writes.edits), tuple(fold.taken.values()))
    return BoundPlan(plan, trace, fold.states_with_taken(), writes, row), fold.mixed


@dataclass(frozen=True, slots=True)
class _Made:
    """A mixture on its way: its step and that one's number, what is mixed how, the partner, and which of the row's texts were chosen."""

    number: int
    step: Step
    recipes: Recipes
    partner: BoundPlan
    chosen: Mapping[str, list[int]]


def joins(step: Step) -> bool:
    """Whether texts are joined, and not only weighed."""
    return step.params.get("captions", "join") == "join"


class _Mixer:
    """Carries out the mixing steps of one plan: the first that can be true is the mixture, and the only one."""

    def __init__(self, plan: Plan, row: Mapping[str, Any], schema: Schema, edges: Edges, on_conflict: str, partners: Partners | None):
        self.plan, self.row, self.schema, self.edges, self.on_conflict, self.partners = plan, row, schema, edges, on_conflict, partners
        self.blocked: dict[int, Dropped] = {}

    def __call__(self, fold: Fold, number: int, step: Step) -> Dropped | None:
        if number in self.blocked:
            return self.blocked[number]
        recipes: Recipes = get_op(step.op).function(**step.params)
        if not recipes:
            return None
        if fold.mixed is not None:
            return Dropped(ROW, None, "one_mixture", f"a row is mixed once, and {fold.mixed.step.op} came first")
        dropped = self._refused(fold, step, recipes) or (texts.joinable(fold.light, recipes, self.on_conflict) if joins(step) else None)
        partner = dropped or self._partner(fold, step, recipes)
        if isinstance(partner, Dropped):
            return partner
        dropped = fields.refused(self.schema, recipes, self.row, partner.row) or see(fold, recipes, False, joins(step))
        fold.mixed = _Made(number, step, recipes, partner, fold.chosen) if dropped is None else None
        return dropped

    def _refused(self, fold: Fold, step: Step, recipes: Recipes) -> Dropped | None:
        """Something that is mixed must be there, and no class may forbid the op."""
        names = fields.mixed(self.schema, recipes)
        if not any(name in fold.states for name in names):
            return Dropped(names[0], None, "missing", "this row has none")
        return next((dropped for name in names if (dropped := fold.forbidden(step.op, name))), None)

    def _partner(self, fold: Fold, step: Step, recipes: Recipes) -> BoundPlan | Dropped:
        """The partner after its own plan, made to fit, and told what the mixture does to it."""
        key = step.params["partner"]
        if self.partners is None or not is_named(key):
            raise PlanError(
                f"step {step}: mixes in another row and {'its key was never drawn' if self.partners else 'there are no partners'}; "
                "give partners=... (a mapping from key to row) to graph.plan and graph.resolve, or to the call"
            )
        other = self.partners[key]
        if other is self.row:
            return Dropped(ROW, None, "itself", f"partner {key!r} is this very row, and nothing comes of mixing it with itself")
        quiet = "edit" if self.on_conflict == "raise" else self.on_conflict  # what the partner loses on its way is no conflict of this row
        try:
            bound = alone(dict(self.plan.partners).get(key, Plan(())), other, self.edges, quiet)
        except RowError as error:
            raise RowError(f"partner {key!r}: {error}") from error
        dropped = self._unlike(fold, bound, recipes)
        if dropped is None:
            fits = fitting(fold, bound, recipes, step)
            if not fits and not joins(step) and not any(isinstance(recipe, Paste) for recipe in recipes.values()):
                return bound
            steps = (*bound.plan.steps, *fits, step)
            new = range(len(bound.plan.steps), len(steps))
            seen: Mix = lambda partner, _, __: see(partner, recipes, True, joins(step))  # noqa: E731
            bound, _ = _folded(Plan(steps), other, self.edges, quiet, seen, frozenset() if joins(step) else frozenset(new))
            dropped = next((record.dropped for record in bound.trace.steps[new.start :] if record.dropped), None)
        if dropped is not None:
            return replace(dropped, index=None, reason=f"partner {key!r}: {dropped.reason}")
        return bound

    def _unlike(self, fold: Fold, bound: BoundPlan, recipes: Recipes) -> Dropped | None:
        """A partner that lacks what this row has, or has another number of frames."""
        for name in [name for name in fields.mixed(self.schema, recipes) if name in fold.states]:
            if name not in bound.states:
                return Dropped(name, None, "missing", "it has none")
            if name in fold.light.looks:
                frames = fold.light.looks[name].frames, look(self.schema.value(name, bound.row), f"field {name!r}").frames
                if frames[0] != frames[1]:
                    return Dropped(name, None, "frames", f"it has {frames[1]} frames, and this row {frames[0]}")
        return None

    def finish(self, bound: BoundPlan, made: _Made) -> BoundPlan | None:
        """The bound plan with its mixture; None where the texts cannot be joined, so that the step must be dropped."""
        schema, recipes, partner = self.schema, made.recipes, made.partner
        here = heavy.apply(replace(bound, states={}), bound.row, schema)
        there = heavy.apply(replace(partner, states={}), partner.row, schema)
        sizes = {name: state.geometry.out_size for name, state in bound.states.items() if isinstance(state, ImageState)}
        offsets = {name: _room(bound, partner, name) * made.step.params.get("start", 0.0) for name in schema.of_kind("audio")}
        values = fields.merged(schema, recipes, here, there, sizes, offsets)
        shares = {kind: recipe.part(sizes.get(schema.of_kind(kind)[0])) for kind, recipe in recipes.items() if self._has(kind, bound)}
        if joins(made.step):
            joint = texts.join(schema, recipes, here, there, texts.SoFar(bound.trace.edits, made.step.op, made.chosen))
            if isinstance(joint, Dropped):
                self.blocked[made.number] = joint
                return None
            values += joint.values
            bound = replace(bound, trace=replace(bound.trace, edits=joint.edits))
        told = texts.shared(schema, recipes, here, there, max(shares.values()))
        shares["text"] = max(shares.values()) if joins(made.step) and told else 0.0
        mixed = Mixed(made.step.op, made.step.params["partner"], shares, told, partner.trace)
        return replace(bound, trace=replace(bound.trace, mixed=mixed), mixture=Mixture(recipes, partner, values))

    def _has(self, kind: str, bound: BoundPlan) -> bool:
        return any(name in bound.states for name in self.schema.of_kind(kind))


def see(fold: Fold, recipes: Recipes, of_partner: bool, joined: bool) -> Dropped | None:
    """Tell a row what the mixture does to what it shows; all of it, or nothing where a rule vetoes.

    joined: whether its texts must stay true; where they are only weighed, annotations follow, and texts are not asked about.
    """
    before = (dict(fold.states), fold.taken, dict(fold.edits), dict(fold.by))
    for name in [name for name in fields.mixed(fold.light.schema, recipes) if name in fold.states]:
        recipe = recipes[fold.light.schema.fields[name].kind]
        if not joined and not isinstance(recipe, Paste):
            continue
        state: Any = fold.states[name]
        dropped = fold.take(name, recipe.seen(state, of_partner), recipe.aspects, joined)
        if dropped is not None:
            fold.states, fold.taken, fold.edits, fold.by = before
            return dropped
        if not isinstance(recipe, Paste):
            fold.states[name] = state  # the rules have judged; for the executors only the kernel mixes
    return None


def fitting(fold: Fold, partner: BoundPlan, recipes: Recipes, step: Step) -> list[Step]:
    """The steps that give the partner's pictures this row's size, and cut its sounds to this row's length."""
    steps = []
    for name in [name for name in fields.mixed(fold.light.schema, recipes) if name in fold.states]:
        own, other = fold.states[name], partner.states[name]
        if isinstance(own, ImageState) and isinstance(other, ImageState):
            width, height = own.geometry.out_size
            if (width, height) != other.geometry.out_size:
                steps.append(Step("image.resize", name, {"size": (height, width)}))
        elif isinstance(own, AudioState) and isinstance(other, AudioState) and other.time.out_seconds > own.time.out_seconds + 1e-9:
            keep = own.time.out_seconds / other.time.out_seconds
            steps.append(Step("audio.time_crop", name, {"keep": keep, "start": step.params["start"]}))
    return steps


def _room(bound: BoundPlan, partner: BoundPlan, name: str) -> float:
    """By how many seconds the partner's sound is shorter."""
    own, other = bound.states.get(name), partner.states.get(name)
    if not isinstance(own, AudioState) or not isinstance(other, AudioState):
        return 0.0
    return max(own.time.out_seconds - other.time.out_seconds, 0.0)
