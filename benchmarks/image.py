"""Picture augmentation beside bare OpenCV, albumentations and torchvision, in one run on one thread.

Run: python benchmarks/image.py [FOLDER OF PHOTOS]
Needs the [bench] extra. Without a folder it makes pictures with the spectrum of photographs. Numbers are medians over many pictures;
contestants take turns, a batch each, so that a noisy machine is noisy for all; compare ratios, not microseconds.
"""

from __future__ import annotations

import io
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torchvision.transforms import InterpolationMode, v2

import mmaug as mm
from mmaug.modalities.image import executor
from mmaug.modalities.image.program import Segment, compile_steps

cv2.setNumThreads(1)
torch.set_num_threads(1)

SIDE, OUT, PHOTOS, ROUNDS = 256, 224, 16, 25
Call = Callable[[int], object]

CHAIN = (
    mm.op("image.horizontal_flip", p=0.5),
    mm.op("image.rotate", degrees=(-15, 15)),
    mm.op("image.shear_x", tangent=(-0.1, 0.1)),
    mm.op("image.translate_x", fraction=(-0.1, 0.1)),
    mm.op("image.random_resized_crop", scale=(0.5, 1.0), ratio=(0.75, 4 / 3), size=OUT),
    mm.op("image.brightness", factor=(0.8, 1.2)),
    mm.op("image.contrast", factor=(0.8, 1.2)),
    mm.op("image.saturation", factor=(0.8, 1.2)),
    mm.op("image.hue", degrees=(-18, 18)),
    mm.op("image.solarize", threshold=(192, 256)),
    mm.op("image.posterize", bits=(4, 8)),
)

SINGLE: dict[str, tuple[dict, A.BasicTransform | None, Callable | None]] = {
    # op: (params, albumentations' transform, torchvision's on a tensor)
    "image.horizontal_flip": ({}, A.HorizontalFlip(p=1), v2.functional.horizontal_flip),
    "image.vertical_flip": ({}, A.VerticalFlip(p=1), v2.functional.vertical_flip),
    "image.rotate90": ({"turns": 1}, None, lambda t: torch.rot90(t, 1, (1, 2)).contiguous()),
    "image.transpose": ({}, A.Transpose(p=1), None),
    "image.rotate": (
        {"degrees": 12.0},
        A.Rotate((12, 12), p=1),
        lambda t: v2.functional.rotate(t, 12.0, interpolation=InterpolationMode.BILINEAR),
    ),
    "image.random_resized_crop": (
        {"scale": 0.5, "ratio": 1.0, "x": 0.3, "y": 0.6, "size": [OUT, OUT]},
        A.RandomResizedCrop((OUT, OUT), scale=(0.5, 0.5), ratio=(1, 1), p=1),
        lambda t: v2.functional.resized_crop(t, 45, 22, 181, 181, [OUT, OUT], antialias=True),
    ),
    "image.resize": (
        {"size": [OUT, OUT]},
        A.Resize(OUT, OUT, interpolation=cv2.INTER_AREA, p=1),
        lambda t: v2.functional.resize(t, [OUT, OUT], antialias=True),
    ),
    "image.brightness": (
        {"factor": 1.2},
        A.RandomBrightnessContrast((0.2, 0.2), (0, 0), p=1),
        lambda t: v2.functional.adjust_brightness(t, 1.2),
    ),
    "image.contrast": ({"factor": 1.2}, None, lambda t: v2.functional.adjust_contrast(t, 1.2)),
    "image.saturation": (
        {"factor": 1.2},
        A.ColorJitter((1, 1), (1, 1), (1.2, 1.2), (0, 0), p=1),
        lambda t: v2.functional.adjust_saturation(t, 1.2),
    ),
    "image.hue": (
        {"degrees": 18.0},
        A.ColorJitter((1, 1), (1, 1), (1, 1), (0.05, 0.05), p=1),
        lambda t: v2.functional.adjust_hue(t, 0.05),
    ),
    "image.invert": ({}, A.InvertImg(p=1), v2.functional.invert),
    "image.solarize": ({"threshold": 128.0}, A.Solarize((0.5, 0.5), p=1), lambda t: v2.functional.solarize(t, 128)),
    "image.posterize": ({"bits": 4.0}, A.Posterize(4, p=1), lambda t: v2.functional.posterize(t, 4)),
    "image.auto_contrast": ({}, A.AutoContrast(p=1), v2.functional.autocontrast),
    "image.equalize": ({}, A.Equalize(mode="pil", p=1), v2.functional.equalize),
    "image.to_gray": ({}, A.ToGray(p=1), lambda t: v2.functional.rgb_to_grayscale(t, 3)),
    "image.gaussian_blur": (
        {"sigma": 1.5 / SIDE},
        A.GaussianBlur(blur_limit=0, sigma_limit=(1.5, 1.5), p=1),
        lambda t: v2.functional.gaussian_blur(t, [11, 11], [1.5, 1.5]),
    ),
    "image.sharpness": ({"factor": 1.5}, None, lambda t: v2.functional.adjust_sharpness(t, 1.5)),
}


def photos(folder: str | None) -> list[np.ndarray]:
    """Pictures of 256 x 256: from a folder, or noise with the 1/f spectrum of photographs."""
    if folder:
        paths = itertools.islice((p for p in sorted(Path(folder).rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg", ".png")), PHOTOS)
        return [np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)) for path in paths]
    made = []
    for seed in range(PHOTOS):
        noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((SIDE, SIDE, 3)), axes=(0, 1))
        across, down = np.meshgrid(np.fft.rfftfreq(SIDE), np.fft.fftfreq(SIDE))
        field = np.fft.irfft2(noise / (np.hypot(across, down) + 1 / SIDE)[..., None], axes=(0, 1))
        made.append(np.clip(115 + 55 * field / field.std(), 0, 255).astype(np.uint8))
    return made


def race(calls: dict[str, Call], rounds: int = ROUNDS) -> dict[str, float]:
    """The median microseconds of each call over all pictures; they take turns, a run through all pictures each, as a loader calls them."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name, call in calls.items():
            for number in range(turn * PHOTOS, (turn + 1) * PHOTOS):
                start = time.perf_counter()
                call(number)
                spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) * 1e6 for name, times in spent.items()}


def table(title: str, times: dict[str, float], base: str, wanted: dict[str, str]) -> Table:
    """Times, and their ratio to the base."""
    made = Table("", "median us", f"ratio to {base}", "wanted", title=title)
    for name, spent in times.items():
        made.add_row(name, f"{spent:.0f}", f"{spent / times[base]:.2f}", wanted.get(name, ""))
    return made


def chain(pictures: list[np.ndarray]) -> Table:
    """The 11-op chain, whole calls."""
    graph = mm.TransformGraph(mm.Policy.sequence(*CHAIN), schema=mm.Schema(image=mm.Image()))
    programs = [compile_steps([(s.op, dict(s.params)) for s in graph.plan(key=key).steps], (SIDE, SIDE)) for key in range(PHOTOS * ROUNDS)]
    tensors = [torch.from_numpy(p.transpose(2, 0, 1).copy()) for p in pictures]
    pils = [Image.fromarray(p) for p in pictures]
    theirs, tv = albumentations_chain(), torchvision_chain()
    floor = [bare(program) for program in programs]
    times = race(
        {
            "bare OpenCV, fused": lambda i: floor[i](pictures[i % PHOTOS]),
            "mmaug": lambda i: graph({"image": pictures[i % PHOTOS]}, key=i),
            "albumentations": lambda i: theirs(image=pictures[i % PHOTOS]),
            "torchvision v2, tensors": lambda i: tv(tensors[i % PHOTOS]),
            "torchvision v2, PIL": lambda i: tv(pils[i % PHOTOS]),
        }
    )
    wanted = {"bare OpenCV, fused": ">= 0.67", "albumentations": ">= 3", "torchvision v2, tensors": ">= 10"}
    return table(f"11 ops, {SIDE} -> {OUT} px, bilinear", times, "mmaug", wanted)


def bare(program) -> Call:
    """What a fused program costs at least: the OpenCV calls alone, on numbers made beforehand."""
    (segment,) = program.parts
    assert isinstance(segment, Segment)
    half = np.array(((1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (0.0, 0.0, 1.0)))
    matrix = (np.linalg.inv(half) @ segment.geometry.matrix @ half)[:2]
    colours = np.array(((0.9, 0.05, 0.05, 2.0), (0.05, 0.9, 0.05, 2.0), (0.05, 0.05, 0.9, 2.0)))
    lut = np.arange(256, dtype=np.uint8) & 0xF0

    def call(pixels: np.ndarray) -> np.ndarray:
        out = cv2.warpAffine(pixels, matrix, (OUT, OUT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        cv2.mean(out)
        out = cv2.transform(out, colours)
        return cv2.LUT(out.reshape(OUT, -1), lut).reshape(out.shape)

    return call


def albumentations_chain(**annotations) -> A.Compose:
    linear = cv2.INTER_LINEAR
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Rotate((-15, 15), interpolation=linear, p=1),
            A.Affine(shear={"x": (-6, 6), "y": (0, 0)}, interpolation=linear, p=1),
            A.Affine(translate_percent={"x": (-0.1, 0.1), "y": (0, 0)}, interpolation=linear, p=1),
            A.RandomResizedCrop((OUT, OUT), scale=(0.5, 1.0), interpolation=linear, p=1),
            A.RandomBrightnessContrast((-0.2, 0.2), (0, 0), p=1),
            A.RandomBrightnessContrast((0, 0), (-0.2, 0.2), p=1),
            A.ColorJitter((1, 1), (1, 1), (0.8, 1.2), (0, 0), p=1),
            A.ColorJitter((1, 1), (1, 1), (1, 1), (-0.05, 0.05), p=1),
            A.Solarize((0.75, 1.0), p=1),
            A.Posterize((4, 7), p=1),
        ],
        **annotations,
    )


def torchvision_chain() -> v2.Compose:
    bilinear = InterpolationMode.BILINEAR
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomRotation(15, interpolation=bilinear),
            v2.RandomAffine(0, shear=(-6, 6), interpolation=bilinear),
            v2.RandomAffine(0, translate=(0.1, 0.0), interpolation=bilinear),
            v2.RandomResizedCrop((OUT, OUT), scale=(0.5, 1.0), interpolation=bilinear, antialias=True),
            v2.ColorJitter(brightness=0.2),
            v2.ColorJitter(contrast=0.2),
            v2.ColorJitter(saturation=0.2),
            v2.ColorJitter(hue=0.05),
            v2.RandomSolarize(224, p=1),
            v2.RandomPosterize(6, p=1),
        ]
    )


def annotated(pictures: list[np.ndarray]) -> Table:
    """The same chain with a mask, 10 boxes and 17 keypoints."""
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 0.6 * SIDE, (10, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 0.39 * SIDE, (10, 2))], axis=1).round(1)
    points = rng.uniform(0, SIDE, (17, 2)).round(1)
    labels = rng.integers(0, 5, (SIDE // 16, SIDE // 16), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    schema = mm.Schema(
        image=mm.Image(), mask=mm.Mask(of="image"), boxes=mm.Boxes(of="image", format="xyxy"), keypoints=mm.Keypoints(of="image")
    )
    graph = mm.TransformGraph(mm.Policy.sequence(*CHAIN), schema=schema)
    seen = [[[x, y, 2] for x, y in points.tolist()]]
    theirs = albumentations_chain(
        bbox_params=A.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.2),
        keypoint_params=A.KeypointParams("xy", remove_invisible=False),
    )
    numbers = list(range(10))
    times = race(
        {
            "mmaug": lambda i: graph({"image": pictures[i % PHOTOS], "mask": labels, "boxes": boxes.tolist(), "keypoints": seen}, key=i),
            "albumentations": lambda i: theirs(image=pictures[i % PHOTOS], mask=labels, bboxes=boxes, labels=numbers, keypoints=points),
        }
    )
    return table("the same with a mask, 10 boxes and 17 keypoints", times, "mmaug", {"albumentations": ">= 4"})


def rand_augment(pictures: list[np.ndarray]) -> Table:
    graph = mm.TransformGraph(mm.policies.rand_augment(n=2, m=0.3), schema=mm.Schema(image=mm.Image()))
    tensors = [torch.from_numpy(p.transpose(2, 0, 1).copy()) for p in pictures]
    pils = [Image.fromarray(p) for p in pictures]
    theirs = v2.RandAugment(2, 9, interpolation=InterpolationMode.BILINEAR)
    times = race(
        {
            "mmaug": lambda i: graph({"image": pictures[i % PHOTOS]}, key=i),
            "mmaug, PIL in and out": lambda i: graph({"image": pils[i % PHOTOS]}, key=i),
            "torchvision v2, PIL": lambda i: theirs(pils[i % PHOTOS]),
            "torchvision v2, tensors": lambda i: theirs(tensors[i % PHOTOS]),
        }
    )
    return table("RandAugment(2)", times, "mmaug", {"torchvision v2, PIL": ">= 2", "torchvision v2, tensors": ">= 5"})


def single_ops(pictures: list[np.ndarray]) -> Table:
    """Kernels alone (peers: the transform's `apply` on parameters made beforehand), and what the graph adds to one."""
    made = Table(
        "op", "kernel us", "whole call us", "graph adds", "albumentations", "torchvision", "kernel / best peer", title="single ops"
    )
    tensors = [torch.from_numpy(p.transpose(2, 0, 1).copy()) for p in pictures]
    ratios, added = [], []
    for name, (params, theirs, tv) in SINGLE.items():
        graph = mm.TransformGraph(mm.op(name, **params), schema=mm.Schema(image=mm.Image()))
        program = compile_steps([(name, params)], (SIDE, SIDE))
        calls: dict[str, Call] = {
            "kernel": lambda i, program=program: executor.run(program, pictures[i % PHOTOS]),
            "call": lambda i, graph=graph: graph({"image": pictures[i % PHOTOS]}, key=i),
        }
        if theirs is not None:
            calls["albumentations"] = kernel_of(theirs, pictures)
        if tv is not None:
            calls["torchvision"] = lambda i, tv=tv: tv(tensors[i % PHOTOS])
        times = race(calls, 12)
        best = min(spent for peer, spent in times.items() if peer not in ("kernel", "call"))
        ratios.append(times["kernel"] / best)
        added.append(times["call"] - times["kernel"])
        peers = [f"{times[peer]:.0f}" if peer in times else "" for peer in ("albumentations", "torchvision")]
        made.add_row(name, f"{times['kernel']:.0f}", f"{times['call']:.0f}", f"{added[-1]:.0f}", *peers, f"{ratios[-1]:.2f}")
    made.add_row(
        "median", "", "", f"{statistics.median(added):.0f} (wanted <= 60)", "", "", f"{statistics.median(ratios):.2f} (each <= 1.1)"
    )
    return made


def kernel_of(transform: A.BasicTransform, pictures: list[np.ndarray]) -> Call:
    params = transform.update_transform_params(transform.get_params(), {"image": pictures[0]})
    params |= transform.get_params_dependent_on_data(params, {"image": pictures[0]})
    params |= {"shape": pictures[0].shape}
    return lambda i: transform.apply(pictures[i % PHOTOS], **params)


def from_jpeg(pictures: list[np.ndarray]) -> Table:
    """Decoding a JPEG, and augmenting what it held."""
    files = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    graph = mm.TransformGraph(mm.Policy.sequence(*CHAIN), schema=mm.Schema(image=mm.Image()))
    times = race(
        {
            "decoding with OpenCV": lambda i: cv2.imdecode(np.frombuffer(files[i % PHOTOS], np.uint8), cv2.IMREAD_COLOR_RGB),
            "decoding with Pillow": lambda i: np.asarray(Image.open(io.BytesIO(files[i % PHOTOS])).convert("RGB")),
            "mmaug, 11 ops": lambda i: graph({"image": pictures[i % PHOTOS]}, key=i),
        }
    )
    return table(
        f"JPEG of {SIDE} px in, array out", times, "mmaug, 11 ops", {"decoding with OpenCV": ">= 1", "decoding with Pillow": ">= 1"}
    )


def main(folder: str | None = None) -> None:
    pictures = photos(folder)
    if len(pictures) < PHOTOS:
        raise SystemExit(f"benchmarks/image.py: needs {PHOTOS} photos (.jpg, .png) in {folder}, found {len(pictures)}")
    console = Console()
    for part in (chain, annotated, rand_augment, single_ops, from_jpeg):
        console.print(part(pictures))


if __name__ == "__main__":
    main(*sys.argv[1:2])
