"""The kinds of field a row can have; `of` says what a field describes or is aligned with.

Every class is a plain description that survives JSON. `column` is where the value lies in a row (default: the field's name).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

COCO17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
"""The 17 joints of a person in COCO's order."""

BOX_FORMATS = ("xyxy", "xywh", "cxcywh", "yolo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What every field has. optional: a row may lack the column (or hold None) and then has nothing to follow."""

    kind: ClassVar[str] = ""
    follows: ClassVar[tuple[str, ...]] = ()
    column: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Field):
    """A picture: PIL image, uint8 array [h, w, 3] (or [h, w], [h, w, 1], [h, w, 4]), uint8 tensor [3, h, w], or a list of
    such frames of one size that share one plan."""

    kind: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes(Field):
    """Boxes on a picture: [n, 4] numbers; half-open, in pixels (yolo: cxcywh as shares of the picture's size).

    labels: the column with what each box shows. beside: further columns with one value a box.
    min_visibility: a box of which less than this share of its area stays in view is dropped, with all columns beside it.
    """

    kind: ClassVar[str] = "boxes"
    follows: ClassVar[tuple[str, ...]] = ("image",)
    of: str = "image"
    format: Literal["xyxy", "xywh", "cxcywh", "yolo"] = "xyxy"
    labels: str | None = None
    beside: tuple[str, ...] = ()
    min_visibility: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypoints(Field):
    """Named points on a picture: [n, k, 2 or 3], [k, 2 or 3], or each flat; a third number is COCO's visibility 0, 1, 2.

    names: "coco17" or the k names; points named left_... and right_... change places in a mirror.
    A point that leaves the view becomes (0, 0, 0), one that is covered gets visibility 1; without a third number it keeps
    its place outside.
    """

    kind: ClassVar[str] = "keypoints"
    follows: ClassVar[tuple[str, ...]] = ("image",)
    of: str = "image"
    names: str | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(Field):
    """A label for each pixel of a picture: integer array or tensor [h, w], or a PIL image of mode "L", "P", "1" or "I".

    Nearest neighbour; what enters the view and what is covered becomes `fill`.
    """

    kind: ClassVar[str] = "mask"
    follows: ClassVar[tuple[str, ...]] = ("image",)
    of: str = "image"
    fill: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(Field):
    """A number that says how large a picture or how long a recording is: "width", "height" (pixels), "duration" (seconds)."""

    kind: ClassVar[str] = "size"
    follows: ClassVar[tuple[str, ...]] = ("image", "audio")
    of: str = "image"
    axis: Literal["width", "height", "duration"] = "width"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption(Field):
    """What is said about a picture, a recording or both: a string or a list of strings.

    spans: the column with [start, end) character offsets into the caption (a list of them for each caption of a list);
    they move along with every edit.
    """

    kind: ClassVar[str] = "caption"
    follows: ClassVar[tuple[str, ...]] = ("image", "audio")
    of: str | tuple[str, ...] = "image"
    language: str = "en"
    spans: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages(Field):
    """A chat about a picture or recording: a list of {"role", "content"}; the text parts are treated as captions, all or none."""

    kind: ClassVar[str] = "messages"
    follows: ClassVar[tuple[str, ...]] = ("image", "audio")
    of: str | tuple[str, ...] = "image"
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio(Field):
    """A recording: {"array", "sampling_rate"}, (waveform, rate) or `mmaug.AudioClip`, float (or int16) [samples] or [channels, samples];
    {"bytes", "path"} of an encoded file, which goes out encoded the same way; or a decoder of torchcodec, which goes out as an array.

    recorded_with: the picture (or video frames) recorded together with it: a mirror swaps the channels.
    """

    kind: ClassVar[str] = "audio"
    follows: ClassVar[tuple[str, ...]] = ("image",)
    recorded_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Field):
    """What is said in a recording, word for word: a string; it loses the words that are no longer heard."""

    kind: ClassVar[str] = "transcript"
    follows: ClassVar[tuple[str, ...]] = ("audio",)
    of: str = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Field):
    """The words said in a recording with their times: a list of {"text", "start", "end"}, seconds.

    text, start, end: the keys in each item. times: further keys that hold seconds and follow as well.
    min_heard: a word of which less than this share is still heard is dropped, with its token of the transcript.
    masked: what stands in place of the text of a word whose time is still there, but of which less than `min_heard` sounds (a time
    mask), and in place of its token of the transcript; None: it is dropped like one that is cut.
    """

    kind: ClassVar[str] = "words"
    follows: ClassVar[tuple[str, ...]] = ("audio",)
    of: str = "audio"
    text: str = "text"
    start: str = "start"
    end: str = "end"
    times: tuple[str, ...] = ()
    min_heard: float = 0.5
    masked: str | None = "<masked>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Words):
    """The sounds in a recording with their times: a list of {"text", "start", "end"}, seconds; options as in `Words`.

    masked: None: a sound that is silent is no event any more, and is dropped.
    """

    kind: ClassVar[str] = "events"
    masked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Field):
    """A class; forbids: for a class (as text) the ops that would change it, such as "6" and image.rotate90."""

    kind: ClassVar[str] = "label"
    follows: ClassVar[tuple[str, ...]] = ("image", "audio")
    of: str = "image"
    forbids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque(Field):
    """A column that nothing changes."""

    kind: ClassVar[str] = "opaque"


FIELD_KINDS: dict[str, type[Field]] = {
    cls.kind: cls
    for cls in (
        Image, Boxes, Keypoints, Mask, Size, Caption, Messages, Audio, Transcript, Words, Events, Label, Opaque,
    )
}  # fmt: skip

MODALITY_KINDS = {"image": ("image",), "audio": ("audio",), "text": ("caption", "messages")}
"""The kinds of field that the ops of a modality act on."""
