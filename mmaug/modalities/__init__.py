"""The ops of each modality. Importing this package enters them all into the registry."""

from mmaug.modalities.audio import channels as _channels
from mmaug.modalities.audio import level as _level
from mmaug.modalities.audio import time as _time
from mmaug.modalities.image import colour as _colour
from mmaug.modalities.image import erase as _erase
from mmaug.modalities.image import geometry as _geometry
from mmaug.modalities.text import structure as _structure
from mmaug.modalities.text import wording as _wording

__all__: list[str] = []
_ = (_channels, _level, _time, _colour, _erase, _geometry, _structure, _wording)
