"""The ops of each modality. Importing this package enters them all into the registry."""

from mmaug.modalities import audio as _audio
from mmaug.modalities import image as _image
from mmaug.modalities.text import frame as _frame
from mmaug.modalities.text import models as _models
from mmaug.modalities.text import neural as _neural
from mmaug.modalities.text import peers as _peers
from mmaug.modalities.text import structure as _structure
from mmaug.modalities.text import style as _style
from mmaug.modalities.text import typos as _typos
from mmaug.modalities.text import wording as _wording

__all__: list[str] = []
_ = (_audio, _image, _frame, _models, _neural, _peers, _structure, _style, _typos, _wording)
