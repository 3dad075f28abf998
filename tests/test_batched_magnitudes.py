"""Gradients of ops, checked by torch's gradcheck in float64; and that they are the ops that everything else runs.

The pictures are smooth and the numbers lie off the kinks: bilinear sampling bends where a point crosses a pixel's centre, and a
colour where it is cut at 0 or 255.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from mmaug.errors import MmaugError, PolicyError
from mmaug.modalities.image.batched import executor
from mmaug.modalities.image.batched.magnitudes import WHOLE_PIXELS, apply_op, why_not
from mmaug.modalities.image.program import compile_steps
from mmaug.params import Anywhere, Magnitude, Place
from mmaug.registry import OPS

WIDTH, HEIGHT = 6, 5
NATIVE = [name for name, op in OPS.items() if op.modality == "image" and not name.startswith("image.alb.")]
TABLES = {"image.gamma", "image.solarize", "image.solarize_add", "image.posterize"}


def real(name: str) -> list[str]:
    return [key for key, param in OPS[name].params.items() if isinstance(param, (Magnitude, Place, Anywhere))]


SMOOTH = [name for name in NATIVE if real(name) and not why_not(name)]
REST = [name for name in NATIVE if real(name) and why_not(name)]


def pictures(rows: int = 2, width: int = WIDTH, height: int = HEIGHT) -> torch.Tensor:
    """Waves between 0.3 and 0.7, float64 [rows, 3, height, width]."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    waves = [[0.5 + 0.2 * torch.sin(x / (3 + c) + row) * torch.cos(y / (2.5 + c) + 0.3 * row) for c in range(3)] for row in range(rows)]
    return torch.stack([torch.stack(channels) for channels in waves]).double()


def drawn(name: str, rows: int = 2, strength: float = 0.37) -> dict[str, list]:
    """A list of values a parameter, all different."""
    rng = np.random.default_rng(5)
    return {
        key: [param.from_strength(strength)(rng.uniform(0.1, 0.9, max(param.uniforms, 1)).tolist()) for _ in range(rows)]
        for key, param in OPS[name].params.items()
    }


def leaves(name: str, params: dict[str, list]) -> list[torch.Tensor]:
    return [torch.tensor(params[key], dtype=torch.float64, requires_grad=True) for key in real(name)]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_with_respect_to_pictures_and_magnitudes(name):
    params = drawn(name)

    def op(given, *values):
        return apply_op(name, given, {**params, **dict(zip(real(name), values, strict=True))})

    assert torch.autograd.gradcheck(op, (pictures().requires_grad_(), *leaves(name, params)), eps=1e-6, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SMOOTH)
def test_it_is_the_same_op(name):
    """As the executor for policies runs it on floats."""
    params = drawn(name)
    programs = [compile_steps([(name, {key: values[row] for key, values in params.items()})], (WIDTH, HEIGHT)) for row in range(2)]
    given = apply_op(name, pictures(), {**params, **dict(zip(real(name), leaves(name, params), strict=True))})
    np.testing.assert_allclose(given.detach().numpy(), torch.stack(executor.run(programs, pictures())).numpy(), atol=1e-9)
    plain = apply_op(name, pictures(), params)
    np.testing.assert_allclose(plain.numpy(), given.detach().numpy(), atol=1e-9)


def test_every_op_either_has_gradients_or_says_why_not():
    reasons = {name.removeprefix("image."): why_not(name) for name in REST}
    assert {name.removeprefix("image.") for name in TABLES} <= {name for name in reasons if "whole numbers" in str(reasons[name])}
    assert {name for name in reasons if reasons[name] == "it rounds to whole pixels"} == {n for n in WHOLE_PIXELS if f"image.{n}" in REST}
    assert "balance" not in {OPS[f"image.{name}"].family for name in reasons}
    for name in ("rotate", "shear_x", "translate_x", "scale", "affine", "perspective", "elastic", "grid_distortion", "brightness"):
        assert f"image.{name}" in SMOOTH
    for name in ("saturation", "hue", "contrast", "sepia", "rgb_shift", "color_temperature", "gaussian_blur", "sharpness"):
        assert f"image.{name}" in SMOOTH


@pytest.mark.parametrize("name", REST)
def test_a_gradient_that_does_not_exist_is_refused(name):
    params = drawn(name)
    for key in real(name):
        asked = torch.tensor([float(value) for value in params[key]], dtype=torch.float64, requires_grad=True)
        with pytest.raises(MmaugError, match=f"{name}: {key} has no gradient: .*detach"):
            apply_op(name, pictures(), {**params, key: asked})
        out = apply_op(name, pictures().float(), {**params, key: asked.detach()})
        assert out.dtype == torch.float32 and out.shape[:2] == (2, 3)


@pytest.mark.parametrize("name", SMOOTH)
def test_a_search_can_leave_the_identity(name):
    """At strength 0, and at the end of a legal range, there is a slope; where sampling bends just there, that of one side."""
    params = drawn(name, strength=0.0)
    values = leaves(name, params)
    weights = torch.rand(2, 3, 30, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    loss = (apply_op(name, pictures(2, 40, 30), {**params, **dict(zip(real(name), values, strict=True))}) * weights).sum()
    slopes = torch.stack(torch.autograd.grad(loss, values))
    assert slopes.isfinite().all()
    if name not in ("image.gaussian_blur", "image.affine"):  # 8 bits show no blur below 0.05 pixels; all but the first follow it
        assert slopes[0].abs().min() > 0


@pytest.mark.parametrize("name", ["image.contrast", "image.hue", "image.brightness", "image.sharpness"])
def test_the_slope_at_the_identity_is_what_a_small_step_does(name):
    params, first = drawn(name, strength=0.0), real(name)[0]
    value = torch.tensor(params[first], dtype=torch.float64, requires_grad=True)
    weights = torch.rand(2, 3, 30, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    (slope,) = torch.autograd.grad((apply_op(name, pictures(2, 40, 30), {**params, first: value}) * weights).sum(), value)
    ahead = apply_op(name, pictures(2, 40, 30), {**params, first: (value + 1e-4).detach()})
    np.testing.assert_allclose(slope.numpy(), ((ahead - pictures(2, 40, 30)) * weights).sum((1, 2, 3)).numpy() / 1e-4, rtol=1e-3)


def test_a_magnitude_is_found_by_descent():
    """What a differentiable searcher does: the angle by which a picture was turned is found from the pictures."""
    given = pictures(1, 32, 32)
    target = apply_op("image.rotate", given, {"degrees": 9.0})
    degrees = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([degrees], lr=0.5)
    for _ in range(80):
        optimiser.zero_grad()
        loss = ((apply_op("image.rotate", given, {"degrees": degrees}) - target) ** 2).mean()
        loss.backward()
        optimiser.step()
    assert abs(degrees.item() - 9.0) < 0.3


def test_shrinking_averages_first():
    given = pictures(2, 64, 48)
    params = {"factor": torch.tensor([0.3, 0.8], dtype=torch.float64, requires_grad=True)}
    made = [compile_steps([("image.scale", {"factor": factor})], (64, 48)) for factor in (0.3, 0.8)]
    out = apply_op("image.scale", given, params)
    np.testing.assert_allclose(out.detach().numpy(), torch.stack(executor.run(made, given)).numpy(), atol=1e-9)
    out.sum().backward()
    assert params["factor"].grad is not None and params["factor"].grad.abs().min() > 0


def test_float32_and_numbers_for_all_pictures():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        factor = torch.tensor(1.3, requires_grad=True)
        out = apply_op("image.brightness", pictures().float(), {"factor": factor})
        out.sum().backward()
    np.testing.assert_allclose(out.detach().numpy(), 1.3 * pictures().float().numpy(), rtol=1e-5)
    assert factor.grad is not None and abs(factor.grad.item() / pictures().sum().item() - 1) < 1e-4
    assert torch.equal(apply_op("image.rotate90", pictures(), {"turns": 1}), pictures().rot90(1, (2, 3)))


def test_what_is_wrong_is_said():
    with pytest.raises(MmaugError, match=r"float32 or float64 \[b, 3, h, w\].*got torch.uint8"):
        apply_op("image.invert", torch.zeros(1, 3, 4, 4, dtype=torch.uint8), {})
    with pytest.raises(MmaugError, match="params must hold degrees; got angle"):
        apply_op("image.rotate", pictures(), {"angle": 3.0})
    with pytest.raises(PolicyError, match=r"degrees: must lie in \[-180, 180\]"):
        apply_op("image.rotate", pictures(), {"degrees": torch.tensor([3.0, 190.0])})
    with pytest.raises(MmaugError, match="must be an op on pictures"):
        apply_op("audio.reverse", pictures(), {})
    with pytest.raises(MmaugError, match="turns has no gradient: it is chosen, not measured"):
        apply_op("image.rotate90", pictures(), {"turns": torch.tensor([1.0, 1.0], requires_grad=True)})
    with pytest.raises(MmaugError, match="no gradient goes through it"):
        apply_op("image.jpeg", pictures().requires_grad_(), {"quality": 50.0})
    with pytest.raises(MmaugError, match="one value a picture, 2"):
        apply_op("image.rotate", pictures(), {"degrees": torch.tensor([1.0, 2.0, 3.0])})
    with pytest.raises(MmaugError, match="several sizes"):
        apply_op("image.rotate90", pictures(), {"turns": [1, 2]})
