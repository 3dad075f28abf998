"""The steps on samples for many recordings of one length, each with parameters of its own.

Each is what the numpy op does, to within rounding: noise and rooms are drawn by the same generators on the CPU. Samples are float32
[batch, channels, samples].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmaug.effects import equaliser
from mmaug.effects.equaliser import Sections
from mmaug.effects.sound import AUDIBLE, Band
from mmaug.modalities.audio import bands, distortion, level, measure, noise, room

Params = Sequence[dict[str, Any]]

_FADED = 1e-6
"""A filter has rung out when this share of the amplitude is left."""


def filtered(samples: Tensor, rate: int, filters: Sequence[Sections]) -> Tensor:
    """Each recording through its filter, as if the first sample had lasted forever before."""
    length = samples.shape[-1]
    slowest = max((abs(pole) for sections in filters for section in sections for pole in np.roots(section[3:])), default=0.0)
    tail = 0 if slowest == 0 else min(math.ceil(math.log(_FADED) / math.log(min(slowest, 1 - 1e-6))), 8 * rate)
    whole = _fast_length(length + tail)
    hertz = np.arange(whole // 2 + 1) * (rate / whole)
    responses = np.stack([equaliser.response(sections, hertz, rate) for sections in filters])
    constant = _column(np.real(responses[:, 0]), samples)
    first = samples[..., :1]
    spectrum = torch.fft.rfft(samples - first, whole)
    spectrum *= torch.from_numpy(responses.astype(np.complex64)).to(samples.device)[:, None]
    return torch.fft.irfft(spectrum, whole)[..., :length] + constant * first


def masked(samples: Tensor, rate: int, taken: Sequence[Band]) -> Tensor:
    """Each recording without one band, in frames that overlap by half, under a sine window before and after."""
    half, length = bands.half_frame(rate), samples.shape[-1]
    frames = math.ceil(length / half) + 1
    padded = torch.nn.functional.pad(samples, (half, (frames + 1) * half - half - length))
    window = torch.from_numpy(bands.sine_window(half)).to(samples.device)
    kept = np.stack([bands.kept_bins(half, rate, low, high) for low, high in taken])
    spectra = torch.fft.rfft(padded.unfold(-1, 2 * half, half) * window)
    spectra *= torch.from_numpy(kept).to(samples.device)[:, None, None]
    made = torch.fft.irfft(spectra, 2 * half) * window
    out = torch.zeros_like(padded).view(*samples.shape[:2], frames + 1, half)
    out[:, :, :-1] += made[..., :half]
    out[:, :, 1:] += made[..., half:]
    return out.view(*samples.shape[:2], -1)[..., half : half + length]


def muted(samples: Tensor, rate: int, spans: Sequence[tuple[float, float]]) -> Tensor:
    """Each recording silent from start to end, in seconds, with fades inside."""
    out = samples.clone()
    for row, (start, end) in zip(out, spans, strict=True):
        first, last = round(start * rate), min(round(end * rate), samples.shape[-1])
        if first < last:
            row[:, first:last] *= torch.from_numpy(bands.fades(last - first, rate)).to(samples.device)
    return out


def active_power(samples: Tensor, rate: int) -> Tensor:
    """The mean square over the active frames of each recording: float32 [batch]."""
    framed, active = _active(samples, rate)
    if framed is None:
        return samples.square().mean(dim=(1, 2))
    return (framed.square().mean(dim=(1, 3)) * active).sum(dim=1) / active.sum(dim=1)


def _active(samples: Tensor, rate: int) -> tuple[Tensor | None, Tensor]:
    """The frames of each recording, [batch, channels, frames, samples], and which are active, bool [batch, frames]; as `measure` says."""
    frame = max(round(measure.FRAME * rate), 1)
    count = samples.shape[-1] // frame
    if count < 2:
        return None, samples
    framed = samples[..., : count * frame].reshape(*samples.shape[:2], count, frame)
    powers = framed.square().mean(dim=(1, 3))
    return framed, powers >= measure.ACTIVE * powers.amax(dim=1, keepdim=True)


def noisy(samples: Tensor, rate: int, noises: Sequence[np.ndarray], params: Params) -> Tensor:
    """Each recording with its noise, [channels or 1, samples], at its ratio `snr_db`."""
    ratios = _column(np.array([10 ** (-p["snr_db"] / 10) if p["snr_db"] < noise.UNHEARD else 0.0 for p in params]), samples)
    added = _stacked(noises, samples)
    power = added.square().mean(dim=(1, 2))[:, None, None]
    wanted = active_power(samples, rate)[:, None, None] * ratios
    return samples + added * torch.where(power > 0, wanted / power.clamp_min(1e-30), power).sqrt()


def reverberant(samples: Tensor, rate: int, params: Params) -> Tensor:
    """Each recording with what the walls of its room give back, as loud as before."""
    shape = tuple(samples.shape[1:])
    walls = [room.walls_of(shape, rate, **{k: v for k, v in p.items() if k != "wet"}) for p in params]
    longest = max(w.shape[1] for w in walls)
    stacked = _stacked([np.pad(w, ((0, 0), (0, longest - w.shape[1]))) for w in walls], samples)
    whole = _fast_length(shape[1] + longest)
    given = torch.fft.irfft(torch.fft.rfft(samples, whole) * torch.fft.rfft(stacked, whole), whole)[..., : shape[1]]
    out = samples + _column(np.array([p["wet"] for p in params]), samples) * given
    before, after = (x.square().mean(dim=(1, 2))[:, None, None] for x in (samples, out))
    scaled = out * torch.where(after > 0, before / after.clamp_min(1e-30), after).sqrt()
    return torch.where((_column(np.array([p["wet"] for p in params]), samples) > 0), scaled, samples)


def clipped(samples: Tensor, rate: int, params: Params) -> Tensor:
    """Each recording with its `share` of samples cut off at the top."""
    tops = []
    for row, own in zip(samples, params, strict=True):
        framed, active = _active(row[None], rate)
        sizes = row.abs().flatten() if framed is None else framed[0][:, active[0]].abs().flatten()
        place = min(int((1 - own["share"]) * sizes.numel()), sizes.numel() - 1)
        tops.append(sizes.kthvalue(place + 1).values if own["share"] > 0 else row.abs().max())
    most = torch.stack(tops)[:, None, None]
    return samples.maximum(-most).minimum(most)


def crushed(samples: Tensor, rate: int, params: Params) -> Tensor:
    """Each recording rounded to its levels."""
    peak = samples.abs().amax(dim=(1, 2), keepdim=True)
    wanted = torch.tensor([distortion.levels(p["bits"]) for p in params], dtype=torch.float64, device=samples.device)[:, None, None]
    levels = wanted / peak.clamp_min(1e-30)  # float64 as in numpy, so that samples between two levels fall the same way
    off = _column(np.array([p["bits"] >= distortion.FULL_BITS for p in params]), samples) > 0
    return torch.where(off | (peak < 1e-30), samples, (samples * levels.float()).round() * (1 / levels).float())


def normalized(samples: Tensor, rate: int, params: Params) -> Tensor:
    """Each recording with its peak where it belongs."""
    peak = samples.abs().amax(dim=(1, 2), keepdim=True)
    wanted = _column(np.array([10 ** (p["peak_db"] / 20) for p in params]), samples)
    return torch.where(peak > 1e-30, samples * (wanted / peak.clamp_min(1e-30)), samples)


def tremolo(samples: Tensor, rate: int, params: Params) -> Tensor:
    """Each recording going down and up in its rhythm."""
    angles = np.stack([level.angles(samples.shape[-1], p["beats_hz"] / rate, p["phase"]) for p in params])
    half = _column(np.array([p["depth"] / 2 for p in params]), samples)
    return samples * (1 - half + half * torch.from_numpy(angles).to(samples.device).cos()[:, None])


TREATMENTS: dict[Callable[..., Any], Callable[[Tensor, int, Params], Tensor]] = {
    noise.gaussian_noise: lambda x, rate, ps: noisy(x, rate, [noise.white(x.shape[1:], p["seed"]) for p in ps], ps),
    noise.colored_noise: lambda x, rate, ps: noisy(x, rate, [noise.coloured(x.shape[1:], rate, p["exponent"], p["seed"]) for p in ps], ps),
    noise.background: lambda x, rate, ps: noisy(
        x, rate, [noise.behind(x.shape[1:], rate, p["source"], p["which"], p["start"], p["seed"]) for p in ps], ps
    ),
    room.reverb: reverberant,
    distortion.clip_distortion: clipped,
    distortion.bit_crush: crushed,
    level.normalize: normalized,
    level.tremolo: tremolo,
}
"""What runs on whole batches. The others (codecs, the compressor, stretching, resampling) go recording by recording on the CPU."""


def can_mask(rate: int, taken: tuple[Band, ...]) -> bool:
    """Whether a band is taken away in frames, not by resampling."""
    return all(high < min(AUDIBLE[1], rate / 2) and low < rate / 2 for low, high in taken) and len(taken) == 1


def _fast_length(length: int) -> int:
    """The next length of small factors, so that the transform is fast."""
    best = 1 << max(length - 1, 1).bit_length()
    for odd in (3, 5, 9, 15):
        candidate = odd << max(math.ceil(math.log2(length / odd)), 1)
        best = candidate if length <= candidate < best else best
    return best


def _column(values: np.ndarray, like: Tensor) -> Tensor:
    """A number for each recording: float32 [batch, 1, 1]."""
    return torch.from_numpy(np.asarray(values, np.float32)).to(like.device)[:, None, None]


def _stacked(arrays: Sequence[np.ndarray], like: Tensor) -> Tensor:
    """Arrays [channels or 1, samples] as one tensor; one channel stands for all."""
    channels = like.shape[1]
    return torch.stack([torch.from_numpy(np.ascontiguousarray(a)).to(like.device).expand(channels, -1) for a in arrays])
