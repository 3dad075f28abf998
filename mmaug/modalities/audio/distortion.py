"""Ops that bend the waveform: overdriven, crushed to few bits, sent through a codec. Length and alignment stay."""

from __future__ import annotations

import io

import numpy as np

from mmaug.effects.sound import AudioState
from mmaug.modalities.audio import measure, passes, resampling
from mmaug.params import Choice, Magnitude
from mmaug.registry import register

FULL_BITS = 24.0
"""The bits of a float32 sample; with so many nothing is crushed."""

_SHORTEST_CODED = 0.05
"""Seconds: shorter recordings are coded with silence behind them."""

_BLOCK = 65536
"""Samples that are handed to an encoder at once: libvorbis keeps them all on the stack and crashes on a few minutes."""

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def _clipped(state: AudioState, *, share: float) -> AudioState:
    return state.distort() if share > 0 else state


@register("distortion", _clipped, share=Magnitude(0.0, 0.3, "of the samples", 0.0, 0.9))
def clip_distortion(samples: np.ndarray, rate: int, *, share: float) -> np.ndarray:
    """Cut off the highest peaks, as an overdriven amplifier does.

    share: of the samples that are cut off, in [0, 0.9], over all channels where something is heard (in a recording that is silent most
    of the time, a share of all samples would take everything).
    Source: audiomentations, ClippingDistortion; here of the active frames.
    """
    if share <= 0:
        return samples
    sizes = np.abs(measure.active_samples(samples, rate))
    place = min(int((1 - share) * sizes.size), sizes.size - 1)
    most = np.partition(sizes, place)[place]
    return np.clip(samples, -most, most)


def _crushed(state: AudioState, *, bits: float) -> AudioState:
    return state.distort() if bits < FULL_BITS else state


@register("distortion", _crushed, bits=Magnitude(FULL_BITS, 4.0, "bits", 2.0, FULL_BITS, scale="log"))
def bit_crush(samples: np.ndarray, rate: int, *, bits: float) -> np.ndarray:
    """Round every sample to one of few levels.

    bits: of a sample, in [2, 24], whole or not: from silence to the recording's peak there are 2 ** (bits - 1) levels, to the nearest whole
    one, and as many below.
    Source: audiomentations, BitCrush; here relative to the peak, so that a quiet recording does not become silence.
    """
    peak = measure.peak(samples)
    if bits >= FULL_BITS or peak < 1e-30:
        return samples
    return passes.rounded(samples, levels(bits) / peak)


def levels(bits: float) -> int:
    """How many levels a sample of so many bits has from silence to the peak: whole, so that the peak stays where it is."""
    return round(2 ** (bits - 1))


def _coded(state: AudioState, *, loss: float, codec: str) -> AudioState:
    return state.distort() if loss > 0 else state


@register("treatment", _coded, loss=Magnitude(0.0, 1.0, "of the codec's range", 0.0, 1.0), codec=Choice(("mp3", "vorbis")))
def compress_codec(samples: np.ndarray, rate: int, *, loss: float, codec: str) -> np.ndarray:
    """Send the sound through a lossy codec and back.

    loss: from 0, not coded, to 1, the lowest quality the codec has. codec: "mp3" (variable bit rate; rates it lacks are resampled
    to the nearest above) or "vorbis".
    Source: audiomentations, Mp3Compression; libsndfile with LAME and libvorbis.
    """
    if loss <= 0:
        return samples
    limit = max(measure.peak(samples), 1.0)  # encoders cut what is over full scale
    channels, length = samples.shape
    coded_rate = next((r for r in _MP3_RATES if r >= rate), _MP3_RATES[-1]) if codec == "mp3" else min(rate, 96_000)
    coded = resampling.resampled(samples / np.float32(limit), rate, coded_rate)
    missing = round(_SHORTEST_CODED * coded_rate) - coded.shape[1]
    coded = np.pad(coded, ((0, 0), (0, max(missing, 0))))
    width = 2 if codec == "mp3" else channels
    parts = [_through(coded[first : first + width], coded_rate, loss, codec) for first in range(0, channels, width)]
    out = resampling.resampled(np.concatenate(parts), coded_rate, rate)
    out = np.pad(out, ((0, 0), (0, max(length - out.shape[1], 0))))[:, :length]
    return np.ascontiguousarray(out * np.float32(limit)) if limit > 1 else np.ascontiguousarray(out)


def _through(samples: np.ndarray, rate: int, loss: float, codec: str) -> np.ndarray:
    """Encode and decode: float32 [channels, samples], as many as came."""
    import soundfile

    buffer = io.BytesIO()
    if codec == "mp3":
        mode = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE", "compression_level": 0.95 * loss}
    else:
        mode = {"format": "OGG", "subtype": "VORBIS", "compression_level": loss}
    with soundfile.SoundFile(buffer, "w", rate, samples.shape[0], **mode) as file:
        for first in range(0, samples.shape[1], _BLOCK):
            file.write(np.ascontiguousarray(samples[:, first : first + _BLOCK].T))
    buffer.seek(0)
    out = soundfile.read(buffer, dtype="float32", always_2d=True)[0].T
    length = samples.shape[1]
    return np.pad(out, ((0, 0), (0, max(length - out.shape[1], 0))))[:, :length]
