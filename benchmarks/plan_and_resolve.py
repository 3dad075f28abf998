"""What planning and resolving cost a row, beside the bare work that they must not get in the way of.

Run: python benchmarks/plan_and_resolve.py
"""

from __future__ import annotations

import io
import statistics
import timeit

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

import mmaug as mm

CAPTIONS = ("a man riding a wave on top of a surfboard", "a red car to the left of a dog")
SIX_OPS = mm.Policy.sequence(
    mm.op("image.horizontal_flip", p=0.5),
    mm.op("image.rotate", p=0.5, degrees=(-15, 15)),
    mm.op("image.random_resized_crop", p=0.5),
    mm.op("image.brightness", p=0.5, strength=0.2),
    mm.op("image.cutout", p=0.5, strength=0.1),
    mm.op("text.synonym", p=0.3, strength=0.2),
)
POLICIES = {"six ops": SIX_OPS, "rand_augment": mm.policies.rand_augment(), "trivial_augment": mm.policies.trivial_augment()}


def median_us(call, number: int = 300, rounds: int = 9) -> float:
    """Microseconds a call: the median of some rounds."""
    return statistics.median(timeit.timeit(call, number=number) / number * 1e6 for _ in range(rounds))


def decoding() -> float:
    """Microseconds to decode a JPEG of 256 x 256 pixels with Pillow."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((256, 256)).save(buffer, "JPEG", quality=90)
    return median_us(lambda: Image.open(buffer).load())


def main() -> None:
    """Print the table."""
    decode = decoding()
    title = f"microseconds; decoding takes {decode:.0f}"
    table = Table("policy", "caption", "plan", "plan + resolve", "of decoding a 256 px JPEG", title=title)
    for name, policy in POLICIES.items():
        graph = mm.TransformGraph(policy, schema=mm.Schema(image=mm.Image(), caption=mm.Caption(of="image")))
        for caption in CAPTIONS:
            row, keys = {"image": np.zeros((256, 256, 3), np.uint8), "caption": caption}, iter(range(10**9))
            plan = median_us(lambda graph=graph, keys=keys: graph.plan(key=next(keys)))
            both = median_us(lambda graph=graph, keys=keys, row=row: graph.resolve(graph.plan(key=next(keys)), row))
            table.add_row(name, caption, f"{plan:.0f}", f"{both:.0f}", f"{both / decode:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
