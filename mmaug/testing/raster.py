"""Paints plain coloured shapes, anti-aliased, on a soft neutral background."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SHADES: dict[str, list[tuple[int, int, int]]] = {  # typical sRGB shades; a drawn colour varies a little round one of them
    "red": [(214, 38, 44), (186, 26, 36)],
    "orange": [(245, 138, 32), (240, 122, 28)],
    "yellow": [(247, 219, 56), (240, 208, 34)],
    "green": [(46, 158, 74), (34, 122, 58), (96, 184, 76)],
    "blue": [(36, 96, 204), (40, 64, 156), (72, 142, 224)],
    "purple": [(118, 58, 162), (142, 78, 186)],
    "pink": [(246, 150, 186), (238, 116, 166)],
    "brown": [(112, 68, 36), (130, 82, 46)],
    "black": [(26, 26, 29)],
    "white": [(247, 247, 245)],
    "gray": [(126, 127, 130), (140, 141, 143)],
}
NEUTRAL = frozenset({"black", "white", "gray"})
CATEGORIES = ("circle", "square", "triangle", "star", "heart")
BACKGROUNDS = [(233, 235, 238), (226, 217, 203), (196, 205, 214), (184, 178, 170), (92, 99, 111), (66, 72, 84)]
FINE = 4  # subpixels a pixel, along each axis


@dataclass(frozen=True)
class Shape:
    """One object: its category, colour name and sRGB, centre and radius in pixels, tilt in degrees."""

    category: str
    colour: str
    rgb: tuple[int, int, int]
    x: float
    y: float
    radius: float
    tilt: float


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of sRGB. rgb: [n, 3] in 0..255; returns float32 [n, 3]."""
    return cv2.cvtColor(np.asarray(rgb, np.float32)[None] / 255, cv2.COLOR_RGB2LAB)[0]


def vary(colour: str, rng: np.random.Generator) -> tuple[int, int, int]:
    """A natural variation of a basic colour term, still clearly that colour, as sRGB in 0..255."""
    shades = SHADES[colour]
    point = lab(np.array([shades[rng.integers(len(shades))]]))
    reach = np.array([3.0, 0.8, 0.8] if colour in NEUTRAL else [3.5, 3.5, 3.5])
    point = (point + rng.uniform(-1, 1, 3) * reach).astype(np.float32)
    rgb = cv2.cvtColor(point[None], cv2.COLOR_LAB2RGB)[0, 0]
    red, green, blue = np.clip(np.rint(rgb * 255), 0, 255).astype(int).tolist()
    return red, green, blue


def outline(shape: Shape) -> np.ndarray:
    """The polygon of a shape. Returns float [n, 2], x and y in pixels."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    reach = 1.0
    if shape.category == "square":
        angle = np.pi / 4 + np.arange(4) * np.pi / 2
    elif shape.category == "triangle":
        angle = -np.pi / 2 + np.arange(3) * 2 * np.pi / 3
    elif shape.category == "star":
        angle = -np.pi / 2 + np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2, 0.45, 1.0)
    points = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    if shape.category == "heart":
        across = 16 * np.sin(angle) ** 3
        down = -(13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle))
        points = np.stack([across, down - 2], axis=1) / 17
    if shape.category == "circle":
        points = points * 0.9
    turn = np.deg2rad(shape.tilt)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return points @ rotation * shape.radius + (shape.x, shape.y)


def coverage(shape: Shape, size: tuple[int, int]) -> np.ndarray:
    """How much of each pixel a shape covers. size: (width, height); returns float32 [h, w] in 0..1."""
    fine = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
    cv2.fillPoly(fine, [np.rint(outline(shape) * FINE - 0.5).astype(np.int32)], 255)
    return cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def choose_background(shapes: list[Shape], rng: np.random.Generator) -> np.ndarray:
    """A neutral background on which every shape stands out, as sRGB float [3]."""
    colours = lab(np.array([shape.rgb for shape in shapes]))
    contrast = [np.linalg.norm(colours - point, axis=1).min() for point in lab(np.array(BACKGROUNDS))]
    good = [at for at, value in enumerate(contrast) if value >= 30] or [int(np.argmax(contrast))]
    return np.array(BACKGROUNDS[good[rng.integers(len(good))]], float)


def paint_background(rgb: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A soft gradient round one colour, in a random direction. Returns float32 [h, w, 3] in 0..255."""
    angle = rng.uniform(0, 2 * np.pi)
    across, down = np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1])
    ramp = (np.cos(angle) * across[None] + np.sin(angle) * down[:, None]) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    return np.clip(rgb + 9 * ramp[..., None], 0, 255).astype(np.float32)


def paint(shapes: list[Shape], size: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Paints shapes, each with a faint shadow. Returns the image uint8 [h, w, 3] and instance ids uint8 [h, w]."""
    canvas = paint_background(choose_background(shapes, rng), size, rng)
    layers = [coverage(shape, size) for shape in shapes]
    shadow = cv2.GaussianBlur(np.max(layers, axis=0), (0, 0), 3)
    canvas *= 1 - 0.22 * cv2.warpAffine(shadow, np.array([[1, 0, 1], [0, 1, 3]], np.float32), size)[..., None]
    mask = np.zeros((size[1], size[0]), np.uint8)
    for number, (shape, layer) in enumerate(zip(shapes, layers, strict=True), start=1):
        shine = 1 - 0.05 * (np.arange(size[1]) + 0.5 - shape.y) / shape.radius
        colour = np.clip(np.array(shape.rgb, np.float32) * shine[:, None, None], 0, 255)
        canvas += layer[..., None] * (colour - canvas)
        mask[layer > 0.5] = number
    return np.rint(canvas).astype(np.uint8), mask
