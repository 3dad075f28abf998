"""What sound ops cost beside audiomentations, torch-audiomentations and the bare library calls, all in one run on one thread.

Microseconds are those of the processor, so that other work on the machine counts for nobody. Both sides draw their parameters from the
same ranges for every call. "Samples only" leaves out what costs the same whatever the op does: drawing (by key) and compiling on our
side, the coin and the numbers on theirs. Needs the extra [bench].

Run: OMP_NUM_THREADS=1 python benchmarks/audio.py
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import python_stretch
import scipy.signal
import soxr
from rich.console import Console
from rich.table import Table

import mmaug as mm
from mmaug.draw import Drawer
from mmaug.modalities.audio import executor
from mmaug.testing.ops import at_strength

RATE, SECONDS = 16000, 5.0
CLIP = (0.1 * np.random.default_rng(0).standard_normal((1, round(RATE * SECONDS)))).astype(np.float32)


def medians(calls: dict[str, Callable[[], Any]], rounds: int = 15, least: float = 0.01) -> dict[str, float]:
    """Microseconds a call, the median over rounds in which every call takes its turn, so that noise falls on all alike."""
    counts, taken = {}, {name: [] for name in calls}
    for name, call in calls.items():
        call()
        start = time.process_time()
        call()
        counts[name] = max(int(least / (time.process_time() - start + 1e-9)), 1)
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(counts[name]):
                call()
            taken[name].append((time.process_time() - start) / counts[name] * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def ours(*ops: Any) -> Callable[[], np.ndarray]:
    """Draw, compile and run on the clip, another draw each time."""
    drawer = Drawer(mm.Policy.sequence(*ops), lambda op: ("audio",))
    keys = iter(range(10**9))

    def call() -> np.ndarray:
        plan = drawer.draw(0, 0, next(keys), 0, 0.0)
        program = executor.compile_steps([(step.op, dict(step.params)) for step in plan.steps], SECONDS, 1)
        return executor.run(program, CLIP, RATE)

    return call


def drawn(op: Any) -> executor.Program:
    """One draw of an op, compiled."""
    plan = Drawer(mm.Policy.sequence(op), lambda _: ("audio",)).draw(0, 0, 1, 0, 0.0)
    return executor.compile_steps([(step.op, dict(step.params)) for step in plan.steps], SECONDS, 1)


def pairs() -> dict[str, tuple[Any, Any]]:
    """An op of ours and the one of audiomentations 0.43 that does the same, with the same ranges."""
    import audiomentations as A

    stop = {"min_rolloff": 12, "max_rolloff": 12}
    steep = {"min_rolloff": 24, "max_rolloff": 24}
    return {
        "gain": (mm.op("audio.gain", db=(-12, 0)), A.Gain(-12.0, 0.0, p=1.0)),
        "normalize": (mm.op("audio.normalize"), A.Normalize(p=1.0)),
        "polarity": (mm.op("audio.polarity"), A.PolarityInversion(p=1.0)),
        "reverse": (mm.op("audio.reverse"), A.Reverse(p=1.0)),
        "time_shift": (mm.op("audio.time_shift", fraction=(-0.5, 0.5)), A.Shift(-0.5, 0.5, fade_duration=0.0, p=1.0)),
        "time_crop": (mm.op("audio.time_crop", keep=0.5), A.AdjustDuration(duration_seconds=2.5, p=1.0)),
        "pad": (mm.op("audio.pad", length=0.5), A.AdjustDuration(duration_seconds=7.5, padding_mode="silence", p=1.0)),
        "time_stretch": (mm.op("audio.time_stretch", rate=(0.8, 1.25)), A.TimeStretch(0.8, 1.25, leave_length_unchanged=False, p=1.0)),
        "pitch_shift": (mm.op("audio.pitch_shift", semitones=(-5, 5)), A.PitchShift(-5.0, 5.0, p=1.0)),
        "gaussian_noise": (mm.op("audio.gaussian_noise", snr_db=(5, 40)), A.AddGaussianSNR(5.0, 40.0, p=1.0)),
        "colored_noise": (mm.op("audio.colored_noise", snr_db=(5, 40)), A.AddColorNoise(5.0, 40.0, p=1.0)),
        "low_pass": (mm.op("audio.low_pass", cutoff_hz=(150, 7500)), A.LowPassFilter(150.0, 7500.0, **steep, p=1.0)),
        "high_pass": (mm.op("audio.high_pass", cutoff_hz=(20, 2400)), A.HighPassFilter(20.0, 2400.0, **steep, p=1.0)),
        "band_pass": (
            mm.op("audio.band_pass", low_hz=(100, 1000), high_hz=(1500, 6000)),
            A.BandPassFilter(200.0, 4000.0, 0.5, 1.99, **steep, p=1.0),
        ),
        "band_stop": (mm.op("audio.band_stop", octaves=(0.5, 2)), A.BandStopFilter(200.0, 4000.0, 0.5, 1.99, **stop, p=1.0)),
        "peaking_eq": (mm.op("audio.peaking_eq", db=(-20, 20)), A.PeakingFilter(50.0, 7500.0, -20.0, 20.0, p=1.0)),
        "clip_distortion": (mm.op("audio.clip_distortion", share=(0, 0.4)), A.ClippingDistortion(0, 40, p=1.0)),
        "bit_crush": (mm.op("audio.bit_crush", bits=(5, 10)), A.BitCrush(5, 10, p=1.0)),
        "resample": (
            mm.op("audio.resample", to_hz=(8000, 15000)),
            there_and_back(A.Resample(8000, 15000, p=1.0), A.Resample(RATE, RATE, p=1.0)),
        ),
        "time_mask": (mm.op("audio.time_mask", fraction=(0.05, 0.15)), A.TimeMask(0.05, 0.15, p=1.0)),
    }


def there_and_back(there: Any, back: Any) -> Callable[..., np.ndarray]:
    """audiomentations leaves the sound at the lower rate; ours comes back."""
    return lambda samples, sample_rate: back(there(samples, sample_rate), there.parameters["target_sample_rate"])


def one_by_one(console: Console) -> None:
    """Every op that audiomentations has too."""
    columns = ("op", "ours, us", "audiomentations, us", "times faster", "samples only: ours", "theirs", "times faster")
    table = Table(*columns, title=f"one clip of {SECONDS:g} s at {RATE} Hz")
    ratios: tuple[list[float], list[float]] = ([], [])
    for name, (op, theirs) in pairs().items():
        flat = CLIP[0]
        program, apply = drawn(op), getattr(theirs, "apply", theirs)
        theirs(flat, RATE)  # draws the parameters that `apply` keeps
        taken = medians(
            {
                "ours": ours(op),
                "theirs": lambda theirs=theirs, flat=flat: theirs(flat, RATE),
                "our samples": lambda program=program: executor.run(program, CLIP, RATE),
                "their samples": lambda apply=apply, flat=flat: apply(flat, RATE),
            }
        )
        both = (taken["theirs"] / taken["ours"], taken["their samples"] / taken["our samples"])
        for found, ratio in zip(ratios, both, strict=True):
            found.append(ratio)
        cells = [f"{taken[kind]:.0f}" for kind in ("ours", "theirs", "our samples", "their samples")]
        table.add_row(name, *cells[:2], f"{both[0]:.2f}", *cells[2:], f"{both[1]:.2f}")
    table.add_row("median", "", "", f"{statistics.median(ratios[0]):.2f}", "", "", f"{statistics.median(ratios[1]):.2f}")
    console.print(table)


def chains(console: Console) -> None:
    """Six ops in a graph, with drawing, resolving and checking the row, beside the library calls that they come down to."""
    flat, generator = CLIP[0], np.random.Generator(np.random.Philox(0))

    def engine(**change: float) -> np.ndarray:
        stretch = python_stretch.Signalsmith.Stretch()
        stretch.preset(1, RATE)
        stretch.setTransposeSemitones(change.get("semitones", 0.0))
        stretch.timeFactor = change.get("rate", 1.0)
        return stretch.process(CLIP)

    def low_pass() -> np.ndarray:
        return scipy.signal.sosfilt(scipy.signal.butter(4, 3000, fs=RATE, output="sos"), CLIP)

    def hiss() -> np.ndarray:
        return flat + 0.01 * generator.standard_normal(flat.size, dtype=np.float32)

    simple = [lambda: flat * np.float32(0.7), lambda: np.roll(flat, 20000), low_pass, hiss]
    light = {
        "gain, time_shift, low_pass, speed, gaussian_noise, reverse": (
            [
                mm.op("audio.gain", db=-3),
                mm.op("audio.time_shift", fraction=0.25),
                mm.op("audio.low_pass", cutoff_hz=3000),
                mm.op("audio.speed", rate=1.1),
                mm.op("audio.gaussian_noise", snr_db=20),
                mm.op("audio.reverse"),
            ],
            [*simple, lambda: soxr.resample(flat, RATE * 1.1, RATE), lambda: flat[::-1].copy()],
        ),
        "time_stretch, pitch_shift, time_stretch, gain, time_shift, low_pass": (
            [
                mm.op("audio.time_stretch", rate=1.1),
                mm.op("audio.pitch_shift", semitones=2),
                mm.op("audio.time_stretch", rate=1.05),
                mm.op("audio.gain", db=-3),
                mm.op("audio.time_shift", fraction=0.25),
                mm.op("audio.low_pass", cutoff_hz=3000),
            ],
            [lambda: engine(rate=1.1), lambda: engine(semitones=2.0), lambda: engine(rate=1.05), *simple[:3]],
        ),
    }
    table = Table("six ops", "a graph, us", "bare calls, us", "of the bare calls", title="one row, everything that a graph does to it")
    for name, (ops, bare) in light.items():
        graph = mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(audio=mm.Audio()))
        keys = iter(range(10**9))
        row = {"audio": (CLIP, RATE)}
        taken = medians(
            {
                "graph": lambda graph=graph, keys=keys, row=row: graph(row, key=next(keys)),
                "bare": lambda bare=bare: [call() for call in bare],
            }
        )
        table.add_row(name, f"{taken['graph']:.0f}", f"{taken['bare']:.0f}", f"{taken['graph'] / taken['bare']:.2f}")
    console.print(table)


def batches(console: Console, count: int = 16) -> None:
    """A batch of clips, each with draws of its own, on one thread of the CPU."""
    import torch
    import torch_audiomentations as T

    torch.set_num_threads(1)
    kinds = {
        "gain": (mm.op("audio.gain", db=(-12, 0)), T.Gain(-12.0, 0.0, p=1.0, output_type="dict")),
        "polarity": (mm.op("audio.polarity"), T.PolarityInversion(p=1.0, output_type="dict")),
        "reverse": (mm.op("audio.reverse"), T.TimeInversion(p=1.0, output_type="dict")),
        "normalize": (mm.op("audio.normalize"), T.PeakNormalization(p=1.0, output_type="dict")),
        "time_shift": (mm.op("audio.time_shift", fraction=(-0.5, 0.5)), T.Shift(-0.5, 0.5, p=1.0, output_type="dict")),
        "colored_noise": (mm.op("audio.colored_noise", snr_db=(3, 30)), T.AddColoredNoise(3.0, 30.0, p=1.0, output_type="dict")),
        "low_pass": (mm.op("audio.low_pass", cutoff_hz=(150, 7500)), T.LowPassFilter(150.0, 7500.0, p=1.0, output_type="dict")),
        "high_pass": (mm.op("audio.high_pass", cutoff_hz=(20, 2400)), T.HighPassFilter(20.0, 2400.0, p=1.0, output_type="dict")),
        "band_pass": (mm.op("audio.band_pass", low_hz=(100, 1000), high_hz=(1500, 6000)), T.BandPassFilter(p=1.0, output_type="dict")),
        "band_stop": (mm.op("audio.band_stop", octaves=(0.5, 2)), T.BandStopFilter(p=1.0, output_type="dict")),
        "pitch_shift": (
            mm.op("audio.pitch_shift", semitones=(-4, 4)),
            T.PitchShift(-4.0, 4.0, sample_rate=RATE, p=1.0, output_type="dict"),
        ),
    }
    from mmaug.modalities.audio.batched.executor import run_batch

    clips = [torch.from_numpy(CLIP.copy()) for _ in range(count)]
    stacked = torch.stack(clips)
    title = f"{count} clips of {SECONDS:g} s as tensors"
    table = Table("op", "ours, ms", "torch-audiomentations, ms", "times faster", title=title)
    ratios = []
    for name, (op, theirs) in kinds.items():
        drawer, keys = Drawer(mm.Policy.sequence(op), lambda _: ("audio",)), iter(range(10**9))

        def batch(drawer: Drawer = drawer, keys: Any = keys) -> list[Any]:
            plans = [drawer.draw(0, 0, next(keys), 0, 0.0) for _ in range(count)]
            programs = [executor.compile_steps([(s.op, dict(s.params)) for s in plan.steps], SECONDS, 1) for plan in plans]
            return run_batch(programs, clips, [RATE] * count)

        taken = medians({"ours": batch, "theirs": lambda theirs=theirs: theirs(stacked, sample_rate=RATE)}, rounds=5)
        ratios.append(taken["theirs"] / taken["ours"])
        table.add_row(name, f"{taken['ours'] / 1e3:.2f}", f"{taken['theirs'] / 1e3:.2f}", f"{ratios[-1]:.1f}")
    table.add_row("median", "", "", f"{statistics.median(ratios):.1f}")
    console.print(table)


def lengths(console: Console) -> None:
    """Ten minutes beside ten seconds: 60 times the work should take 60 times as long, and memory that grows no faster."""
    table = Table("op", "10 s, ms", "10 min, ms", "times as long", "peak memory of the clip's size", title="length")
    short, long = (np.resize(CLIP, (1, round(RATE * seconds))) for seconds in (10.0, 600.0))
    for name, op in mm.OPS.items():
        if op.modality != "audio":
            continue
        step = (name, at_strength(op, 0.6, (0.7,)))
        programs = [executor.compile_steps([step], clip.shape[1] / RATE, 1) for clip in (short, long)]
        taken = []
        for program, clip, rounds in zip(programs, (short, long), (7, 2), strict=True):
            times = []
            for _ in range(rounds):
                start = time.process_time()
                executor.run(program, clip, RATE)
                times.append(time.process_time() - start)
            taken.append(statistics.median(times) * 1e3)
        tracemalloc.start()
        executor.run(programs[1], long, RATE)
        most = tracemalloc.get_traced_memory()[1] / long.nbytes
        tracemalloc.stop()
        table.add_row(name, f"{taken[0]:.2f}", f"{taken[1]:.0f}", f"{taken[1] / taken[0]:.0f}", f"{most:.1f}")
    console.print(table)


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    console = Console()
    one_by_one(console)
    chains(console)
    batches(console)
    lengths(console)


if __name__ == "__main__":
    main()
