"""A batch of pictures on one device: mmaug beside kornia (a batch at once) and torchvision v2 (row by row).

Run: python benchmarks/batch.py [--device cuda] [--batch 64] [--side 224] [--rounds 5]

mmaug's times include drawing and resolving the plans. On the CPU it runs with OpenCV, and once with torch for comparison.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import cv2
import kornia.augmentation as kornia
import torch
from kornia.augmentation.auto import RandAugment
from rich.console import Console
from rich.table import Table
from torchvision.transforms import v2

import mmaug as mm
from mmaug import batch

CHAIN = mm.Policy.sequence(
    mm.op("image.horizontal_flip", p=0.5),
    mm.op("image.rotate", degrees=(-30, 30)),
    mm.op("image.brightness", factor=(0.6, 1.4)),
    mm.op("image.contrast", factor=(0.6, 1.4)),
    mm.op("image.saturation", factor=(0.6, 1.4)),
    mm.op("image.hue", degrees=(-36, 36)),
    mm.op("image.random_resized_crop", scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)),
)
BILINEAR = v2.InterpolationMode.BILINEAR  # torchvision's own default is the nearest pixel
NAMES = "auto_contrast equalize rotate solarize saturation posterize contrast brightness sharpness shear_x shear_y translate_x translate_y"
PLAIN = ("auto_contrast", "equalize")


def rand_augment() -> mm.Policy:
    """Two of the fourteen ops of the paper, at 9 of 30."""
    ops = [mm.op(f"image.{name}") if name in PLAIN else mm.op(f"image.{name}", strength=0.3) for name in NAMES.split()]
    one = mm.Policy.choice([mm.Policy.sequence(), *ops])
    return mm.Policy.sequence(one, one)


def chain_of_kornia(side: int) -> torch.nn.Module:
    """The same four in kornia."""
    return torch.nn.Sequential(
        kornia.RandomHorizontalFlip(p=0.5),
        kornia.RandomRotation(30.0, p=1.0),
        kornia.ColorJitter(0.4, 0.4, 0.4, 0.1, p=1.0),
        kornia.RandomResizedCrop((side, side), scale=(0.08, 1.0), p=1.0),
    )


def chain_of_torchvision(side: int) -> v2.Transform:
    """The same four in torchvision."""
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomRotation(30, interpolation=BILINEAR),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
            v2.RandomResizedCrop((side, side), antialias=True),
        ]
    )


def median_ms(calls: dict[str, Callable[[], object]], device: str, rounds: int) -> dict[str, float]:
    """Milliseconds a call, the median of some rounds in which all take turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if device != "cpu":
                torch.cuda.synchronize()
            if number:  # the first warms up
                times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def calls(policy: mm.Policy, theirs: torch.nn.Module, rows_of: v2.Transform, pictures: torch.Tensor) -> dict[str, Callable[[], object]]:
    """What is compared, on one batch, uint8 [b, 3, h, w]."""
    graph = mm.TransformGraph(policy, schema=mm.Schema(image=mm.Image()))
    rows, device = [{"image": picture} for picture in pictures], str(pictures.device)
    keys, floats, epochs = range(len(rows)), pictures.float() / 255, iter(range(10**9))

    def through_torch() -> object:
        epoch = next(epochs)
        bounds = [graph.resolve(graph.plan(key=key, epoch=epoch), row) for key, row in zip(keys, rows, strict=True)]
        return batch.on_device(bounds, keys, graph.schema, device, batch.MEMORY_MB)

    ours = {"mmaug": lambda: graph.batch(rows, keys=keys, epoch=next(epochs), device=device)} if device == "cpu" else {}
    return {
        **ours,
        "mmaug, torch": through_torch,
        "kornia": lambda: theirs(floats),
        "torchvision v2, row by row": lambda: [rows_of(picture) for picture in pictures],
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    small = torch.randint(0, 256, (given.batch, 3, 28, 28), generator=generator, dtype=torch.uint8)
    pictures = torch.nn.functional.interpolate(small.float(), given.side, mode="bicubic").clamp(0, 255).to(torch.uint8).to(given.device)
    name = torch.cuda.get_device_name() if given.device != "cpu" else f"one CPU thread, OpenCV {cv2.__version__}"
    policies = {
        "flip, rotate, colour jitter, resized crop": (CHAIN, chain_of_kornia(given.side), chain_of_torchvision(given.side)),
        "RandAugment, n=2, m=9 of 30": (rand_augment(), RandAugment(n=2, m=9), v2.RandAugment(2, 9, interpolation=BILINEAR)),
    }
    for title, (policy, theirs, rows_of) in policies.items():
        found = median_ms(calls(policy, theirs, rows_of, pictures), str(pictures.device), given.rounds)
        best = next(iter(found.values()))
        table = Table(
            "library", "ms a batch", "pictures a second", "times mmaug's", title=f"{title}: {given.batch} x {given.side} px, {name}"
        )
        for library, time_ms in found.items():
            table.add_row(library, f"{time_ms:.1f}", f"{given.batch / time_ms * 1e3:.0f}", f"{time_ms / best:.2f}")
        Console().print(table)


if __name__ == "__main__":
    main()
