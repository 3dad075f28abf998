"""What every op must hold to. Plug-in authors inherit it:

    class TestMyOps(mmaug.testing.ops.OpContract):
        ops = [mmaug.registry.get_op("image.my_op")]

pytest then runs every law on every op of `ops`; by default those are all ops in the registry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from mmaug.language import analyser
from mmaug.language.edits import OffsetMap
from mmaug.modalities.audio import executor as sound
from mmaug.modalities.image import executor as picture
from mmaug.modalities.image.program import compile_steps
from mmaug.params import Param
from mmaug.plan import Plan, Step
from mmaug.registry import FAMILIES, OPS, Op

PICTURE_SIZES = ((1, 1), (1, 7), (9, 2), (33, 20))
NOT_TINY = {"albumentations": ((48, 64), (65, 41))}
"""By family, the sizes for ops that may refuse smaller pictures (a RowError says so)."""
SOUND_SHAPES = ((1, 1), (2, 5), (1, 1601), (6, 400))
TEXTS = ("", "a", "A brown dog runs left of two red cars, quickly.", "\U0001f600 שלום")
VECTOR_SHAPES = ((1, 1, 4), (3, 7, 4))
"""Texts, tokens, and numbers of a vector, for ops on the vectors of words."""
RATE = 8000
UNIFORMS = ((0.0,), (0.25,), (0.6,), (0.999999,))
STRENGTHS = (0.0, 0.1, 0.3, 0.5, 0.8, 1.0)


class OpContract:
    """The laws, one method each; every one is run on all of `ops`."""

    ops: ClassVar[list[Op] | None] = None
    given: ClassVar[dict[str, Any]] = {}
    """Values for parameters that have any, such as the folder of a small model."""

    def every_op(self) -> Iterator[Op]:
        """The ops held to the laws; by default all but those that ask a language model, which is not on every machine."""
        yield from (op for op in OPS.values() if op.family != "model") if self.ops is None else self.ops

    def drawn(self, op: Op, strength: float, u: tuple[float, ...]) -> dict[str, Any]:
        """What the op draws from these uniform numbers, with what is given."""
        return at_strength(op, strength, u) | {name: value for name, value in self.given.items() if name in op.params}

    def test_strength_0_is_the_identity_to_the_bit(self) -> None:
        """Whatever was drawn."""
        for op in self.every_op():
            if op.has_strength:
                for u in UNIFORMS:
                    for value in inputs(op):
                        _same(run(op, self.drawn(op, 0.0, u), value), unchanged(op, value), f"{op.name} at strength 0")

    def test_the_same_step_gives_the_same_bytes_also_after_json(self) -> None:
        """A step is plain JSON, and all that an op does follows from it."""
        for op in self.every_op():
            for u in UNIFORMS:
                step = Step(op.name, "field", self.drawn(op, 0.8, u))
                back = Plan.from_json(json.loads(json.dumps(Plan((step,)).to_json()))).steps[0]
                assert back == step, f"{op.name}: {step} became {back} through JSON"
                for value in inputs(op):
                    first = run(op, dict(step.params), value)
                    _same(run(op, dict(back.params), value), first, f"{op.name}, {step} run again")

    def test_the_input_is_untouched_and_its_kind_kept(self) -> None:
        """Arrays are handed over read-only; type, and channels or planes, stay."""
        for op in self.every_op():
            for value in inputs(op):
                before = value.copy() if isinstance(value, np.ndarray) else value
                out = run(op, self.drawn(op, 0.9, (0.7,)), value)
                _same(value, before, f"{op.name}: its input")
                if isinstance(value, np.ndarray):
                    kept = (out.dtype, out.ndim, out.shape[2:] if value.ndim == 3 else out.shape[0])
                    assert kept == (value.dtype, value.ndim, value.shape[2:] if value.ndim == 3 else value.shape[0]), op.name

    def test_legal_extremes_do_not_crash(self) -> None:
        """Both ends of every parameter's legal range, alone and together, on small and odd sizes."""
        for op in self.every_op():
            for end in (0, 1):
                together = {name: self.given.get(name, extreme(param, end)) for name, param in op.params.items()}
                alone = [{**self.drawn(op, 0.5, (0.4,)), name: value} for name, value in together.items()]
                for params in (together, *alone):
                    for value in inputs(op):
                        out = run(op, params, value)
                        if isinstance(out, np.ndarray):
                            assert min(out.shape) >= 1 and np.isfinite(out).all(), f"{op.name} with {params} on {value.shape}"

    def test_distortion_never_decreases_with_strength(self) -> None:
        """For the same uniform numbers every magnitude walks away from its identity."""
        for op in self.every_op():
            for name, param in op.params.items():
                if not param.has_strength:
                    assert len({json.dumps(param.from_strength(s)(_numbers(param, (0.6,)))) for s in STRENGTHS}) == 1, (op.name, name)
                    continue
                identity = param.from_strength(0.0)(_numbers(param, (0.6,)))
                far: list[float] = []
                for u in UNIFORMS:
                    far = [abs(param.from_strength(s)(_numbers(param, u)) - identity) for s in STRENGTHS]
                    assert far[0] == 0 and far == sorted(far), f"{op.name}: {name} at {u} goes {far}"
                assert far[-1] > 0, f"{op.name}: strength does not move {name}"

    def test_it_says_what_it_is(self) -> None:
        """A sentence, a source, and every parameter by name, with its unit."""
        for op in self.every_op():
            text = op.function.__doc__ or ""
            assert op.summary.endswith(".") and len(op.summary) > 10, f"{op.name}: the docstring must start with one sentence"
            assert "Source:" in text, f"{op.name}: the docstring must have a line Source: ..."
            told = text.split("Source:")[0]
            for name, param in op.params.items():
                assert f"{name}:" in told or f"{name}, " in told, f"{op.name}: the docstring must describe {name}: ..."
                assert param.describe().strip(), f"{op.name}: {name} must describe itself"
            assert op.modality == op.name.split(".")[0] and op.family in FAMILIES


def inputs(op: Op) -> list[Any]:
    """Small and odd inputs of the op's modality, for an op that mixes rows of those that it mixes; arrays are read-only."""
    rng = np.random.default_rng(0)
    if op.modality == "text" and op.family != "embedding":
        return list(TEXTS)
    kinds = op.function(**at_strength(op, 1.0, (0.5,))) if op.modality == "mix" else (op.modality,)
    made: list[np.ndarray] = []
    if "image" in kinds:
        made += [rng.integers(0, 256, (h, w, c), dtype=np.uint8) for w, h in NOT_TINY.get(op.family, PICTURE_SIZES) for c in (3, 4)]
    if "audio" in kinds:
        made += [rng.uniform(-0.9, 0.9, shape).astype(np.float32) for shape in SOUND_SHAPES]
    if "text" in kinds:
        made += [rng.standard_normal(shape).astype(np.float32) for shape in VECTOR_SHAPES]
    for array in made:
        array.flags.writeable = False
    return list(made)


def run(op: Op, params: dict[str, Any], value: Any) -> Any:
    """One op on one input: pixels, samples, the replacements in a text, the new text, the numbers of the captions that stay, or the
    vectors of words.
    """
    params = dict(params)
    if op.modality == "image":
        program = compile_steps([(op.name, params)], (value.shape[1], value.shape[0]))
        return picture.run(program, value)
    if op.modality == "audio":
        state = sound.compile_steps([(op.name, params)], value.shape[1] / RATE, value.shape[0])
        return sound.run(state, value, RATE)
    if op.modality == "mix":
        recipe = op.function(**params).get("image" if value.dtype == np.uint8 else "audio")
        rates = ((RATE, RATE),) if value.dtype != np.uint8 else ()
        return value if recipe is None else recipe.run(value, np.ascontiguousarray(value[:, ::-1]), *rates)
    if op.family == "structure":
        return op.function([value, *TEXTS], **params)
    if op.family == "embedding" and params["network"]:
        import torch

        return op.function(torch.from_numpy(value.copy()), **params).numpy()
    if op.family == "embedding":
        return op.function(value, **params)
    if op.family == "drop":
        return op.function(value, **params)
    if op.family == "frame":
        return op.function(value, ("image",), **params)
    reading = analyser.read(value)
    if op.family == "model":
        return op.function([reading], [reading.protected], **(params | {"seed": [params["seed"]]}))[0]
    return op.function(reading, reading.protected, **params)


def unchanged(op: Op, value: Any) -> Any:
    """What `run` gives where nothing changes."""
    if op.modality != "text" or op.family == "embedding":
        return value
    if op.family == "structure":
        return list(range(1 + len(TEXTS)))
    return (value, OffsetMap()) if op.family == "frame" else []


def at_strength(op: Op, strength: float, u: tuple[float, ...]) -> dict[str, Any]:
    """The parameters that an op draws from these uniform numbers."""
    return {name: param.from_strength(strength)(_numbers(param, u)) for name, param in op.params.items()}


def extreme(param: Param, end: int) -> Any:
    """The lowest (0) or highest (1) legal value of a parameter."""
    bound = getattr(param, ("low", "high")[end], None)
    if bound is not None:
        return float(bound)
    return param.from_strength(1.0)(_numbers(param, (0.0 if end == 0 else 1 - 2**-53,)))


def _numbers(param: Param, u: tuple[float, ...]) -> list[float]:
    return [u[i % len(u)] for i in range(max(param.uniforms, 1))]


def _same(got: Any, expected: Any, what: str) -> None:
    if isinstance(expected, np.ndarray):
        assert got.dtype == expected.dtype and got.shape == expected.shape, f"{what}: {got.dtype} {got.shape}, not {expected.shape}"
        assert got.tobytes() == expected.tobytes(), f"{what}: {int((got != expected).sum())} of {got.size} values differ"
    else:
        assert got == expected, f"{what}: {got!r}, not {expected!r}"
