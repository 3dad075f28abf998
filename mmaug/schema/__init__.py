"""Schemas: which columns of a row are what, and which describes which.

Conventions, said once for the whole library:
- Pictures: x to the right, y down; pixel i covers [i, i + 1) and its centre is i + 0.5, so a picture of width w spans 0 to w.
- Boxes are half-open on that line: x1 is the left edge of the first pixel, x2 the right edge of the last.
- Masks are looked up at the nearest pixel centre. Keypoints are points on that line too: the middle of the first pixel is 0.5.
- Angles turn counter-clockwise as seen. Times are seconds from the start of the recording.
- Arrays: pictures uint8 [height, width, channels], sound float [channels, samples] in [-1, 1].
"""

from mmaug.schema.columns import MISSING as MISSING
from mmaug.schema.columns import Column as Column
from mmaug.schema.core import Schema as Schema
from mmaug.schema.core import keypoint_names as keypoint_names
from mmaug.schema.core import sources as sources
from mmaug.schema.fields import Audio as Audio
from mmaug.schema.fields import Boxes as Boxes
from mmaug.schema.fields import Caption as Caption
from mmaug.schema.fields import Events as Events
from mmaug.schema.fields import Field as Field
from mmaug.schema.fields import Image as Image
from mmaug.schema.fields import Keypoints as Keypoints
from mmaug.schema.fields import Label as Label
from mmaug.schema.fields import Mask as Mask
from mmaug.schema.fields import Messages as Messages
from mmaug.schema.fields import Opaque as Opaque
from mmaug.schema.fields import Size as Size
from mmaug.schema.fields import Transcript as Transcript
from mmaug.schema.fields import Words as Words
