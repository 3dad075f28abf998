"""Multimodal data augmentation in which the pair stays true, with policies found by search.

Importing this enters the ops into the registry; everything else is imported when its name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mmaug import modalities as modalities
from mmaug.mix import ops as _mixing  # noqa: F401 - enters its ops

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` gives the same
    from mmaug import child as child
    from mmaug import hf as hf
    from mmaug import losses as losses
    from mmaug import metrics as metrics
    from mmaug import mix as mix
    from mmaug import pairing as pairing
    from mmaug import policies as policies
    from mmaug import report as report
    from mmaug import search as search
    from mmaug.child.config import ChildConfig as ChildConfig
    from mmaug.child.task import ChildTask as ChildTask
    from mmaug.errors import ConflictError as ConflictError
    from mmaug.errors import MmaugError as MmaugError
    from mmaug.errors import PlanError as PlanError
    from mmaug.errors import PolicyError as PolicyError
    from mmaug.errors import RowError as RowError
    from mmaug.errors import RuleError as RuleError
    from mmaug.errors import SchemaError as SchemaError
    from mmaug.graph import TransformGraph as TransformGraph
    from mmaug.lint.report import LintReport as LintReport
    from mmaug.modalities.audio.clips import register_clips as register_clips
    from mmaug.modalities.audio.values import AudioClip as AudioClip
    from mmaug.negatives.base import Negative as Negative
    from mmaug.negatives.draw import hard_negatives as hard_negatives
    from mmaug.plan import Plan as Plan
    from mmaug.plan import Step as Step
    from mmaug.policy import Policy as Policy
    from mmaug.policy import PolicyOp as PolicyOp
    from mmaug.policy import op as op
    from mmaug.registry import OPS as OPS
    from mmaug.registry import register as register
    from mmaug.schema import Audio as Audio
    from mmaug.schema import Boxes as Boxes
    from mmaug.schema import Caption as Caption
    from mmaug.schema import Events as Events
    from mmaug.schema import Image as Image
    from mmaug.schema import Keypoints as Keypoints
    from mmaug.schema import Label as Label
    from mmaug.schema import Mask as Mask
    from mmaug.schema import Messages as Messages
    from mmaug.schema import Opaque as Opaque
    from mmaug.schema import Schema as Schema
    from mmaug.schema import Size as Size
    from mmaug.schema import Transcript as Transcript
    from mmaug.schema import Words as Words
    from mmaug.trace import Trace as Trace

__version__ = "0.1.0"

_NAMES = {
    "child.config": ("ChildConfig",),
    "child.task": ("ChildTask",),
    "errors": ("ConflictError", "MmaugError", "PlanError", "PolicyError", "RowError", "RuleError", "SchemaError"),
    "graph": ("TransformGraph",),
    "lint.report": ("LintReport",),
    "modalities.audio.clips": ("register_clips",),
    "modalities.audio.values": ("AudioClip",),
    "negatives.base": ("Negative",),
    "negatives.draw": ("hard_negatives",),
    "plan": ("Plan", "Step"),
    "policy": ("Policy", "PolicyOp", "op"),
    "registry": ("OPS", "register"),
    "schema": (
        "Audio", "Boxes", "Caption", "Events", "Image", "Keypoints", "Label", "Mask", "Messages", "Opaque", "Schema", "Size",
        "Transcript", "Words",
    ),
    "trace": ("Trace",),
}  # fmt: skip
_HOMES = {name: f"mmaug.{module}" for module, names in _NAMES.items() for name in names}
_MODULES = ("child", "hf", "losses", "metrics", "mix", "pairing", "policies", "report", "search")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"mmaug.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'mmaug' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
