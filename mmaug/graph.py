"""The transform graph: a policy on a schema. draw -> resolve -> apply, each a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from mmaug import batch as together
from mmaug import pairing
from mmaug.apply import BoundPlan
from mmaug.draw import Drawer
from mmaug.errors import PlanError, PolicyError, RowError, RuleError, SchemaError
from mmaug.lint.report import LintReport
from mmaug.lint.run import Linter
from mmaug.mix import bind, combine, drawing
from mmaug.mix.ops import MIXED
from mmaug.mix.partners import Partners
from mmaug.pairing.base import Rules
from mmaug.plan import Plan
from mmaug.policy import Policy, PolicyOp
from mmaug.registry import OPS, get_op
from mmaug.resolve import Edges
from mmaug.schema import MISSING, Schema
from mmaug.schema.columns import Row
from mmaug.trace import Trace

ON_CONFLICT = ("edit", "skip", "raise")


class TransformGraph:
    """Augments rows so that what they pair stays true: `graph(row, key="000123")`.

    seed: together with key, epoch and view it fixes every draw. on_conflict: "edit" rewrites captions where the rules can and
    else drops the step; "skip" never rewrites, it drops the step; "raise" raises where a step would be dropped.
    rules: pairing rules; add yours to `mm.pairing.DEFAULT`. key: the column that names a row, where calls give no key.
    Raises: PolicyError when an op has no field to act on, RuleError when no rule says what an op means for a field,
    SchemaError for a label that forbids an unknown op.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        schema: Schema,
        seed: int = 0,
        on_conflict: str = "edit",
        rules: Rules = pairing.DEFAULT,
        key: str | None = None,
    ):
        if on_conflict not in ON_CONFLICT:
            raise PolicyError(f"on_conflict must be one of {', '.join(ON_CONFLICT)}, got {on_conflict!r}")
        if not isinstance(schema, Schema):
            raise SchemaError(f"schema must be mm.Schema(...), got {type(schema).__name__}; a file is read by mm.Schema.load")
        if not isinstance(rules, Rules):
            raise RuleError(f"rules must be mm.pairing.DEFAULT, or that + your rules, got {rules!r}")
        if not isinstance(policy, (Policy, PolicyOp)):
            raise PolicyError(
                f"policy must be mm.op(...) or a Policy, got {repr(policy)[:120]}; pass mm.policies.rand_augment(), "
                "Policy.sequence(...), or a file's mm.Policy.load(path)"
            )
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise PolicyError(f"seed must be a whole number, got {seed!r}; a text is fine as the key of a row")
        if not isinstance(policy, Policy):
            policy = Policy.sequence(policy)
        self.policy, self.schema, self.seed, self.on_conflict, self.rules, self.key = policy, schema, seed, on_conflict, rules, key
        self.mixes = any(op.name in MIXED for op in policy.ops())
        self._drawer = Drawer(policy, self._targets)
        self._edges = Edges(schema, rules)
        self._check_rules()

    def plan(self, *, key: str | int | bytes, epoch: int = 0, view: int = 0, progress: float = 0.0, partners: Any = None) -> Plan:
        """Every random choice for one view of the row of that key, without looking at it: the same arguments, the same plan.

        partners: for a policy that mixes rows, those that may be mixed in: a mapping from key to row, a list of rows, or `mm.mix.Partners`.
        """
        plan = self._drawer.draw(self.seed, epoch, key, view, progress)
        if not self.mixes:
            return plan
        others = None if partners is None else Partners.of(partners)
        return drawing.named(plan, key, others, lambda other: self._drawer.draw(self.seed, epoch, other, view, progress))

    def resolve(self, plan: Plan, row: Mapping[str, Any], *, partners: Any = None) -> BoundPlan:
        """Bind a plan to a row: which steps keep it true, and what its texts and annotations become. Pixels and samples are not read.

        partners: the rows that the plan mixes in, as for `plan`.
        Raises: RowError where the row does not hold what the schema says; ConflictError with on_conflict="raise"; PlanError for a plan
        that mixes in a row which is not among the partners.
        """
        others = None if partners is None else Partners.of(partners)
        return bind.bind(plan, row, self.schema, self._edges, self.on_conflict, others)

    def apply(self, bound: BoundPlan, row: Mapping[str, Any]) -> Row:
        """Carry out a bound plan on its row.

        Raises: PlanError for another row or something else than a BoundPlan, RowError for values that cannot be processed.
        """
        if not isinstance(bound, BoundPlan):
            raise PlanError(
                f"graph.apply: the first argument must be the BoundPlan of graph.resolve, got {type(bound).__name__}; "
                "write graph.apply(graph.resolve(plan, row), row)"
            )
        return combine.apply(bound, row, self.schema)

    def run(
        self,
        row: Mapping[str, Any],
        *,
        key: str | int | bytes | None = None,
        epoch: int = 0,
        view: int = 0,
        progress: float = 0.0,
        partners: Any = None,
    ) -> tuple[Row, Trace]:
        """The augmented row and the trace of what was done and why. partners: as for `plan`; a policy that mixes rows needs them."""
        others = self._others(partners)
        plan = self.plan(key=self._key_of(row) if key is None else key, epoch=epoch, view=view, progress=progress, partners=others)
        bound, notes = self.resolve(plan, row, partners=others), list[str]()
        out = combine.apply(bound, row, self.schema, notes)
        return out, _noted(bound.trace, tuple(notes))

    def __call__(self, row: Mapping[str, Any], **draw: Any) -> Row:
        """The augmented row: a new dict with the same keys and types. Arguments as for `run`."""
        return self.run(row, **draw)[0]

    def lint(self, rows: Iterable[Mapping[str, Any]], *, keys: Iterable[str | int | bytes] | None = None) -> LintReport:
        """What the texts of rows speak of, and what would become of each op of the policy, drawn alone for every row.

        keys: one a row, as for `run`; default the graph's key column, else the row's number. No pixels are read.
        Raises: RowError where a row lacks the key column, ValueError where there is not one key a row.
        """
        linter = self.linter()
        numbered = ((number if self.key is None else self._key_of(row), row) for number, row in enumerate(rows))
        for key, row in numbered if keys is None else zip(keys, rows, strict=True):
            linter.add(key, row)
        return linter.report()

    def linter(self) -> Linter:
        """A linter that takes rows one by one."""
        return Linter(self.policy, self.schema, self._targets, self._edges, seed=self.seed, on_conflict=self.on_conflict)

    def run_batch(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        keys: Iterable[str | int | bytes] | None = None,
        epoch: int = 0,
        view: int = 0,
        progress: float = 0.0,
        partners: Any = None,
        device: Any = "cpu",
        memory_mb: float = together.MEMORY_MB,
    ) -> list[tuple[Row, Trace]]:
        """Many rows at once: what `run` gives for each, in order, with the pictures worked on together.

        Plans, traces, texts and annotations are those of `run`. So are pixels on "cpu", to the bit; on another device they lie within
        a few levels of 255, and are the same whatever else is in the batch. keys: one a row; else the key column or the content names
        a row. device: where pictures are worked on; tensors of pictures and masks come back there, arrays and PIL pictures as such.
        memory_mb: at most so much is in use there besides the pictures and the results; one picture's need is the least.
        partners: as for `plan`; those of the whole data set, not of the batch, so that a row's partner does not depend on the batch.
        Raises: as `run`, with the row's number and key in front.
        """
        named, others = together.named(rows, keys), self._others(partners)

        def bind_one(row: Mapping[str, Any], key: Any) -> BoundPlan:
            plan = self.plan(key=self._key_of(row) if key is None else key, epoch=epoch, view=view, progress=progress, partners=others)
            return self.resolve(plan, row, partners=others)

        bounds = together.bind(rows, named, bind_one)
        outs = together.apply(bounds, named, self.schema, device, memory_mb)
        return [(out, _noted(bound.trace, notes)) for (out, notes), bound in zip(outs, bounds, strict=True)]

    def batch(self, rows: Sequence[Mapping[str, Any]], **options: Any) -> list[Row]:
        """The augmented rows, in order: `graph.batch(rows, keys=keys, device="cuda")`. Arguments as for `run_batch`."""
        return [out for out, _ in self.run_batch(rows, **options)]

    def __reduce__(self) -> Any:  # drawers are closures: a worker builds its own from the parts
        return _rebuild, (self.policy, self.schema, self.seed, self.on_conflict, self.rules, self.key)

    def __str__(self) -> str:
        edges = [
            f"  {name} ({field.kind}) <- {', '.join(followers)}"
            for name, field in self.schema.fields.items()
            if (followers := self.schema.followers(name))
        ]
        policy = "\n".join(f"  {line}" for line in str(self.policy).splitlines())
        return "\n".join(
            [f"TransformGraph(seed={self.seed}, on_conflict={self.on_conflict!r})", "policy", policy, "what follows what", *edges]
        )

    __repr__ = __str__

    def _others(self, partners: Any) -> Partners | None:
        """The partners of a call. Raises: PlanError where the policy mixes rows and there are none."""
        if partners is None and self.mixes:
            raise PlanError(
                "the policy mixes rows, and there are none to mix in; give partners=... (a mapping from key to row, a list of rows or "
                "mm.mix.Partners) to the call"
            )
        return Partners.of(partners) if self.mixes else None

    def _targets(self, op: PolicyOp) -> tuple[str, ...]:
        """The fields that an op of the policy acts on."""
        if op.name in MIXED:
            return self._mixed(op)
        fields = tuple(self.schema.for_modality(get_op(op.name).modality))
        if op.field is None and fields:
            return fields
        if op.field in fields:
            return (op.field,)
        modality = get_op(op.name).modality
        raise PolicyError(
            f"op {op.name!r} acts on {modality} fields, and the schema has {', '.join(fields) or 'none'}"
            + (f"; field={op.field!r} is not one of them" if op.field else f"; declare one or take {op.name} out")
        )

    def _mixed(self, op: PolicyOp) -> tuple[str, ...]:
        """An op that mixes acts on the whole row."""
        kinds = tuple(MIXED[op.name])
        if not self.schema.of_kind(*kinds):
            raise PolicyError(f"op {op.name!r} mixes {' and '.join(kinds)} fields, and the schema has none; declare one or take it out")
        if op.field is not None:
            raise PolicyError(f"op {op.name!r} mixes whole rows, so it takes no field, got field={op.field!r}; leave it out")
        return (bind.ROW,)

    def _check_rules(self) -> None:
        """Ask for every rule that this policy can need, so that a missing one shows before the first row."""
        for op in self.policy.ops():
            mixed = {kind: recipe.aspects for kind, recipe in MIXED.get(op.name, {}).items()}
            for source in self.schema.of_kind(*mixed) if mixed else self._targets(op):
                self._edges.asks(source, mixed.get(self.schema.fields[source].kind, get_op(op.name).aspects))
        for name in self.schema.of_kind("label"):
            for ops in self.schema.fields[name].forbids.values():  # type: ignore[attr-defined]
                for op_name in set(ops) - OPS.keys():
                    raise SchemaError(f"field {name!r}: forbids names {op_name!r}, and there is no such op; `mmaug ops` lists all")

    def _key_of(self, row: Mapping[str, Any]) -> str | int | bytes:
        if self.key is None and self.mixes:
            raise PlanError("a policy that mixes rows must know which row this is; give key=..., or name the column of keys in the graph")
        if self.key is None:
            return content_key(row, self.schema)
        if row.get(self.key) is None:
            got = "has None there" if self.key in row else f"has {sorted(row)}"
            raise RowError(f"key column {self.key!r} must be in every row, this row {got}; name its rows, or give key=... in the call")
        return row[self.key]


def _noted(trace: Trace, notes: tuple[str, ...]) -> Trace:
    return replace(trace, notes=notes) if notes else trace


def content_key(row: Mapping[str, Any], schema: Schema) -> bytes:
    """A key made of a row's content, where there is no better one: 16 bytes; rows with the same content share their draws."""
    digest = blake2b(digest_size=16)
    for name in schema.fields:
        value = schema.column(name).get(row)
        digest.update(name.encode())
        if value is not MISSING:
            _feed(digest, value)
    return digest.digest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(str(key).encode())
            _feed(digest, value[key])
    elif isinstance(value, (list, tuple)):
        digest.update(b"[%d" % len(value))
        for item in value:
            _feed(digest, item)
    elif hasattr(value, "detach"):
        _feed(digest, value.detach().cpu().numpy())
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:  # its bytes are addresses
        _feed(digest, value.tolist())
    elif isinstance(value, np.ndarray) or hasattr(value, "getbands"):
        array = np.ascontiguousarray(value)
        digest.update(f"{array.dtype}{array.shape}{getattr(value, 'mode', '')}".encode())
        digest.update(array.tobytes())
        palette = getattr(value, "getpalette", lambda: None)()
        digest.update(bytes(palette or ()))
    elif hasattr(value, "samples") and hasattr(value, "rate"):
        _feed(digest, {"samples": value.samples, "rate": value.rate})
    elif value is None or isinstance(value, (str, bytes, bool, int, float, np.generic)):
        digest.update(repr(value).encode("utf-8", "surrogatepass") + b";")
    else:
        raise RowError(f"a row that holds {type(value).__name__} has no content that can be hashed; call graph(row, key=...)")


def _rebuild(policy: Policy, schema: Schema, seed: int, on_conflict: str, rules: Rules, key: str | None) -> TransformGraph:
    return TransformGraph(policy, schema=schema, seed=seed, on_conflict=on_conflict, rules=rules, key=key)
