"""The ops by name: what each takes and what it does, in one definition.

An op registers only what is its own: a geometry op its map, a colour op its colour function, a time op its time map. The
family says how that composes with the steps before and which aspects of the world it touches; pixels, samples, masks,
boxes, times and captions all follow from there.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from mmaug import rng
from mmaug.effects.colour import Unsure
from mmaug.effects.equaliser import ASKED_RATE, changed
from mmaug.errors import MmaugError, PolicyError
from mmaug.params import Param

ASPECTS = ("geometry", "view", "colour", "quality", "time", "order", "pitch", "loudness", "noise", "channels")
"""What an op can change that another field may speak of."""


@dataclass(frozen=True, slots=True)
class Family:
    """Ops of one sort.

    compose: (state, function, params) -> the composed effects after the step; None where each op declares its own facts, and for
    text, which has no state.
    aspects: what such an op touches. gives: what its function returns, for the reader. cuts: whether it sees only what is in the
    frame then, so that later moves cannot bring back the rest.
    """

    modality: str
    aspects: frozenset[str]
    compose: Callable[[Any, Callable[..., Any], Mapping[str, Any]], Any] | None
    gives: str
    cuts: bool = False


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "geometry": Family(
            "image",
            frozenset({"geometry", "view"}),
            lambda state, op, params: state.move(op(state.geometry.out_size, **params)),
            "(size, **params) -> GeometryMap",
        ),
        "colour": Family(
            "image",
            frozenset({"colour"}),
            lambda state, op, params: state.recolour(partial(op, **params)),
            "(**params) -> matrix [3, 4] or table [256, 3]",
        ),
        "balance": Family(
            "image",
            frozenset({"colour"}),
            lambda state, op, params: state.recolour(Unsure(op, "mean", tuple(params.items()))),
            "(mean colour, float64 [3], **params) -> matrix [3, 4]",
        ),
        "tone": Family(
            "image",
            frozenset({"colour"}),
            lambda state, op, params: state.recolour(Unsure(op, "histogram", tuple(params.items()))),
            "(histogram, int64 [256, 3], **params) -> table [256, 3]",
        ),
        "filter": Family(
            "image",
            frozenset({"quality", "colour"}),
            None,
            "(pixels, uint8 [h, w, 3], **params) -> pixels; declares its facts",
            cuts=True,
        ),
        "erase": Family(
            "image",
            frozenset({"view"}),
            lambda state, op, params: state.hide(op(state.geometry.out_size, **params)),
            "(size, **params) -> convex polygons to cover",
        ),
        "albumentations": Family(
            "image",
            frozenset({"geometry", "view", "colour", "quality"}),
            None,
            "(pixels, uint8 [h, w, 3], **params) -> pixels, also moved; declares its facts",
            cuts=True,
        ),
        "network": Family(
            "image",
            frozenset({"geometry", "view", "colour", "quality"}),
            None,
            "(pixels, uint8 [h, w, 3], **params) -> pixels, also moved; declares its facts",
            cuts=True,
        ),
        "time": Family(
            "audio",
            frozenset({"time", "order"}),
            lambda state, op, params: state.retime(op(state.time.out_seconds, **params)),
            "(seconds, **params) -> TimeMap",
        ),
        "level": Family(
            "audio",
            frozenset({"loudness"}),
            lambda state, op, params: state.louder(op(**params)),
            "(**params) -> decibels",
        ),
        "channels": Family(
            "audio",
            frozenset({"channels"}),
            lambda state, op, params: state.remix(op(state.channels, **params)),
            "(channels, **params) -> mix, [channels][channels] weights",
        ),
        "pitch": Family(
            "audio",
            frozenset({"pitch"}),
            lambda state, op, params: state.transpose(op(**params)),
            "(**params) -> semitones",
        ),
        "speed": Family(
            "audio",
            frozenset({"time", "pitch"}),
            lambda state, op, params: state.play(op(**params)),
            "(**params) -> times faster",
        ),
        "mute": Family(
            "audio",
            frozenset({"time"}),
            lambda state, op, params: state.mute(*op(state.time.out_seconds, **params)),
            "(seconds, **params) -> (start, end) in seconds, silent from now on",
        ),
        "equaliser": Family(
            "audio",
            frozenset({"noise"}),
            lambda state, op, params: state.equalise(*changed(op(ASKED_RATE, **params))),
            "(rate, **params) -> second-order sections",
        ),
        "band": Family(
            "audio",
            frozenset({"noise"}),
            lambda state, op, params: state.without(op(**params)),
            "(**params) -> bands to take away, each (low, high) in hertz",
        ),
        "treatment": Family(
            "audio",
            frozenset({"noise"}),
            None,
            "(samples, float32 [channels, samples], rate, **params) -> samples; declares its facts",
        ),
        "distortion": Family(
            "audio",
            frozenset({"noise"}),
            None,
            "(samples, float32 [channels, samples], rate, **params) -> samples, no peak beyond the highest; declares its facts",
        ),
        "dynamics": Family(
            "audio",
            frozenset({"loudness", "noise"}),
            None,
            "(samples, float32 [channels, samples], rate, **params) -> samples; declares its facts",
        ),
        "sound network": Family(
            "audio",
            frozenset({"time", "loudness", "noise"}),
            None,
            "(samples, float32 [channels, samples], rate, **params) -> samples; declares its facts",
        ),
        "structure": Family("text", frozenset(), None, "(captions, **params) -> numbers of those that stay"),
        "drop": Family("text", frozenset(), None, "(caption, **params) -> what stands in its place"),
        "frame": Family("text", frozenset(), None, "(text, what it describes, **params) -> text, map of places"),
        "wording": Family("text", frozenset(), None, "(reading, protected, **params) -> replacements"),
        "nlpaug": Family("text", frozenset(), None, "(reading, protected, **params) -> replacements"),
        "model": Family("text", frozenset(), None, "(readings, protected, **params with seeds) -> replacements of each"),
        "embedding": Family("text", frozenset(), None, "(vectors of words, float [texts, tokens, d], **params) -> vectors, inside a model"),
        "mix": Family("mix", frozenset(), None, "(**params) -> for pictures and sounds how two are mixed (mmaug.mix.recipes)"),
    }
)


@dataclass(frozen=True, slots=True)
class Op:
    """One augmentation: its name ("image.rotate"), family, parameters and function.

    facts: (state, **params) -> the composed effects after it, where the function itself cannot say.
    """

    name: str
    family: str
    params: Mapping[str, Param]
    function: Callable[..., Any]
    facts: Callable[..., Any] | None = None
    modality: str = field(init=False)
    aspects: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "modality", FAMILIES[self.family].modality)  # kept, as every step of every row asks
        object.__setattr__(self, "aspects", FAMILIES[self.family].aspects)

    @property
    def has_strength(self) -> bool:
        return any(param.has_strength for param in self.params.values())

    @property
    def summary(self) -> str:
        """The first sentence of its docstring."""
        return (inspect.getdoc(self.function) or "").split("\n\n")[0].replace("\n", " ")

    def compose(self, state: Any, params: Mapping[str, Any]) -> Any:
        """The composed effects after this op on top of `state`."""
        family = FAMILIES[self.family]
        if family.cuts:
            state = state.cut()
        if self.facts is not None:
            return self.facts(state, **params)
        assert family.compose is not None, f"{self.name} has no effect on the world"
        return family.compose(state, self.function, params)


OPS: dict[str, Op] = {}


def register(
    family: str, facts: Callable[..., Any] | None = None, /, **params: Param
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into `OPS` as "modality.function_name"; the function itself is returned unchanged.

    facts: what it does to the world, (state, **params) -> state, for the families whose functions do not say.
    Raises: MmaugError when the name is taken, or the parameters and the signature differ.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{FAMILIES[family].modality}.{function.__name__}"
        if name in OPS:
            raise MmaugError(f"op {name!r} is already defined in {OPS[name].function.__module__}; choose another name")
        keywords = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}
        if keywords != params.keys():
            raise MmaugError(f"op {name!r} declares parameters {sorted(params)} but takes {sorted(keywords)}")
        drawn = sum(param.uniforms for param in params.values())
        if drawn > rng.BLOCK - 1:
            raise MmaugError(f"op {name!r} draws {drawn} numbers, at most {rng.BLOCK - 1} fit in a step's block")
        if (facts is None) == (FAMILIES[family].compose is None and FAMILIES[family].modality not in ("text", "mix")):
            raise MmaugError(
                f"op {name!r}: facts belong to the families without compose, and only to them; {family!r} is given by its function"
            )
        OPS[name] = Op(name, family, MappingProxyType(params), function, facts)
        return function

    return enter


def get_op(name: str) -> Op:
    """The op of that name. Raises: PolicyError with the nearest names."""
    try:
        return OPS[name]
    except (KeyError, TypeError):  # TypeError: it is no string at all
        near = _alike(str(name).lower()) or difflib.get_close_matches(str(name), OPS, n=3, cutoff=0.5)
        meant = f"did you mean {', '.join(near)}? `mmaug ops` lists all" if near else f"no op has a name like it; {_LISTS}"
        raise PolicyError(f"unknown op {name!r}; {meant}") from None


_LISTS = ", ".join(f"`mmaug ops {modality}`" for modality in dict.fromkeys(f.modality for f in FAMILIES.values())) + " list them"


def _alike(name: str) -> list[str]:
    """Up to three ops whose bare names hold the name, share a word with it, or have its initials ("hflip": "horizontal_flip")."""
    bare = name.rpartition(".")[2]
    found = []
    for full in OPS:
        own = full.rpartition(".")[2]
        words = own.split("_")
        held = len(bare) >= 3 and (bare in own or any(word in bare for word in words if len(word) >= 3))
        if held or bare == "".join(word[0] for word in words):
            found.append((full.count("."), -difflib.SequenceMatcher(None, bare, own).ratio(), full))  # those of a library come last
    return [full for *_, full in sorted(found)[:3]]
