"""The ops that are mmaug's own: those of other libraries and of models have tests of their own, and take their time."""

from mmaug.registry import OPS

NATIVE = {name: op for name, op in OPS.items() if op.family not in ("albumentations", "nlpaug", "model", "mix")}
