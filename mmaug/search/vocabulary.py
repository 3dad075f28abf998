"""What a controller decides: tokens one after another, and which of them have a meaning once those before them are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmaug.search.base.dimensions import Token

if TYPE_CHECKING:
    from mmaug.search.base.space import PolicySpace

PLACE = re.compile(r"^sub\d+\.slot\d+\.")
"""The part of a token's name that says where it stands; what is left is its kind."""


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in order. giving: for each token the earlier places that can give it a meaning, with the options that do; none: it always
    has one. kinds: the tokens' names without their place: tokens of one kind share an embedding and a head.
    """

    tokens: tuple[Token, ...]
    giving: tuple[tuple[tuple[int, tuple[bool, ...]], ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many options each token has."""
        return tuple(len(token.options) for token in self.tokens)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(PLACE.sub("", token.name) for token in self.tokens)

    def means(self, place: int, tokens: Tensor) -> Tensor:
        """Whether the token at a place has a meaning in each sequence: bool [sequences]. tokens: int64 [sequences, at least place]."""
        if not self.giving[place]:
            return torch.ones(len(tokens), dtype=torch.bool)
        given = [torch.tensor(options)[tokens[:, earlier]] for earlier, options in self.giving[place]]
        return torch.stack(given).any(0)

    def mask(self, tokens: Tensor) -> Tensor:
        """Which tokens have a meaning: bool [sequences, tokens]. tokens: int64, the same shape."""
        return torch.stack([self.means(place, tokens) for place in range(len(self.tokens))], 1)

    def named(self, sequence: Sequence[int]) -> dict[str, Any]:
        """The chosen option of every token by name; 0 where a token has no meaning."""
        means = self.mask(torch.tensor([list(sequence)]))[0].tolist()
        return {t.name: t.options[n] if ok else 0.0 for t, n, ok in zip(self.tokens, sequence, means, strict=True)}


def of_space(
    space: PolicySpace, chosen: Callable[[Token], bool] = lambda _: True, before: Mapping[str, Sequence[Any]] | None = None
) -> Vocabulary:
    """The vocabulary of a space of policies.

    chosen: which of its tokens are decided. before: decisions that come first, by name with their options, and always have a meaning.
    What gives a token its meaning is read off the space's mask, one op at a time: a token has a meaning where any op gives it one.
    """
    first = tuple(Token(name, tuple(options)) for name, options in (before or {}).items())
    kept = [place for place, token in enumerate(space.tokens()) if chosen(token)]
    number = {place: len(first) + i for i, place in enumerate(kept)}
    nothing = [0] * len(space.tokens())
    always = space.mask(nothing)
    giving: dict[int, list[tuple[int, tuple[bool, ...]]]] = {place: [] for place in kept}
    for place in kept:
        if not space.tokens()[place].name.endswith(".op"):
            continue
        options = range(len(space.tokens()[place].options))
        masks = np.array([space.mask([*nothing[:place], option, *nothing[place + 1 :]]) for option in options])
        for other in np.flatnonzero(masks.any(0) & ~np.array(always)):
            if int(other) in giving:
                giving[int(other)].append((number[place], tuple(masks[:, other].tolist())))
    tokens = first + tuple(space.tokens()[place] for place in kept)
    return Vocabulary(tokens, ((),) * len(first) + tuple(tuple(giving[place]) for place in kept))
