"""Colours that no one function says: all moved alike, by one of the displacements that were seen."""

from __future__ import annotations

import numpy as np

from mmaug.effects.colour import Stage


def displacement(moved: np.ndarray, number: int) -> Stage:
    """The matrix that moves all colours by one of the displacements seen: 0 is the largest, the next the one most unlike those before.

    moved: float64 [n, 3], by how many levels of red, green and blue each colour that was tried moved.
    """
    chosen = int(np.linalg.norm(moved, axis=1).argmax())
    far = np.linalg.norm(moved - moved[chosen], axis=1)
    for _ in range(number):
        chosen = int(far.argmax())
        far = np.minimum(far, np.linalg.norm(moved - moved[chosen], axis=1))
    matrix = np.eye(3, 4)
    matrix[:, 3] = moved[chosen]
    return matrix
