"""Architectures drawn together with policies: what random search draws where a search was joint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmaug.search.base.candidate import JointCandidate


@dataclass(frozen=True, slots=True)
class JointSpace:
    """A space of policies beside the choices of an architecture: by name, the options."""

    policies: Any
    choices: Mapping[str, tuple[Any, ...]]

    def sample(self, rng: np.random.Generator) -> JointCandidate:
        """Every decision drawn evenly, those of the architecture first."""
        architecture = {name: options[int(rng.integers(len(options)))] for name, options in self.choices.items()}
        return JointCandidate(self.policies.sample(rng), architecture)
