"""What the edges of an augmenting network do. Each begins as the identity: its last layer starts at zero."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRENGTHS = {"scale": 0.4, "shift": 0.5, "convolution": 0.3, "octaves": 1.0, "noise": 0.25, "gain": 0.3, "text": 0.5}
"""How far an edge may go: factors of colours about 1, shifts, what a convolution adds, band gains in octaves, noise; all of the range."""

GRID = 6
"""Places a side at which a noise decoder says what is added; smooth in between."""

BANDS = 6
"""Rings of spatial frequencies, or bands of a log-mel picture."""


def dense(inputs: int, outputs: int, generator: torch.Generator, *, zero: bool = False) -> nn.Linear:
    """A linear layer from a generator of its own; zero: it gives 0 at first."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        layer.weight.copy_(torch.zeros(outputs, inputs) if zero else torch.randn(outputs, inputs, generator=generator) / math.sqrt(inputs))
        layer.bias.zero_()
    return layer


def folded(x: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Values beyond a range mirrored back into it, so that slopes never vanish; values within stay to the bit.

    Source: Suzuki 2022, "TeachAugment", 3.3 (the triangle wave).
    """
    span = high - low
    turned = torch.remainder(x - low, 2 * span)
    return torch.where((x >= low) & (x <= high), x, low + torch.where(turned > span, 2 * span - turned, turned))


class Colour(nn.Module):
    """A small network at every pixel that sees its colour and the noise: a factor and a shift of each channel.

    Source: Suzuki 2022, "TeachAugment", 3.3 (colour augmentation).
    """

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.told = dense(channels, width, generator), dense(noise, width, generator)
        self.second, self.last = dense(width, width, generator), dense(width, 2 * channels, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        hidden = F.relu(self.first(x.movedim(1, -1)) + self.told(z)[:, None, None, :])
        factor, shift = (2 * self.last(F.relu(self.second(hidden))).sigmoid() - 1).movedim(-1, 1).chunk(2, 1)
        return x * (1 + STRENGTHS["scale"] * factor) + STRENGTHS["shift"] * shift


class Convolution(nn.Module):
    """Two 3 x 3 convolutions whose result is added; the noise moves what is between them."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.told = dense(noise, width, generator)
        self.first = nn.Parameter(torch.randn(width, channels, 3, 3, generator=generator) / math.sqrt(9 * channels))
        self.last = nn.Parameter(torch.zeros(channels, width, 3, 3))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        hidden = F.relu(F.conv2d(padded, self.first) + self.told(z)[:, :, None, None])
        return x + STRENGTHS["convolution"] * torch.tanh(F.conv2d(hidden, self.last, padding=1))


class Bands(nn.Module):
    """Rings of spatial frequencies made weaker or stronger; the mean stays."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.last = dense(noise, width, generator), dense(width, BANDS, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        down = torch.fft.fftfreq(height, device=x.device, dtype=x.dtype)[:, None]
        across = torch.fft.rfftfreq(width, device=x.device, dtype=x.dtype)[None]
        radius = (down.square() + across.square()).sqrt()
        ring = (radius / 0.5 * BANDS).long().clamp_max(BANDS - 1)
        octaves = STRENGTHS["octaves"] * torch.tanh(self.last(F.relu(self.first(z))))
        change = (torch.exp2(octaves) - 1)[:, ring] * (radius > 0)
        return x + torch.fft.irfft2(torch.fft.rfft2(x) * change[:, None], s=(height, width))


class Noise(nn.Module):
    """A smooth picture decoded from the noise and the mean colour, added. Source: Tang et al. 2020, "OnlineAugment", 3.3 (P-VAE)."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.channels = channels
        self.first = dense(noise + channels, 2 * width, generator)
        self.last = dense(2 * width, channels * GRID * GRID, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        told = torch.cat([z, x.mean((2, 3))], 1)
        made = torch.tanh(self.last(F.relu(self.first(told)))).view(-1, self.channels, GRID, GRID)
        return x + STRENGTHS["noise"] * F.interpolate(made, x.shape[-2:], mode="bilinear", align_corners=False)


class Cutout(nn.Module):
    """A soft rectangle that fades to the middle of the range: its place comes from the noise, its amount is learnt."""

    middle = 0.5

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.place = dense(noise, 4, generator)
        self.first, self.last = dense(noise, width, generator), dense(width, 1, generator, zero=True)

    def rectangle(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Centre and half sides (x, y, across, down), [b, 4] in shares of the picture, and the amount, [b] in -1..1."""
        placed = self.place(z).sigmoid()
        return torch.cat([placed[:, :2], 0.05 + 0.25 * placed[:, 2:]], 1), torch.tanh(self.last(F.relu(self.first(z))))[:, 0]

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        at, amount = self.rectangle(z)
        soft = 0.5 / min(x.shape[-2:])
        shares = []
        for place, side in ((0, x.shape[-1]), (1, x.shape[-2])):
            centres = (torch.arange(side, device=x.device, dtype=x.dtype) + 0.5) / side
            shares.append(((at[:, 2 + place, None] - (centres - at[:, place, None]).abs()) / soft).sigmoid())
        mask = shares[1][:, None, :, None] * shares[0][:, None, None, :] * amount[:, None, None, None]
        return x + mask * (self.middle - x)


class Gain(nn.Module):
    """Bands of a log-mel picture made louder or softer: a shift of each, smooth in between."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.last = dense(noise, width, generator), dense(width, BANDS, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        shift = torch.tanh(self.last(F.relu(self.first(z))))[:, None]
        return x + STRENGTHS["gain"] * F.interpolate(shift, x.shape[-2], mode="linear", align_corners=False)[..., None]


class Scale(nn.Module):
    """Each dimension of the embeddings [b, t, d] times a factor."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.last = dense(noise, width, generator), dense(width, channels, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return x * (1 + STRENGTHS["text"] * torch.tanh(self.last(F.relu(self.first(z))))[:, None])


class Mixing(nn.Module):
    """Something of the mean embedding of the text added to each token, as the token and the noise say."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.told = dense(channels, width, generator), dense(noise, width, generator)
        self.last = dense(width, 1, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        share = STRENGTHS["text"] * torch.tanh(self.last(F.relu(self.first(x) + self.told(z)[:, None])))
        return x + share * (x.mean(1, keepdim=True) - x)


class TextNoise(nn.Module):
    """What is decoded from each embedding and the noise, added in the embedding's own size.

    Source: Liu et al. 2023, "Learning multimodal data augmentation in feature space" (LeMDA), 3.2.
    """

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()
        self.first, self.told = dense(channels, width, generator), dense(noise, width, generator)
        self.last = dense(width, channels, generator, zero=True)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        size = x.detach().square().mean((1, 2), keepdim=True).sqrt()
        return x + STRENGTHS["text"] * size * torch.tanh(self.last(F.relu(self.first(x) + self.told(z)[:, None])))


class Skip(nn.Module):
    """What comes in goes out."""

    def __init__(self, channels: int, noise: int, width: int, generator: torch.Generator):
        super().__init__()

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return x


class Mask(Cutout):
    """A soft rectangle of a log-mel picture that fades to silence. Source: Park et al. 2019, "SpecAugment", 2."""

    middle = -1.0


Make = Callable[[int, int, int, torch.Generator], nn.Module]

MAKERS: dict[str, dict[str, Make]] = {
    "image": {"skip": Skip, "colour": Colour, "convolution": Convolution, "bands": Bands, "noise": Noise, "cutout": Cutout},
    "audio": {"skip": Skip, "gain": Gain, "convolution": Convolution, "noise": Noise, "cutout": Mask},
    "text": {"skip": Skip, "scale": Scale, "mixing": Mixing, "noise": TextNoise},
}
"""(channels, numbers of noise, hidden width, generator) -> the edge."""
