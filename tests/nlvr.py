"""NLVR sentences checked by program against their list of shapes: an independent judge, which imports nothing of mmaug.

A picture is three grey boxes of 100 x 100 side by side, each with shapes (x right, y down, their size, colour and type). `parse` makes
of a sentence a function that says whether it is true of a picture; `moved` and `repainted` change the picture as an op would.
Source: Suhr et al. 2017, "A Corpus of Natural Language for Visual Reasoning".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import ImageColor

SIDE = 100
COLOURS = {"yellow": (255, 255, 0), "blue": (0, 153, 255), "black": (0, 0, 0)}
TERMS = "yellow|blue|black|red|green|orange|purple|pink|brown|white|gray|grey"
NUMBERS = {word: n for n, word in enumerate("no one two three four five six seven eight nine".split())} | {
    "a": 1,
    "an": 1,
    "the": 1,
    "none": 0,
}
NUMBER = r"(?:\d+|" + "|".join(NUMBERS) + ")"
AMOUNT = rf"(?:exactly |only |at least |at most |more than |less than )?(?:{NUMBER} )?"
SHAPE = r"(?:block|item|object|shape|square|circle|triangle)s?"
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1), "base": (0, 1), "upper": (0, -1), "lower": (0, 1)}


@dataclass(frozen=True)
class Shape:
    """A shape in its box: its left upper corner and size in pixels, what it is called and its colour (sRGB, 0..255)."""

    x: float
    y: float
    size: float
    kind: str
    rgb: tuple[float, float, float]


Box = tuple[Shape, ...]
Picture = tuple[Box, ...]
Check = Callable[[Picture], bool]
Of = Callable[[Shape, Box], bool]


def picture_of(row: dict) -> Picture:
    """The picture of a row of the data set."""
    names = {"#0099ff": "blue", "yellow": "yellow", "black": "black"}
    return tuple(
        tuple(Shape(o["x_loc"], o["y_loc"], o["size"], o["type"], COLOURS[names[o["color"].lower()]]) for o in box)
        for box in row["structured_rep"]
    )


def moved(picture: Picture, a: int, b: int, c: int, d: int) -> Picture:
    """The picture after (x, y) goes to (a x + b y, c x + d y) about its middle: in every box, and the boxes in their new order."""

    def turned(shape: Shape) -> Shape:
        x, y = shape.x + shape.size / 2 - SIDE / 2, shape.y + shape.size / 2 - SIDE / 2
        return replace(shape, x=a * x + b * y + SIDE / 2 - shape.size / 2, y=c * x + d * y + SIDE / 2 - shape.size / 2)

    boxes = tuple(tuple(turned(shape) for shape in box) for box in picture)
    return boxes[::-1] if a < 0 or c < 0 else boxes


def repainted(picture: Picture, paint: Callable[[tuple[float, float, float]], tuple[float, float, float]]) -> Picture:
    """The picture with every colour put through `paint`."""
    return tuple(tuple(replace(shape, rgb=paint(shape.rgb)) for shape in box) for box in picture)


def hue_turned(rgb: tuple[float, float, float], degrees: float) -> tuple[float, float, float]:
    """A colour turned about the grey axis (Rodrigues' formula), so that 120 degrees make red green; clipped to 0..255."""
    cos, sin, grey = math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), sum(rgb) / 3
    red, green, blue = rgb
    across = ((blue - green) / math.sqrt(3), (red - blue) / math.sqrt(3), (green - red) / math.sqrt(3))
    new = [part * cos + other * sin + grey * (1 - cos) for part, other in zip(rgb, across, strict=True)]
    return (min(max(new[0], 0), 255), min(max(new[1], 0), 255), min(max(new[2], 0), 255))


def colour_name(rgb: tuple[float, float, float]) -> str:
    """The basic term in the name of the nearest CSS colour, or that whole name."""
    names = {name: ImageColor.getrgb(name)[:3] for name in ImageColor.colormap if "grey" not in name}
    nearest = min(names, key=lambda name: sum((one - two) ** 2 for one, two in zip(names[name], rgb, strict=True)))
    alias = {"lime": "green", "navy": "blue", "aqua": "cyan", "gainsboro": "gray", "silver": "gray"}
    return alias.get(nearest) or next((term for term in TERMS.split("|") if term in nearest), nearest)


# ---- what is said of a shape ------------------------------------------------------------------------------


def touches(shape: Shape, name: str) -> bool:
    """Whether a shape touches the wall on that side of its box, within a pixel."""
    x, y = DIRECTIONS[name]
    reach = {(-1, 0): shape.x, (1, 0): SIDE - shape.x - shape.size, (0, -1): shape.y, (0, 1): SIDE - shape.y - shape.size}
    return reach[x, y] <= 1


def walls(shape: Shape) -> int:
    """How many walls a shape touches."""
    return sum(touches(shape, name) for name in ("left", "right", "top", "bottom"))


def outermost(shape: Shape, box: Box, name: str) -> bool:
    """Whether no shape of the box lies further to that side."""
    x, y = DIRECTIONS[name]
    return all(x * (other.x - shape.x) + y * (other.y - shape.y) <= 0 for other in box)


def beside(shape: Shape, other: Shape, name: str) -> bool:
    """Whether a shape lies directly on that side of the other: they meet, within two pixels, and overlap across."""
    x, y = DIRECTIONS[name]
    along = (shape.x - other.x) * x + (shape.y - other.y) * y
    across = abs((shape.x - other.x) * y) + abs((shape.y - other.y) * x)
    half = (shape.size + other.size) / 2
    middle = abs(x) * (shape.size - other.size) / 2 + abs(y) * (shape.size - other.size) / 2
    return abs(along + (x + y) * middle - half) <= 2 and across < half


def is_a(words: str) -> Of:
    """ "small yellow or black square": what a shape is, but for its place."""
    kind = re.search(r"(square|circle|triangle)", words)
    named = set(re.findall(rf"\b({TERMS})\b", words))

    def check(shape: Shape, box: Box) -> bool:
        right_kind = kind is None or shape.kind == kind.group()
        return right_kind and (not named or colour_name(shape.rgb) in named) and ("small" not in words or shape.size == 10)

    return check


THING = rf"(?:small )?(?:(?:{TERMS})(?: or (?:{TERMS}))? )?{SHAPE}"
RELATIONS = {
    "on": "top", "on top of": "top", "over": "top", "above": "top", "below": "bottom", "bellow": "bottom", "under": "bottom",
    "to the left of": "left", "to the right of": "right", "left of": "left", "right of": "right",
}  # fmt: skip
WALL = r"(?:touching|is touching|are touching|closely touching|closely tocuhing)"


def place_of(words: str) -> Of | None:
    """What a shape's place must be, from the words after it; None where they are not understood."""
    words = words.strip()
    if not words:
        return lambda shape, box: True
    if match := re.fullmatch(rf"(?:is |are )?(not )?{WALL} (?:the |an? |any |to )?(wall|edge|side|(?:box )?corner)s?(?: of a box)?", words):
        least = 2 if match[2].endswith("corner") else 1
        return lambda shape, box: (walls(shape) >= least) != bool(match[1])
    if match := re.fullmatch(rf"{WALL} (?:the )?(left|right|top|bottom|upper|lower)(?: wall| side| edge)? of a box", words):
        return lambda shape, box: touches(shape, match[1])
    if match := re.fullmatch(r"(?:at|on|as) (?:the )?(left|right|top|bottom|base)", words):
        return lambda shape, box: outermost(shape, box, match[1])
    if match := re.fullmatch(rf"({'|'.join(RELATIONS)}) an? ({THING})", words):
        other = is_a(match[2])
        return lambda shape, box: any(other(o, box) and beside(shape, o, RELATIONS[match[1]]) for o in box if o is not shape)
    if match := re.fullmatch(r"as the (top|base|bottom|left|right) of a tower(?: (?:with|that has) (.+))?", words):
        rest = box_check("with " + match[2]) if match[2] else lambda box: True
        return rest and (lambda shape, box: outermost(shape, box, match[1]) and rest(box))
    return None


# ---- amounts ----------------------------------------------------------------------------------------------


def amount_of(words: str) -> Callable[[int], bool]:
    """ "at least two", "a", "no", "only 1": what a number of things must be."""
    found = re.search(rf"\b{NUMBER}\b", words)
    n = (int(found.group()) if found.group().isdigit() else NUMBERS[found.group()]) if found else 1
    if "at most" in words:
        return lambda many: many <= n
    if "more than" in words:
        return lambda many: many > n
    if "less than" in words:
        return lambda many: many < n
    if "at least" in words or (found and found.group() in ("a", "an", "the")) or not found:
        return (lambda many: many == n) if "exactly" in words or "only" in words else (lambda many: many >= n)
    return (lambda many: many == n) if "exactly" in words or "only" in words or n == 0 else (lambda many: many >= n)


def shapes_check(words: str) -> Callable[[Box], int] | None:
    """How many shapes of a box are what "yellow squares touching the wall" says; None where it is not understood."""
    match = re.match(rf"({THING})\b(.*)", words)
    place = place_of(match[2]) if match else None
    if match is None or place is None:
        return None
    thing = is_a(match[1])
    return lambda box: sum(thing(shape, box) and place(shape, box) for shape in box)


def colours_check(words: str) -> Callable[[Box], bool] | None:
    """ "only black and yellow items", "4 items of 2 different colors"; None for anything else."""
    match = re.fullmatch(rf"(?:{AMOUNT})?(?:only )?(?:{SHAPE} of )?(?:only )?({TERMS})(?: and ({TERMS}))?(?: color| {SHAPE})?", words)
    if match and "only" in words and not re.search(rf"only {NUMBER}\b", words):
        named, number = {match[1], match[2]} - {None}, re.match(rf"({NUMBER})\b", words)
        right = amount_of("exactly " + number[1]) if number else lambda many: True
        return lambda box: right(len(box)) and {colour_name(shape.rgb) for shape in box} == named
    match = re.fullmatch(rf"(?:({AMOUNT}){SHAPE} of )?(?:all )?({NUMBER}) (?:different )?colou?rs", words)
    if match:
        many, right = NUMBERS.get(match[2]) or int(match[2]), amount_of("exactly " + match[1]) if match[1] else lambda count: True
        return lambda box: right(len(box)) and len({colour_name(shape.rgb) for shape in box}) == many
    return None


def part_check(words: str) -> Callable[[Box], bool] | None:
    """One thing said of a box: "at least 1 yellow block at the top", "only black and yellow items"."""
    words = re.sub(r" in it$", "", words.strip())
    colours = colours_check(words)
    match = re.match(AMOUNT, words)
    amount, shapes = amount_of(match.group() if match else ""), shapes_check(words[match.end() :] if match else words)
    return colours or (shapes and (lambda box: amount(shapes(box))))


def box_check(words: str) -> Callable[[Box], bool] | None:
    """What is said of a box or tower: "with 2 black circles and a yellow item"; None where it is not understood."""
    words = re.sub(r"^\s*(?:that |which |than |where )?(?:contains?|has|have|having|with|ha|are|is)\b", "", words).strip()
    if not words:
        return lambda box: True
    whole = part_check(words)
    if whole is not None:
        return whole
    parts = re.split(r", and |, | and |(?<=blocks) having | with (?=an? )", words)
    checks = [part_check(part) for part in parts]
    return None if len(parts) < 2 or None in checks else lambda box: all(check(box) for check in checks if check)


# ---- sentences --------------------------------------------------------------------------------------------


def plain(sentence: str) -> str:
    """The sentence in lower case, with its slips of the pen mended."""
    text = re.sub(r"\s+", " ", sentence.lower()).strip(" .")
    for slip, mended in (
        ("atleast", "at least"),
        ("blccks", "blocks"),
        ("squere", "square"),
        ("cirlce", "circle"),
        ("tocuhing", "touching"),
    ):
        text = text.replace(slip, mended)
    return re.sub(r"^(?:t|tleast)\b(?: least)?", "at least", re.sub(r"^ll\b", "all", text))


def parse(sentence: str) -> Check | None:
    """Whether a sentence is true of a picture, as a function of the picture; None where the sentence is not understood."""
    text = plain(sentence)
    boxes = r"(?:grey )?(?:box|boxes|towers?)"
    if match := re.fullmatch(rf"(?:each|every|all(?: {NUMBER})?) {boxes} (.+)", text):
        inner = box_check(match[1])
        return inner and (lambda picture: all(map(inner, picture)))
    if match := re.fullmatch(rf"(?:there (?:is|are) )?({AMOUNT})(?:of the (?:{NUMBER} )?)?{boxes}(?:,? (.+))?", text):
        amount, inner = amount_of(match[1]), box_check(match[2] or "")
        return inner and (lambda picture: amount(sum(map(inner, picture))))
    if match := re.fullmatch(rf"there (?:is|are) ({AMOUNT})(?:({TERMS}) )towers?(?: (.+))?", text):
        amount, only = amount_of(match[1]), match[2]
        more = box_check(match[3] or "")
        return more and (lambda picture: amount(sum({colour_name(s.rgb) for s in box} == {only} and more(box) for box in picture)))
    if match := re.fullmatch(rf"(?:there (?:is|are) )?({AMOUNT})(.+)", text):
        amount, shapes = amount_of(match[1]), shapes_check(match[2])
        return shapes and (lambda picture: amount(sum(map(shapes, picture))))
    return None
