"""Picture ops: geometry, colour, quality and erasing, and the executor that fuses them."""

from mmaug.modalities.image import alb as alb
from mmaug.modalities.image import aug_mix as aug_mix
from mmaug.modalities.image import bending as bending
from mmaug.modalities.image import colour as colour
from mmaug.modalities.image import erase as erase
from mmaug.modalities.image import framing as framing
from mmaug.modalities.image import geometry as geometry
from mmaug.modalities.image import grain as grain
from mmaug.modalities.image import neural as neural
from mmaug.modalities.image import quality as quality
from mmaug.modalities.image import tone as tone
from mmaug.modalities.image import weather as weather
