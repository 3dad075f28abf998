"""The controller of AutoAugment: a recurrent network that writes a policy token by token."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from mmaug.search.vocabulary import Vocabulary


def generator(*key: int) -> torch.Generator:
    """A generator of a key of whole numbers >= 0."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1))


class Controller(nn.Module):
    """One LSTM layer; each token is embedded and fed back, and drawn from a softmax over the options of its kind.

    It works in float64 on the CPU: it is small, and its probabilities are compared with each other. hidden, embedding: sizes of the state
    and of embeddings. All weights start in U(-0.1, 0.1). A token without meaning is written as 0, takes no part in probabilities and
    entropies, and 0 is what is fed back, so that nothing that was drawn for it moves what follows.
    Source: Cubuk et al. 2019, "AutoAugment", section 3 and appendix; Zoph et al. 2018, "Learning transferable architectures", appendix.
    """

    def __init__(self, vocabulary: Vocabulary, hidden: int = 100, embedding: int = 32, seed: int = 0):
        super().__init__()
        self.vocabulary = vocabulary
        kinds = dict(zip(vocabulary.kinds, vocabulary.sizes, strict=True))
        first = dict(zip(kinds, itertools.accumulate([0, *kinds.values()]), strict=False))
        self.places = {kind: [p for p, k in enumerate(vocabulary.kinds) if k == kind] for kind in kinds}
        self.offsets = torch.tensor([first[kind] for kind in vocabulary.kinds])
        self.start = nn.Parameter(torch.empty(embedding, dtype=torch.float64))
        empty = {"device": "meta", "dtype": torch.float64}  # elsewhere modules draw first weights from the global generator
        self.embedding = nn.Embedding(sum(kinds.values()), embedding, **empty).to_empty(device="cpu")
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True, **empty).to_empty(device="cpu")
        self.heads = nn.ModuleList(nn.Linear(hidden, size, **empty).to_empty(device="cpu") for size in kinds.values())
        drawn = generator(seed, 1)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1, generator=drawn)

    def forward(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of all options at every place, given the tokens before it; float64 [sequences, tokens, most options].

        tokens: int64 [sequences, tokens]. Places with fewer options are filled up with minus infinity.
        """
        start = self.start.expand(len(tokens), 1, -1)
        fed = torch.cat([start, self.embedding(tokens[:, :-1] + self.offsets[:-1])], 1)
        states, _ = self.lstm(fed)
        found = states.new_full((*tokens.shape, max(self.vocabulary.sizes)), -torch.inf)
        for places, head in zip(self.places.values(), self.heads, strict=True):
            logits = head(states[:, places]).log_softmax(-1)
            found[:, places, : logits.shape[-1]] = logits
        return found

    def judge(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability of each sequence, and the entropy of each of its tokens; float64 [sequences] and [sequences, tokens].

        Both leave out tokens without meaning.
        """
        means = self.vocabulary.mask(tokens)
        logs = self(tokens)
        chosen = logs.gather(-1, tokens[..., None])[..., 0]
        finite = logs.masked_fill(logs == -torch.inf, 0.0)  # 0 log 0 is 0
        entropy = -(logs.exp() * finite).sum(-1)
        return (chosen * means).sum(-1), entropy * means

    @torch.no_grad()
    def sample(self, count: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
        """So many sequences and their log-probabilities; int64 [count, tokens] and float64 [count]."""
        heads = {place: head for places, head in zip(self.places.values(), self.heads, strict=True) for place in places}
        tokens = torch.zeros(count, len(self.vocabulary.tokens), dtype=torch.long)
        total = torch.zeros(count, dtype=torch.float64)
        fed, state = self.start.expand(count, 1, -1), None
        for place in range(tokens.shape[1]):
            out, state = self.lstm(fed, state)
            logs = heads[place](out[:, 0]).log_softmax(-1)
            means = self.vocabulary.means(place, tokens)
            tokens[:, place] = torch.multinomial(logs.exp(), 1, generator=drawn)[:, 0] * means
            total += logs.gather(-1, tokens[:, place, None])[:, 0] * means
            fed = self.embedding(tokens[:, place, None] + self.offsets[place])
        return tokens, total
