"""Pairing rules: what a change to one field means for another that speaks of it. See `base`."""

from mmaug.pairing import annotations, audio_text, image_audio, image_quality, image_text, image_view
from mmaug.pairing.base import Context as Context
from mmaug.pairing.base import Edit as Edit
from mmaug.pairing.base import Follow as Follow
from mmaug.pairing.base import PairRule as PairRule
from mmaug.pairing.base import Replacement as Replacement
from mmaug.pairing.base import Rules as Rules
from mmaug.pairing.base import Sound as Sound
from mmaug.pairing.base import Thing as Thing
from mmaug.pairing.base import Veto as Veto
from mmaug.pairing.base import follows as follows
from mmaug.pairing.base import harmless as harmless
from mmaug.pairing.base import rule as rule

DEFAULT = Rules((*annotations.RULES, *image_text.RULES, *image_view.RULES, *image_quality.RULES, *audio_text.RULES, *image_audio.RULES))
"""The rules that mmaug ships."""
