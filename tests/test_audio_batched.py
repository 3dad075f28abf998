"""Batched torch against the numpy ops one by one, on tensors of this machine's CPU (the device is no part of what is computed)."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmaug.modalities.audio import executor
from mmaug.modalities.audio.batched.executor import run_batch, run_tensors
from mmaug.registry import OPS
from mmaug.testing.ops import at_strength

RATE = 16000
ALL = [name for name, op in OPS.items() if op.modality == "audio"]
TOLERANCE = 1e-4


def sound(number: int, seconds=0.5, channels=2, rate=RATE) -> np.ndarray:
    samples = (0.2 * np.random.default_rng(number).standard_normal((channels, round(seconds * rate)))).astype(np.float32)
    samples[:, : samples.shape[1] // 3] *= 0.01 * number  # pauses: the active power is not the power
    return samples.clip(-1, 1)


def program(steps, samples: np.ndarray, rate: int = RATE) -> executor.Program:
    return executor.compile_steps(steps, samples.shape[1] / rate, samples.shape[0])


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("name", ALL)
def test_every_op_is_what_it_is_one_by_one(name, channels):
    sounds = [sound(number, channels=channels) for number in range(5)]
    steps = [[(name, at_strength(OPS[name], s, (u,)))] for s, u in ((0.0, 0.1), (0.3, 0.2), (0.5, 0.9), (0.8, 0.5), (1.0, 0.7))]
    programs = [program(each, one) for each, one in zip(steps, sounds, strict=True)]
    outs = run_tensors(programs, [torch.from_numpy(one) for one in sounds], [RATE] * 5)
    for each, one, out in zip(programs, sounds, outs, strict=True):
        expected = executor.run(each, one, RATE)
        assert tuple(out.shape) == expected.shape and out.dtype == torch.float32
        np.testing.assert_allclose(out.numpy(), expected, atol=TOLERANCE)


def test_programs_of_many_steps_lengths_rates_and_channels():
    rng = np.random.default_rng(3)
    rates = [(8000, 16000, 44100)[n % 3] for n in range(24)]
    sounds = [sound(n, (0.3, 0.5)[n % 2], (1, 2)[n % 4 // 2], rates[n]) for n in range(24)]
    before = [one.copy() for one in sounds]
    jumpy = ("compress_codec", "bit_crush", "time_stretch", "pitch_shift")  # what they make of a last bit may be anything
    cheap = [name for name in ALL if name.removeprefix("audio.") not in jumpy]
    programs = []
    for one, rate in zip(sounds, rates, strict=True):
        names = rng.choice(cheap, 4)
        programs.append(
            program([(str(n), at_strength(OPS[str(n)], float(rng.uniform(0, 0.7)), (float(rng.uniform()),))) for n in names], one, rate)
        )
    outs = run_tensors(programs, [torch.from_numpy(one) for one in sounds], rates)
    for each, one, out, rate, old in zip(programs, sounds, outs, rates, before, strict=True):
        np.testing.assert_allclose(out.numpy(), executor.run(each, one, rate), atol=TOLERANCE)
        assert np.array_equal(one, old)


def test_on_the_cpu_batches_are_the_very_bytes_of_single_rows():
    sounds = [sound(number) for number in range(6)]
    steps = [[(name, at_strength(OPS[name], 0.6, (0.7,)))] for name in ("audio.low_pass", "audio.gain", "audio.reverb")] * 2
    programs = [program(each, one) for each, one in zip(steps, sounds, strict=True)]
    expected = [executor.run(each, one, RATE) for each, one in zip(programs, sounds, strict=True)]
    for out, one in zip(run_batch(programs, sounds, [RATE] * 6), expected, strict=True):
        assert isinstance(out, np.ndarray) and out.tobytes() == one.tobytes()
    for out, one in zip(run_batch(programs, [torch.from_numpy(s) for s in sounds], [RATE] * 6), expected, strict=True):
        assert isinstance(out, torch.Tensor) and out.numpy().tobytes() == one.tobytes()


def test_nothing_is_nothing_and_an_empty_batch_is_empty():
    one = torch.from_numpy(sound(1))
    assert run_tensors([executor.Program(())], [one], [RATE])[0] is one
    assert run_batch([], [], []) == []


def test_peaks_are_guarded_in_batches_too():
    loud = (sound(1) * 4).clip(-1, 1)
    steps = [("audio.gain", {"db": 20.0}), ("audio.low_pass", {"cutoff_hz": 4000.0})]
    out = run_tensors([program(steps, loud)], [torch.from_numpy(loud)], [RATE])[0]
    assert out.abs().max() <= 1.0 + 1e-6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", ALL)
def test_on_cuda_as_on_the_cpu(name):
    sounds = [sound(number) for number in range(3)]
    programs = [program([(name, at_strength(OPS[name], 0.7, (0.3 * number,)))], one) for number, one in enumerate(sounds)]
    outs = run_batch(programs, [torch.from_numpy(one).cuda() for one in sounds], [RATE] * 3)
    for each, one, out in zip(programs, sounds, outs, strict=True):
        assert out.device.type == "cuda"
        np.testing.assert_allclose(out.cpu().numpy(), executor.run(each, one, RATE), atol=TOLERANCE)
