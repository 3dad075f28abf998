"""Networks that augment recordings: what they hear, what they do to samples, that it was declared, and that they are searched for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal

import mmaug as mm
from mmaug.child.config import ChildConfig, Recipe
from mmaug.child.sound import LogMel
from mmaug.effects.sound import AudioState, audio_state
from mmaug.errors import MmaugError, PolicyError
from mmaug.modalities.audio import neural
from mmaug.neural.genotype import Genotype
from mmaug.neural.hearing import Hearing
from mmaug.neural.network import NeuralPolicy
from mmaug.registry import get_op
from mmaug.search.neural_augment import NeuralAugmentSearch

HEARS = Hearing(rate=16000, bands=32, frames=32, hop=1000)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Networks are not put into the user's store."""
    monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / "cache"))


def network(*ops: str, size: float = 0.0, seed: int = 0) -> NeuralPolicy:
    """A chain of edges; every weight moved at random by `size`."""
    graph = Genotype("audio", "none", tuple(((number, name), (0, "none")) for number, name in enumerate(ops)))
    made = NeuralPolicy(graph, 1, seed=seed, hears=HEARS)
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return made


def leaning() -> NeuralPolicy:
    """The lowest sixth of the mel scale 12 dB weaker, the highest 12 dB stronger, whatever the noise."""
    made = network("gain")
    edge: Any = made.edges["1_1_0_gain"]
    with torch.no_grad():
        edge.last.bias.copy_(torch.tensor([-9.0, 0, 0, 0, 0, 9]))
    return made


def covering() -> NeuralPolicy:
    """A rectangle that fades to silence, at a place that the noise says."""
    made = network("cutout")
    edge: Any = made.edges["1_1_0_cutout"]
    with torch.no_grad():
        edge.last.bias += 9
    return made


def hiss(seconds: float = 2.0, rate: int = 16000, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((1, round(seconds * rate)))).astype(np.float32)


def sweep(rate: int = 16000) -> np.ndarray:
    t = np.arange(3 * rate) / rate
    pulses = (t % 0.5 < 0.2) * np.asarray(signal.chirp(t, 200, 3, 7000))
    return np.asarray([0.3 * pulses + 0.05 * np.random.default_rng(1).standard_normal(len(t))], np.float32)


def declared(name: str, seed: int, seconds: float) -> AudioState:
    return get_op("audio.neural").compose(audio_state(seconds, 1), {"network": name, "seed": seed})


# -- what it hears -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "mels", "seconds"), [(16000, 64, 4.0), (8000, 32, 1.3), (4000, 16, 0.25)])
def test_it_hears_what_the_child_hears(rate, mels, seconds):
    """The child's picture is torch's short-time Fourier transform; ours is written anew for any length."""
    child = LogMel(ChildConfig(audio_rate=rate, mels=mels, audio_patch=8, audio_seconds=seconds), seconds)
    samples = np.float32(0.1) * np.random.default_rng(0).standard_normal((round(seconds * rate),), np.float32)
    samples[: len(samples) // 3] *= 0.001
    wanted = child([samples[None]])[0, 0].numpy()
    found = child.hears.picture(samples)
    assert found.shape[0] == mels and np.abs(found - wanted[:, : found.shape[1]]).max() < 1e-4
    assert found.shape[1] >= child.hears.frames - 1, "a last frame of which nothing is left need not be there"


def test_a_hearing_of_wrong_numbers_is_refused():
    for wrong in ({"rate": 0, "bands": 8, "frames": 8, "hop": 8}, {"rate": 8000}, {"rate": 8000.5, "bands": 8, "frames": 8, "hop": 8}):
        with pytest.raises(PolicyError, match="earing"):
            Hearing.from_json(wrong)


# -- what it does ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["gain", "convolution", "noise", "cutout", "skip"])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_every_network_begins_as_the_identity(op, rate):
    name, samples = network(op).keep(), hiss(0.7, rate)
    assert np.array_equal(neural.neural(samples, rate, network=name, seed=3), samples)
    assert declared(name, 3, 0.7).is_identity


@pytest.mark.parametrize("rate", [16000, 44100])
def test_bands_change_by_as_much_as_the_network_says(rate):
    """Welch's spectra before and after: 12 dB at the ends of the mel scale, nothing in the middle, and straight lines between sixths."""
    name, before = leaning().keep(), hiss(3.0, rate)
    after = neural.neural(before, rate, network=name, seed=0)
    hertz, was = signal.welch(before[0], rate, nperseg=2048)
    _, now = signal.welch(after[0], rate, nperseg=2048)
    change = 10 * np.log10(now / was)
    for asked in (60.0, 200.0, 300.0, 1200.0, 4000.0, 4800.0, 7500.0):
        place = 33 * np.log1p(asked / 700) / np.log1p(8000 / 700) - 1  # in bands
        wanted = np.interp((place + 0.5) * 6 / 32 - 0.5, np.arange(6), [-12, 0, 0, 0, 0, 12])
        assert change[np.abs(hertz - asked) < 40].mean() == pytest.approx(wanted, abs=1.0), asked


def test_a_cutout_silences_its_rectangle_and_nothing_else():
    net = covering()
    name, before = net.keep(), hiss(4.0)
    for seed in range(5):
        after = neural.neural(before, 16000, network=name, seed=seed)
        state = declared(name, seed, 4.0)
        was, now = (np.abs(signal.stft(one[0], 16000, nperseg=512)[2]) ** 2 for one in (before, after))
        share = signal.convolve2d(now, np.ones((5, 5)), "same") / signal.convolve2d(was, np.ones((5, 5)), "same")
        gone = share < 0.1
        assert 0.005 < gone.mean() < 0.5
        assert state.bands or state.muted
        assert np.median(share[~gone]) > 0.9


OPS = [("gain", "noise"), ("cutout",), ("convolution",), ("noise", "cutout", "convolution"), ("gain", "cutout")]


@pytest.mark.parametrize("ops", OPS)
@pytest.mark.parametrize("sound", [hiss(3.0), sweep()], ids=["hiss", "sweep"])
def test_what_is_lost_was_declared(ops, sound):
    """Wherever a spectrogram of the result is 9 dB weaker than before, the step said so: in a band, or a time that counts as silent."""
    lost = 0
    for seed in range(4):
        name = network(*ops, size=0.6, seed=seed).keep()
        after = neural.neural(sound, 16000, network=name, seed=seed)
        state = declared(name, seed, sound.shape[1] / 16000)
        hertz, times, was = signal.stft(sound[0], 16000, nperseg=1024)
        _, _, now = signal.stft(after[0], 16000, nperseg=1024)
        near = np.ones((7, 3))
        before, left = (signal.convolve2d(np.abs(one) ** 2, near, "same") for one in (was, now))
        weaker = (left < before * 10**-0.9) & (before > before.max() * 1e-4)
        said = np.zeros(weaker.shape, bool)
        for low, high in state.bands:
            said |= ((hertz >= low - 60) & (hertz <= high + 60))[:, None]
        for start, end in state.muted:
            said |= ((times >= start - 0.1) & (times <= end + 0.1))[None]
        assert not (weaker & ~said).any(), (seed, state.bands, state.muted)
        lost += int(weaker.sum())
    assert lost > 0 or ops == ("convolution",), "something must be lost for this to say anything"


def test_sides_length_and_silence_stay_and_the_same_seed_gives_the_same_bytes():
    name = network("noise", "cutout", size=0.6).keep()
    stereo = np.concatenate((hiss(1.0), 0.25 * hiss(1.0)))
    after = neural.neural(stereo, 16000, network=name, seed=4)
    assert after.dtype == np.float32 and after.shape == stereo.shape and not np.array_equal(after, stereo)
    assert np.allclose(after[1], 0.25 * after[0], atol=1e-6), "every channel alike"
    assert np.array_equal(after, neural.neural(stereo, 16000, network=name, seed=4))
    assert not np.array_equal(after, neural.neural(stereo, 16000, network=name, seed=5))
    assert not neural.neural(np.zeros((2, 999), np.float32), 16000, network=name, seed=4).any()
    for length in (0, 1, 7):
        assert neural.neural(stereo[:, :length], 16000, network=name, seed=4).shape == (2, length)
    assert neural.neural(stereo, 16000, network="", seed=4) is stereo


# -- in the graph ------------------------------------------------------------------------------------------------------------------------

SCHEMA = mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio"), words=mm.Words(of="audio"))


def row(caption: str) -> dict[str, Any]:
    spoken = [{"text": f"word{i}", "start": 0.4 * i, "end": 0.4 * i + 0.3} for i in range(10)]
    return {"audio": {"array": hiss(4.0)[0], "sampling_rate": 16000}, "caption": caption, "words": spoken}


def graph_of(name: str, schema: mm.Schema = SCHEMA) -> mm.TransformGraph:
    return mm.TransformGraph(mm.Policy.sequence(mm.op("audio.neural", network=name)), schema=schema)


def test_captions_drop_a_step_that_takes_what_they_need():
    lowest, loud = leaning().keep(), row("loud rain falls")
    steps = {}
    for caption in ("loud rain falls", "rain falls", "a low rumble"):
        graph = graph_of(lowest)
        out, trace = graph.run(row(caption), key=0)
        steps[caption] = bool(trace.applied)
        assert trace.applied or np.array_equal(out["audio"]["array"], loud["audio"]["array"])
    assert steps == {"loud rain falls": False, "rain falls": True, "a low rumble": False}


def test_words_are_masked_where_the_network_silences_them():
    """The words whose samples lost most of their energy are those that the row no longer has."""
    net = covering()
    edge: Any = net.edges["1_1_0_cutout"]
    with torch.no_grad():  # from bottom to top, in the middle
        edge.place.weight.zero_()
        edge.place.bias.copy_(torch.tensor([0.0, 0.0, -1.0, 9.0]))
    schema = mm.Schema(audio=mm.Audio(), words=mm.Words(of="audio"))
    spoken = {name: value for name, value in row("").items() if name != "caption"}
    out = graph_of(net.keep(), schema)(spoken, key=1)
    before, after = row("")["audio"]["array"], out["audio"]["array"]
    masked = 0
    for was, now in zip(row("")["words"], out["words"], strict=True):
        part = slice(round(was["start"] * 16000), round(was["end"] * 16000))
        left = np.square(after[part]).sum() / np.square(before[part]).sum()
        masked += now["text"] == "<masked>"
        assert left > 0.5 or now["text"] == "<masked>", (was, left)
    assert 1 <= masked <= 6


def test_batches_are_as_row_by_row():
    graph = graph_of(network("noise", size=0.4).keep())
    rows = [row("rain falls"), row("a low rumble"), row("rain falls")]
    together = graph.batch(rows, keys=[1, 2, 3])
    for key, (one, out) in enumerate(zip(rows, together, strict=True), 1):
        alone = graph(one, key=key)
        assert np.array_equal(alone["audio"]["array"], out["audio"]["array"]) and alone["words"] == out["words"]


def test_other_networks_are_refused_for_sound():
    picture = NeuralPolicy(Genotype("image", "none", (((0, "colour"), (0, "none")),)))
    deaf = NeuralPolicy(Genotype("audio", "none", (((0, "gain"), (0, "none")),)), 1)
    for net, why in ((picture, "for sound"), (deaf, "hears")):
        with pytest.raises(MmaugError, match=why):
            neural.neural(hiss(), 16000, network=net.keep(), seed=0)


def test_what_it_hears_is_saved_with_it(tmp_path):
    assert NeuralPolicy.load(network("gain").save(tmp_path / "net")).hears == HEARS


# -- the search --------------------------------------------------------------------------------------------------------------------------


def sounding(rows: int = 24) -> mm.ChildTask:
    """Pictures and tones of one colour and pitch each, with captions."""
    rng, made = np.random.default_rng(3), []
    for number in range(rows):
        kind = number % 4
        tone = np.sin(2 * np.pi * 300 * (kind + 1) * np.arange(1000) / 4000).astype(np.float32)
        tone = 0.3 * tone + 0.05 * rng.standard_normal(1000).astype(np.float32)
        picture = np.clip(60 * kind + rng.normal(0, 20, (16, 16, 3)), 0, 255).astype(np.uint8)
        made.append({"image": picture, "audio": {"array": tone, "sampling_rate": 4000}, "caption": ("one", "two", "three", "four")[kind]})
    tiny = ChildConfig(
        image_size=16, width=16, layers=1, heads=2, projection=16, mels=16, audio_patch=8, audio_rate=4000, audio_seconds=0.25
    )
    schema = mm.Schema(image=mm.Image(), audio=mm.Audio(), caption=mm.Caption(of=("image", "audio")))
    return mm.ChildTask(made[:16], made[16:], schema=schema, steps=4, child=tiny, recipe=Recipe(batch=8))


@pytest.mark.parametrize("method", ["evolution", "darts"])
def test_a_search_over_pictures_and_sound_gives_a_policy_for_both(method):
    task = sounding()
    searcher = NeuralAugmentSearch(method, trials=4, steps=4, children=1, nodes=2, width=4, least=0.01, recipe={"every": 1, "rate": 0.01})
    searcher.begin(task, None)
    while searcher.step() is not None:
        pass
    found = searcher.best(8)
    names = [tuple(op.name for op in policy.ops()) for policy in found if isinstance(policy, mm.Policy)]
    assert {("image.neural", "audio.neural"), ("image.neural",), ("audio.neural",)} <= set(names) and len(set(map(str, found))) == len(
        found
    )
    told = searcher.diagnostics()
    assert told["image"]["trials"] == told["audio"]["trials"] == 2
    both = next(policy for policy, used in zip(found, names, strict=True) if len(used) == 2)
    assert isinstance(both, mm.Policy)
    assert task.evaluate(both).objective is not None


def test_only_one_modality_if_that_is_asked_for():
    searcher = NeuralAugmentSearch(modalities=("audio",), trials=1, steps=2, children=1, nodes=1, width=4, least=0.0, recipe={"rate": 0.01})
    searcher.begin(sounding(), None)
    searcher.step()
    (policy,) = searcher.best(3)
    assert isinstance(policy, mm.Policy) and [op.name for op in policy.ops()] == ["audio.neural"]
