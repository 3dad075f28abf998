"""An independent judge of augmented scenes: it reads positions from the mask, colours from the pixels, sides from the sound.

It uses no code of mmaug and trusts neither boxes nor traces of the row. `original` is the scene before augmentation: it
tells the category of each instance id (otherwise the kept objects do) and how large the instance was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from truth_sound import NUMBERS, events_off_sound, false_sound_claims, louder_side, read_sound

__all__ = ["boxes_leave_object", "events_off_sound", "false_claims", "look", "sound_off_object", "unparsed"]

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray")
EXEMPLARS = {  # sRGB seen as one name, or as two by different people
    "red": "ff0000 d62828 c81e2a b01020 8b0000 e63946 f03c3c cc3333",
    "orange": "ff8c00 f58a20 ff7f0e ffa500 e67300 f59a3c",
    "yellow": "ffff00 f7db38 ffd700 fff176 f0d022 e6e600",
    "green": "00ff00 227a3a 2e9e4a 008000 006400 60b84c 90ee90 b4ecc0 c8e8c8 32cd32 1e5a32 66ff66",
    "blue": "0000ff 2460cc 40a0ff 1e3a8a 000080 4169e1 87cefa 489ce0 28409c 6fa8dc add8e6",
    "purple": "800080 763aa2 8e4eba 9932cc 4b0082 b080e0 6a0dad a050c0",
    "pink": "ffc0cb ff69b4 f696ba ee74a6 ff1493 ffb6d9 e878b0",
    "brown": "8b4513 704424 82522e 5c3317 a0652d 964b00 6b4a2b",
    "black": "000000 1a1a1d 141414 262626",
    "white": "ffffff f7f7f5 efefef",
    "gray": "808080 8c8d8f 696969 a9a9a9 bebebe 505050",
    "green blue": "00ffff 008080 20b2aa 40e0d0 005f5f",
    "purple pink": "8a4a6a a06088 ff00ff da70d6 c71585 dda0dd",
    "purple pink brown": "7b4b5d 774353",
    "red pink": "e0345c fa6e7a dc143c",
    "red orange": "ff4500 fa6432 e2552b",
    "red brown": "800000 a52a2a 7a1f1a",
    "orange brown": "cc7722 b5651d c68642",
    "orange yellow": "ffbf00 ffb52e eaa221",
    "orange pink": "ffa07a ff8c69",
    "yellow green": "9acd32 adff2f 808000 b5b82e",
    "blue purple": "c8c0f0 6a5acd 483d8b 5a32c8 4000ff",
    "yellow brown": "b8860b 9a7b20 c8a24a d2b48c",
    "green brown": "556b2f 6b6b2a",
    "gray white": "c8c8c8 d3d3d3 dcdcdc",
    "gray black": "383838 404040",
    "yellow white": "fff8dc f5f0c8",
    "gray blue": "708090 7a8ca0",
}
SHAPES = ("circle", "square", "triangle", "star", "heart")
LEAST_PIXELS = 60  # of a 256 x 192 view; fewer are not seen as an object


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of sRGB. rgb: [..., 3] in 0..255."""
    value = np.asarray(rgb, float) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    xyz = linear @ to_xyz.T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


HEX = [(names, code) for names, codes in EXEMPLARS.items() for code in codes.split()]
POINTS = to_lab(np.array([list(bytes.fromhex(code)) for _, code in HEX]))


def colour_names(rgb: np.ndarray) -> frozenset[str]:
    """The basic colour terms that people may give a colour: the nearest, and those within 1.25 of its distance."""
    distance = np.linalg.norm(POINTS - to_lab(rgb), axis=-1)
    near = np.nonzero(distance <= max(1.25 * distance.min(), 4.0))[0]
    return frozenset(name for at in near for name in HEX[at][0].split())


@dataclass(frozen=True)
class Seen:
    """A visible instance: id, shape, acceptable colour names, centroid in pixels, pixel count."""

    id: int
    shape: str
    colours: frozenset[str]
    x: float
    y: float
    pixels: int


def categories(row: dict, original: dict | None) -> dict[int, str]:
    """The category of each instance id, from the original scene if there is one."""
    objects = (original or row)["objects"]
    return dict(zip(objects["id"], objects["category"], strict=True))


def median_colour(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The median RGB under a mask, away from its rim where there is room. where: bool [h, w]."""
    for shrink in (5, 3):
        inner = cv2.erode(where.astype(np.uint8), np.ones((shrink, shrink), np.uint8)).astype(bool)
        if inner.sum() >= 30:
            return np.median(image[inner], axis=0)
    return np.median(image[where], axis=0)


def look(row: dict, original: dict | None = None) -> list[Seen]:
    """The instances that are visible in the mask of a row. Raises: ValueError when image and mask differ in size."""
    image = np.asarray(row["image"].convert("RGB") if hasattr(row["image"], "convert") else row["image"])
    mask, shapes, found = np.asarray(row["mask"]), categories(row, original), []
    if image.shape[:2] != mask.shape:
        raise ValueError(f"image is {image.shape[:2]} but mask is {mask.shape}")
    least = max(12, LEAST_PIXELS * mask.size / (256 * 192))
    for number in np.unique(mask[mask > 0]).tolist():
        where = mask == number
        ys, xs = np.nonzero(where)
        if len(xs) >= least:
            names = colour_names(median_colour(image, where))
            found.append(Seen(number, shapes.get(number, "?"), names, xs.mean() + 0.5, ys.mean() + 0.5, len(xs)))
    return found


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: how many (None: at least one), which colour and shape (None: any)."""

    number: int | None
    colour: str | None
    shape: str | None
    text: str


@dataclass(frozen=True)
class Claim:
    """What a sentence says: its noun phrases, or one subject with parts (kind, detail), all true of the same object."""

    phrases: tuple[Phrase, ...]
    parts: tuple[tuple[str, object], ...] = ()


PHRASE = re.compile(
    rf"(?:(?P<article>an?|the|{'|'.join(NUMBERS)}|\d)\s+)?(?:(?:light|dark|pale|bright|deep)\s+)?"
    rf"(?:(?P<colour>{'|'.join(COLOURS)}|grey)\s+)?(?P<noun>{'|'.join(SHAPES)}|shape|object|thing)s?\b"
)
OPENING = re.compile(r"^(?:there (?:is|are)|exactly|only|just|an? (?:picture|photo|image|drawing) of)\s+")
BE = re.compile(r"^\s+(?:is|are)\s+")
RELATION = re.compile(
    r"^(?:(?:to|on) the )?(?P<side>left|right) of |^(?P<up>above|over|on top of) |^(?P<down>below|under|beneath|underneath) "
)
CORNER = re.compile(r"^(?:in|at|on) the (?P<level>top|upper|bottom|lower)[ -](?P<side>left|right)(?: corner)?\b")
PLACE = re.compile(
    r"^(?:on|at|in|to) the (?P<place>left|right|top|bottom|upper|lower|middle|center|centre)(?: (?:side|half|part))?\b(?! of)"
)
LEVELS = {"upper": "top", "lower": "bottom", "centre": "middle", "center": "middle"}


def read_phrase(text: str) -> tuple[Phrase, str] | None:
    """The noun phrase at the start of a text, and the rest."""
    found = PHRASE.match(text)
    if not found:
        return None
    article, colour, noun = found["article"], found["colour"], found["noun"]
    number = int(article) if article and article.isdigit() else NUMBERS.get(article or "")
    shape = noun if noun in SHAPES else None
    return Phrase(number, "gray" if colour == "grey" else colour, shape, found[0]), text[found.end() :]


def read_part(text: str) -> tuple[list[tuple[str, object]], str] | None:
    """One thing said of a subject (a relation, a place or a colour) at the start of a text, and the rest."""
    if found := RELATION.match(text):
        other = read_phrase(text[found.end() :])
        side = found["side"] or ("above" if found["up"] else "below")
        return ([(side, other[0])], other[1]) if other else None
    if found := CORNER.match(text):
        level = LEVELS.get(found["level"], found["level"])
        return [("at", level), ("at", found["side"])], text[found.end() :]
    if found := PLACE.match(text):
        return [("at", LEVELS.get(found["place"], found["place"]))], text[found.end() :]
    if found := re.match(rf"(?P<colour>{'|'.join(COLOURS)}|grey)\b", text):
        return [("colour", "gray" if found[0] == "grey" else found[0])], text[found.end() :]
    return None


def read_sentence(sentence: str) -> Claim | None:
    """What a caption claims, or None if the judge cannot tell."""
    text = " ".join(sentence.lower().split()).rstrip(".! ")
    while found := OPENING.match(text):
        text = text[found.end() :]
    if not (first := read_phrase(text)):
        return None
    phrases, parts, rest = [first[0]], [], first[1]
    while found := re.match(r",? and |, ", rest):
        if not (more := read_phrase(rest[found.end() :])):
            return None
        phrases, rest = [*phrases, more[0]], more[1]
    if not rest:
        return Claim(tuple(phrases))
    rest = " and " + rest[(BE.match(rest) or re.match(r"\s*", rest)).end() :]
    while found := re.match(r",? and (?:is )?", rest):
        if len(phrases) > 1 or not (part := read_part(rest[found.end() :])):
            return None
        parts, rest = parts + part[0], part[1]
    return None if rest else Claim(tuple(phrases), tuple(parts))


def matching(phrase: Phrase, scene: list[Seen]) -> list[Seen]:
    """The visible instances that a noun phrase may mean."""
    return [one for one in scene if phrase.shape in (None, one.shape) and (phrase.colour is None or phrase.colour in one.colours)]


def phrase_holds(phrase: Phrase, scene: list[Seen]) -> bool:
    """Whether as many instances as said are visible; those of a fuzzy colour may count or not."""
    found = matching(phrase, scene)
    if phrase.number is None:
        return bool(found)
    sure = [one for one in found if phrase.colour is None or one.colours == {phrase.colour}]
    return len(sure) <= phrase.number <= len(found)


def part_holds(kind: str, detail: object, one: Seen, scene: list[Seen], size: tuple[int, int]) -> bool:
    """Whether a relation, place or colour is true of one instance. size: (width, height)."""
    if kind == "colour":
        return detail in one.colours
    if kind == "at":
        across, down = one.x / size[0], one.y / size[1]
        middle = abs(across - 0.5) < 0.25 and abs(down - 0.5) < 0.25
        return {"left": across < 0.5, "right": across > 0.5, "top": down < 0.5, "bottom": down > 0.5, "middle": middle}[str(detail)]
    assert isinstance(detail, Phrase)
    gaps = [(other.x - one.x, other.y - one.y) for other in matching(detail, scene) if other.id != one.id]
    return any({"left": x > 0, "right": x < 0, "above": y > 0, "below": y < 0}[kind] for x, y in gaps)


def claim_holds(claim: Claim, scene: list[Seen], size: tuple[int, int]) -> bool:
    """Whether all that a sentence says is true of the visible scene."""
    if not claim.parts:
        return all(phrase_holds(phrase, scene) for phrase in claim.phrases)
    subjects = matching(claim.phrases[0], scene)
    wanted = claim.phrases[0].number or 1
    return sum(all(part_holds(kind, detail, one, scene, size) for kind, detail in claim.parts) for one in subjects) >= wanted


def captions_of(row: dict) -> list[str]:
    """The captions of a row as a list."""
    value = row.get("captions", [])
    return [value] if isinstance(value, str) else list(value)


def false_claims(row: dict, original: dict | None = None) -> list[str]:
    """Every caption, image or audio, that is false in the augmented row, with what is seen or heard instead."""
    scene, size, faults = look(row, original), np.asarray(row["mask"]).shape[::-1], []
    for sentence in captions_of(row):
        claim = read_sentence(sentence)
        if claim and not claim_holds(claim, scene, size):
            seen = "; ".join(f"{'/'.join(sorted(one.colours))} {one.shape} at {one.x:.0f},{one.y:.0f}" for one in scene)
            faults.append(f"{sentence!r} is false; seen in {size[0]}x{size[1]}: {seen or 'nothing'}")
    if row.get("audio_caption") and row.get("audio") is not None:
        faults += false_sound_claims(row["audio_caption"], row["audio"])
    return faults


def unparsed(row: dict) -> list[str]:
    """The captions that the judge cannot read."""
    sentences = [sentence for sentence in captions_of(row) if read_sentence(sentence) is None]
    heard = row.get("audio_caption")
    return sentences + ([heard] if heard and read_sound(heard) is None else [])


def sound_off_object(row: dict, original: dict | None = None) -> list[str]:
    """A beeping object, the only one of its shape, that clearly stands on one side but sounds louder on the other."""
    names = {event["text"] for event in row.get("events") or []}
    stands = [one for one in look(row, original) if one.shape in names]
    if len(stands) != 1 or list(categories(row, original).values()).count(stands[0].shape) != 1:
        return []
    across = stands[0].x / np.asarray(row["mask"]).shape[1]
    side = "left" if across < 0.36 else "right" if across > 0.64 else None
    heard = louder_side(row["audio"])
    return [f"the {stands[0].shape} stands {side} but sounds {heard}"] if side and heard and side != heard else []


def touches_border(where: np.ndarray) -> bool:
    """Whether a mask reaches the border of the picture. where: bool [h, w]."""
    return bool(where[0].any() or where[-1].any() or where[:, 0].any() or where[:, -1].any())


def lost_boxes(row: dict, original: dict) -> list[str]:
    """Instances of which 35 % or more is visible but whose box is gone.

    How much a zoom enlarges areas is read from instances that do not touch the border; where all touch it, no verdict.
    """
    before, after = np.asarray(original["mask"]), np.asarray(row["mask"])
    sizes = {number: (before == number).sum() for number in original["objects"]["id"]}
    inner = [number for number in sizes if (after == number).any() and not touches_border(after == number)]
    zoom = max([1.0, *[(after == number).sum() / sizes[number] for number in inner]])
    faults = []
    for number in sorted(set(sizes) - set(row["objects"]["id"])):
        share = (after == number).sum() / (sizes[number] * zoom)
        if share >= 0.35 and inner:
            faults.append(f"object {number} has lost its box though {share:.0%} of it is visible")
    return faults


def boxes_leave_object(row: dict, original: dict | None = None) -> list[str]:
    """Boxes (xywh, half-open) that do not hold every visible pixel of their instance within 1.5 px, or hold nothing."""
    mask, faults = np.asarray(row["mask"]), []
    for number, box in zip(row["objects"]["id"], row["objects"]["bbox"], strict=True):
        ys, xs = np.nonzero(mask == number)
        if not len(xs):
            faults.append(f"object {number} keeps box {box} but no pixel of it is visible")
            continue
        x, y, width, height = (float(value) for value in box)
        over = max(x - xs.min(), y - ys.min(), xs.max() + 1 - (x + width), ys.max() + 1 - (y + height))
        if not over <= 1.5:
            extent = [int(v) for v in (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)]
            faults.append(f"object {number} leaves its box {[round(float(v), 1) for v in box]} by {over:.1f} px; it is at {extent}")
    return faults + (lost_boxes(row, original) if original is not None else [])
