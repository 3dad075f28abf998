"""Policies: distributions over augmentations of all modalities at once, as a JSON value.

A policy is a tree. Its leaves are ops with a probability and either a strength or ranges; a sequence runs its parts in order
under one shared coin; a choice runs one of its parts; a schedule changes with the progress of training.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from mmaug import hub, store
from mmaug.errors import MmaugError, PolicyError
from mmaug.params import Network, Param
from mmaug.registry import Op, get_op

FORMAT = 1
"""The number of the JSON form; another number is refused."""

DEFAULT_STRENGTH = 0.3
"""How strong an op is when neither a strength nor ranges are given."""


@dataclass(frozen=True, slots=True)
class PolicyOp:
    """One op in a policy; make it with `op`."""

    name: str
    p: float
    strength: float | None
    params: Mapping[str, Any]
    field: str | None

    def __repr__(self) -> str:
        shown = [repr(self.name)] + ([f"p={self.p:g}"] if self.p != 1 else [])
        shown += [f"strength={self.strength:g}"] if self.strength is not None else []
        shown += [f"{name}={value!r}" for name, value in self.params.items()]
        return f"op({', '.join(shown + ([f'field={self.field!r}'] if self.field else []))})"


def op(name: str, *, p: float = 1.0, strength: float | None = None, field: str | None = None, **params: Any) -> PolicyOp:
    """One op for a policy: `op("image.rotate", p=0.5, degrees=(-15, 15))` or `op("image.rotate", strength=0.3)`.

    p: chance that it runs, in [0, 1]. strength: in [0, 1], 0 is the identity. params: constants, (low, high) ranges or lists of
    choices. field: the field it acts on; default every field of its modality, with the same draw.
    Raises: PolicyError for an unknown op or parameter, a value out of range, or strength together with ranges.
    """
    definition = get_op(name)
    _check_share(p, f"op {name!r}: p")
    given = {key: _settled(definition.params.get(key), _as_tuple(value)) for key, value in params.items()}
    unknown = sorted(given.keys() - definition.params.keys())
    if unknown:
        raise PolicyError(f"op {name!r}: unknown parameters {unknown}; it takes {sorted(definition.params)}")
    for key, value in given.items():
        definition.params[key].from_given(value, f"op {name!r}: {key}")
    if strength is not None:
        _check_strength(definition, strength, given)
    if field is not None and not isinstance(field, str):
        raise PolicyError(f"op {name!r}: field must be the name of a field, got {field!r}")
    return PolicyOp(name, float(p), None if strength is None else float(strength), given, field)


def _check_strength(definition: Op, strength: float, given: Mapping[str, Any]) -> None:
    where = f"op {definition.name!r}: strength"
    _check_share(strength, where)
    moved = sorted(name for name, param in definition.params.items() if param.has_strength)
    if not moved:
        raise PolicyError(f"{where}: this op has no magnitude, so it takes no strength; leave it out")
    if clash := sorted(set(moved) & given.keys()):
        raise PolicyError(f"{where}: give either strength or {', '.join(clash)}, not both")


@dataclass(frozen=True, slots=True)
class Policy:
    """A distribution over augmentations; make it with `sequence`, `choice` or `schedule`.

    kind: "sequence", "choice" or "schedule". items: its parts. weights: of a choice, or the starts of a schedule.
    p: the shared coin. all_or_none: when a pairing rule drops one step of a sequence, the others go too.
    """

    kind: str
    items: tuple[Any, ...]
    weights: tuple[float, ...] = ()
    p: float = 1.0
    all_or_none: bool = False

    @classmethod
    def sequence(cls, *items: PolicyOp | Policy, p: float = 1.0, all_or_none: bool = False) -> Policy:
        """All parts in order; with probability 1 - p none of them."""
        _check_share(p, "sequence: p")
        if not isinstance(all_or_none, bool):
            raise PolicyError(f"sequence: all_or_none must be True or False, got {all_or_none!r}")
        return cls("sequence", _parts("sequence", items), p=float(p), all_or_none=all_or_none)

    @classmethod
    def choice(cls, items: Iterable[PolicyOp | Policy], *more: Any, weights: Sequence[float] | None = None, p: float = 1.0) -> Policy:
        """One part, drawn by weight (default: equally likely); with probability 1 - p none.

        weights and p may be given by place too.
        """
        if any(isinstance(item, (PolicyOp, Policy)) for item in (items, *more)):
            got = f"one part {items!r}" if not more else f"{1 + len(more)} arguments"
            raise PolicyError(
                f"choice: must be given a list of parts, got {got}; write [...] round them: Policy.choice([a, b], weights=[1, 2])"
            )
        if len(more) > 2 or (more and weights is not None):
            raise PolicyError(
                f"choice: must be given parts, weights and p once each, got {len(more) + 1} arguments and weights={weights!r}"
            )
        if more:
            weights, p = more if len(more) == 2 else (more[0], p)
        _check_share(p, "choice: p")
        parts = _parts("choice", tuple(items))
        shares = (1.0,) * len(parts) if weights is None else _numbers(weights, "choice: weights")
        if not parts or len(shares) != len(parts):
            raise PolicyError(f"choice: needs at least one part and one weight a part, got {len(parts)} parts, {len(shares)} weights")
        if not all(w >= 0 for w in shares) or not 0 < sum(shares) < math.inf:  # NaN fails too
            raise PolicyError(f"choice: weights must be finite, >= 0 and not all 0, got {list(shares)}")
        return cls("choice", parts, shares, float(p))

    @classmethod
    def schedule(cls, points: Iterable[tuple[float, Policy | PolicyOp]]) -> Policy:
        """The policy whose start, in [0, 1] of the training progress, was reached last; the first start must be 0."""
        pairs = list(points) if not isinstance(points, (PolicyOp, Policy)) else [points]
        if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
            raise PolicyError(f"schedule: must be a list of (start, policy), got {repr(pairs)[:120]}")
        starts = _numbers([start for start, _ in pairs], "schedule: starts")
        rising = all(one < two for one, two in itertools.pairwise(starts))  # NaN fails too
        if not starts or starts[0] != 0 or not rising or starts[-1] > 1:
            raise PolicyError(f"schedule: starts must begin at 0 and rise, at most to 1, got {list(starts)}")
        parts = _parts("schedule", tuple(policy for _, policy in pairs))
        if any(isinstance(part, Policy) and part.kind == "schedule" for part in parts):
            raise PolicyError("schedule: a schedule cannot hold another schedule; join their points")
        return cls("schedule", parts, starts)

    def at(self, progress: float) -> Policy:
        """The policy in force at a training progress in [0, 1]; itself when it is no schedule."""
        _check_share(progress, "progress")
        if self.kind != "schedule":
            return self
        return self.items[max(i for i, start in enumerate(self.weights) if start <= progress)]

    def ops(self) -> Iterable[PolicyOp]:
        """Every op in the tree, in order."""
        for item in self.items:
            if isinstance(item, PolicyOp):
                yield item
            else:
                yield from item.ops()

    def to_json(self) -> dict[str, Any]:
        """The policy as plain JSON values."""
        return {"schema": FORMAT, "policy": _to_json(self)}

    @classmethod
    def from_json(cls, value: Any) -> Policy:
        """The policy of a JSON value. Raises: PolicyError for another schema number, an unknown op or an unknown key."""
        if isinstance(value, Mapping) and "schema" in value and value["schema"] != FORMAT:
            raise PolicyError(
                f'a policy file must be of schema number {FORMAT}, got "schema": {value["schema"]!r}; '
                "it was written for another version of mmaug"
            )
        if not isinstance(value, Mapping) or value.keys() != {"schema", "policy"}:
            raise PolicyError(f'a policy file must be {{"schema": {FORMAT}, "policy": {{...}}}}, got {_shown(value)}')
        policy = _from_json(value["policy"], "policy")
        return policy if isinstance(policy, Policy) else cls.sequence(policy)

    def save(self, path: str | Path) -> None:
        """Write the policy as a JSON file; networks that it names go beside it, into `policy.networks` for `policy.json`."""
        store.give(self.to_json(), store.beside(path))
        Path(path).write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy from a JSON file. Raises: PolicyError naming the file."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
            store.take(value, store.beside(path))
            return cls.from_json(value)
        except OSError as error:
            from mmaug.policies import NAMED  # which imports this module

            todo = f"call mm.policies.{path}()" if str(path) in NAMED else "give a file that policy.save wrote"
            raise PolicyError(f"{path}: must be a policy file, got {error.strerror}; {todo}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise PolicyError(f"{path}: must be JSON, got {error}; write it with policy.save") from error
        except MmaugError as error:
            raise PolicyError(f"{path}: {error}") from error

    def save_pretrained(self, folder: str | Path, **options: Any) -> str | None:
        """Write the policy to a folder as HuggingFace does: `config.json`, and a card that shows it.

        options: of `huggingface_hub.ModelHubMixin.save_pretrained`.
        """
        return hub.save(self.to_json(), str(self), [op.name for op in self.ops()], folder, **options)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Upload the policy with its card; the address of the commit. options: of `ModelHubMixin.push_to_hub`, such as `private=True`."""
        return hub.push(self.to_json(), str(self), [op.name for op in self.ops()], repo_id, **options)

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> Policy:
        """Read a policy from such a folder, or from the Hub by its name ("someone/policy"). options: such as `revision=`.

        Raises: PolicyError where there is none.
        """
        try:
            return cls.from_json(hub.load(name, **options))
        except PolicyError as error:
            raise error if str(error).startswith(str(name)) else PolicyError(f"{name}: {error}") from error

    def __str__(self) -> str:
        return "\n".join(_lines(self, ""))


def _parts(kind: str, items: tuple[Any, ...]) -> tuple[Any, ...]:
    for number, item in enumerate(items):
        if not isinstance(item, (PolicyOp, Policy)):
            raise PolicyError(f"{kind}: part {number} must be mm.op(...) or a Policy, got {item!r}")
        if kind != "schedule" and isinstance(item, Policy) and item.kind == "schedule":
            raise PolicyError(f"{kind}: part {number} is a schedule; a schedule must be the outermost policy")
    return items


def _check_share(value: Any, where: str) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) <= 1:
        raise PolicyError(f"{where} must be a number in [0, 1], got {value!r}")


def _numbers(values: Any, where: str) -> tuple[float, ...]:
    listed = list(values) if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) else None
    if listed is None or not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in listed):
        raise PolicyError(f"{where} must be a list of numbers, got {values!r}")
    return tuple(map(float, listed))


def _as_tuple(value: Any) -> Any:
    """A value that survives JSON: lists as tuples, numpy's numbers as Python's."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_as_tuple, value))
    if isinstance(value, Mapping):
        return {key: _as_tuple(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _settled(param: Param | None, value: Any) -> Any:
    return param.named(value) if isinstance(param, Network) else value


def _shown(value: Any) -> str:
    return f"keys {sorted(map(str, value))}" if isinstance(value, Mapping) else repr(value)[:200]


_KEYS = {
    "op": {"op", "p", "strength", "params", "field"},
    "sequence": {"sequence", "p", "all_or_none"},
    "choice": {"choice", "weights", "p"},
    "schedule": {"schedule"},
}


def _to_json(node: PolicyOp | Policy) -> dict[str, Any]:
    if isinstance(node, PolicyOp):
        value: dict[str, Any] = {"op": node.name, "p": node.p}
        if node.strength is not None:
            value["strength"] = node.strength
        if node.params:
            value["params"] = {k: list(v) if isinstance(v, tuple) else v for k, v in node.params.items()}
        return {**value, "field": node.field} if node.field else value
    parts = [_to_json(item) for item in node.items]
    if node.kind == "schedule":
        return {"schedule": [[start, part] for start, part in zip(node.weights, parts, strict=True)]}
    value = {node.kind: parts, "p": node.p}
    if node.kind == "choice":
        value["weights"] = list(node.weights)
    return {**value, "all_or_none": True} if node.all_or_none else value


def _from_json(value: Any, where: str) -> PolicyOp | Policy:
    kinds = [kind for kind in _KEYS if isinstance(value, Mapping) and kind in value]
    if len(kinds) != 1:
        raise PolicyError(f"{where}: must have exactly one of the keys {', '.join(_KEYS)}, got {_shown(value)}")
    kind = kinds[0]
    if unknown := sorted(value.keys() - _KEYS[kind]):
        raise PolicyError(f"{where}: unknown keys {unknown}; {kind} has {sorted(_KEYS[kind])}")
    options = {key: item for key, item in value.items() if key != kind}
    try:
        if kind == "op":
            return op(value["op"], **{k: v for k, v in options.items() if k != "params"}, **dict(options.get("params", {})))
        if kind == "schedule":
            pairs = enumerate(value["schedule"])
            return Policy.schedule([(start, _from_json(part, f"{where}.schedule[{i}]")) for i, (start, part) in pairs])
        parts = [_from_json(part, f"{where}.{kind}[{i}]") for i, part in enumerate(value[kind])]
        return Policy.sequence(*parts, **options) if kind == "sequence" else Policy.choice(parts, **options)
    except PolicyError as error:
        raise error if str(error).startswith("policy") else PolicyError(f"{where}: {error}") from None
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{where}: malformed {kind}: {error}") from None


def _lines(node: PolicyOp | Policy, indent: str) -> Iterable[str]:
    if isinstance(node, PolicyOp):
        yield f"{indent}{node!r}"
        return
    if not node.items:
        yield f"{indent}nothing"
        return
    options = [f"p={node.p:g}"] if node.p != 1 else []
    options += ["all_or_none=True"] if node.all_or_none else []
    yield f"{indent}{node.kind}({', '.join(options)})" if options else f"{indent}{node.kind}"
    total = sum(node.weights)
    for number, item in enumerate(node.items):
        lines = list(_lines(item, indent + "  "))
        if node.kind == "schedule":
            lines[0] += f"   # from {node.weights[number]:.0%} of training"
        elif node.kind == "choice" and len(set(node.weights)) > 1:
            lines[0] += f"   # {node.weights[number] / total:.0%}"
        yield from lines
