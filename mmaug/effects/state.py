"""The composed effects on a picture or a recording."""

from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState

State = ImageState | AudioState
