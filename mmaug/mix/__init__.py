"""Mixing two rows into one that stays true: MixUp, CutMix, MixGen and between-class sounds as steps of a plan.

The other row, the partner, is named in the plan; `partners=` gives it to the call. See docs/mixing.md.
"""

from mmaug.mix.partners import Partners as Partners
from mmaug.mix.soft import Sources as Sources
from mmaug.mix.soft import sources as sources
