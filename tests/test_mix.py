"""Mixing rows: pixels and samples against naive loops and torchvision; the same bytes whatever the batch or worker."""

from __future__ import annotations

import copy
import json
import math
import multiprocessing
import pickle

import numpy as np
import pytest
from mixing import PLAIN, SCHEMA, SOUNDS, digest, graph, pictures, plain, scene, tone
from PIL import Image
from scipy import stats

import mmaug as mm
from mmaug.mix import recipes
from mmaug.mix.parameters import smaller_of_beta
from mmaug.plan import Plan

# -- pixels and samples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.07, 0.3, 0.5, 0.81, 1.0])
def test_mixup_is_that_of_a_naive_loop_and_of_torchvision(share):
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    rows = pictures()
    out = graph(mm.op("mix.mixup", share=share), schema=PLAIN)(rows["p0"], key="p0", partners=rows)["image"]
    own, other = rows["p0"]["image"], rows["p1"]["image"]
    for y, x, c in np.ndindex(own.shape):
        exact = (1 - share) * int(own[y, x, c]) + share * int(other[y, x, c])
        assert abs(int(out[y, x, c]) - exact) <= 0.5 + 1e-3
    batch = torch.stack([torch.from_numpy(picture).permute(2, 0, 1).float() for picture in (own, other)])
    params = {"labels": None, "batch_size": 2, "lam": 1 - share}
    theirs = v2.MixUp(num_classes=2).transform(batch, params)[0].permute(1, 2, 0).numpy()
    assert np.abs(out - theirs).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(("share", "x", "y"), [(0.25, 0.0, 0.0), (0.1, 0.7, 0.4), (0.5, 1.0, 1.0), (1.0, 0.3, 0.3)])
def test_cutmix_is_that_of_a_naive_loop_and_of_torchvision(share, x, y):
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    rows = pictures()
    out, trace = graph(mm.op("mix.cutmix", share=share, x=x, y=y), schema=PLAIN).run(rows["p0"], key="p0", partners=rows)
    own, other = rows["p0"]["image"], rows["p1"]["image"]
    width, height = round(40 * math.sqrt(share)), round(30 * math.sqrt(share))
    left, top = round(x * (40 - width)), round(y * (30 - height))
    pasted = 0
    for row, column in np.ndindex(30, 40):
        inside = left <= column < left + width and top <= row < top + height
        pasted += inside
        assert (out["image"][row, column] == (other if inside else own)[row, column]).all()
    assert trace.mixed is not None and trace.mixed.shares["image"] == pytest.approx(pasted / 1200)
    batch = torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture in (own, other)])
    params = {"labels": None, "batch_size": 2, "box": (left, top, left + width, top + height)}
    assert (out["image"] == v2.CutMix(num_classes=2).transform(batch, params)[0].permute(1, 2, 0).numpy()).all()


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.4, 1.0, 2.0, 8.0])
def test_a_beta_share_is_the_smaller_part_of_a_beta_number(alpha):
    numbers = (np.arange(4000) + 0.5) / 4000
    shares = [smaller_of_beta(alpha, u) for u in numbers]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 0.5
    below = 2 * stats.beta(alpha, alpha).cdf(shares)  # what lies below t or above 1 - t
    assert np.abs(below - numbers).max() < 1e-3
    drawn = [step.params["share"] for key in range(600) for step in graph(mm.op("mix.mixup", share=("beta", alpha))).plan(key=key).steps]
    assert stats.kstest(drawn, lambda t: 2 * stats.beta(alpha, alpha).cdf(t)).pvalue > 1e-3


def test_sounds_are_mixed_as_in_a_naive_loop_and_each_is_as_loud_as_its_share():
    rng = np.random.default_rng(0)
    own, other = (rng.normal(0, level, 4000).astype(np.float32) for level in (0.2, 0.02))
    for share in (0.3, 0.5, 0.65):
        made = recipes.Overlap(share, 0.0).run(own[None], other[None], (8000, 8000))[0]
        levels = [20 * math.log10(math.sqrt(sum(float(s) ** 2 for s in sound) / len(sound))) for sound in (own, other)]
        p = 1 / (1 + 10 ** ((levels[0] - levels[1]) / 20) * share / (1 - share))
        naive = [(p * float(a) + (1 - p) * float(b)) / math.sqrt(p**2 + (1 - p) ** 2) for a, b in zip(own, other, strict=True)]
        assert np.abs(made - naive).max() < 1e-4
        parts = [np.dot(made, sound) / np.dot(sound, sound) * np.std(sound) for sound in (own, other)]
        assert parts[1] / parts[0] == pytest.approx(share / (1 - share), rel=0.03)


def test_a_partner_of_another_rate_length_and_number_of_channels_is_made_to_fit():
    rows = {
        "a": {"audio": {"array": np.zeros((2, 16000), np.float32), "sampling_rate": 16000}, "caption": ""},
        "b": {"audio": tone(440, 8000, 0.5, 0.5), "caption": "a tone"},
        "long": {"audio": (tone(440, 16000, 3.0, 0.5)["array"], 16000), "caption": "a tone goes on"},
    }
    mix = graph(mm.op("mix.audio_mix", share=0.5, start=1.0, captions="weigh"), schema=SOUNDS)
    out = mix(rows["a"], key="a", partners={"b": rows["b"]})["audio"]
    assert out["sampling_rate"] == 16000 and out["array"].shape == (2, 16000) and out["array"].dtype == np.float32
    assert not out["array"][:, :7900].any() and (out["array"][0] == out["array"][1]).all()
    peak = np.abs(np.fft.rfft(out["array"][0, 8000:])).argmax() * 2
    assert peak == 440 and np.abs(out["array"]).max() == pytest.approx(0.5 / math.sqrt(2), rel=0.02)  # power of one: p / sqrt(2 p^2)
    long = mix(rows["a"], key="a", partners={"long": rows["long"]})["audio"]["array"]
    assert long.shape == (2, 16000) and np.abs(long[:, -1000:]).max() > 0.3


def test_a_peak_stays_within_full_scale_and_a_note_says_so():
    rows = {key: {"audio": {"array": np.full(800, 0.95, np.float32), "sampling_rate": 8000}, "caption": "a hum"} for key in "ab"}
    out, trace = graph(mm.op("mix.audio_mix", share=0.5), schema=SOUNDS).run(rows["a"], key="a", partners=rows)
    assert np.abs(out["audio"]["array"]).max() <= 1 and "quieter" in trace.notes[0]
    assert out["caption"] == "a hum, and a hum"


def test_forms_of_pictures_stay_and_frames_are_mixed_one_by_one():
    torch = pytest.importorskip("torch")
    rows = pictures()
    own, other = rows["p0"]["image"], rows["p1"]["image"]
    wanted = graph(mm.op("mix.mixup", share=0.3), schema=PLAIN)(rows["p0"], key="p0", partners=rows)["image"]
    mix = graph(mm.op("mix.mixup", share=0.3), schema=PLAIN)
    pil = {"a": {"image": Image.fromarray(own), "caption": "a"}, "b": {"image": torch.from_numpy(other).permute(2, 0, 1), "caption": "b"}}
    made = mix(pil["a"], key="a", partners=pil)["image"]
    assert isinstance(made, Image.Image) and (np.asarray(made) == wanted).all()
    assert (mix(pil["b"], key="b", partners=pil)["image"].shape) == (3, 30, 40)
    frames = {"a": {"image": [own, other], "caption": "a"}, "b": {"image": [other, own], "caption": "b"}}
    films = mix(frames["a"], key="a", partners=frames)["image"]
    assert len(films) == 2 and (films[0] == wanted).all()
    alpha = np.dstack([own, np.full((30, 40), 77, np.uint8)])
    shown = mix({"image": alpha, "caption": "a"}, key="x", partners={"p1": rows["p1"]})["image"]
    assert (shown[..., :3] == wanted).all() and (shown[..., 3] == 77).all()


@pytest.mark.parametrize("name", ["mix.mixup", "mix.cutmix", "mix.mixgen", "mix.audio_mix"])
def test_neither_row_is_changed_and_nothing_of_theirs_is_in_the_mixture(name):
    """MixGen's own code mixes in place, so that a row that was mixed is mixed into the next one."""
    schema = mm.Schema(image=mm.Image(), mask=mm.Mask(of="image", optional=True), audio=mm.Audio())
    rng = np.random.default_rng(0)
    rows = {
        key: {"image": rng.integers(0, 256, (30, 40, 3), np.uint8), "audio": (rng.uniform(-1, 1, 800).astype(np.float32), 8000)}
        for key in "ab"
    }
    if name == "mix.cutmix":
        rows = {key: {**row, "mask": rng.integers(0, 9, (30, 40), np.uint8)} for key, row in rows.items()}
    before = copy.deepcopy(rows)
    made = graph(mm.op(name, share=0.4), schema=schema).run_batch([rows["a"], rows["b"]], keys=["a", "b"], partners=rows)
    assert plain(rows) == plain(before) and all(trace.mixed is not None for _, trace in made)
    for kind in ("image",) if name != "mix.audio_mix" else ():
        for out, _ in made:
            assert not any(np.shares_memory(out[kind], row[kind]) for row in rows.values())
    swapped = graph(mm.op(name, share=0.4), schema=schema).run_batch([rows["b"], rows["a"]], keys=["b", "a"], partners=rows)
    assert [plain(out) for out, _ in swapped[::-1]] == [plain(out) for out, _ in made]


# -- the same bytes whatever the batch or worker ----------------------------------------------------------------------


def everything() -> mm.Policy:
    mixing = [
        mm.op("mix.cutmix", share=(0.1, 0.5), captions="join"),
        mm.op("mix.mixup", share=("beta", 1.0)),
        mm.op("mix.cutmix", strength=1.0),
    ]
    return mm.Policy.sequence(
        mm.op("image.horizontal_flip", p=0.5),
        mm.op("text.choose_caption"),
        mm.Policy.choice([*mixing, mm.op("mix.audio_mix", captions="weigh"), either()]),
        mm.op("image.random_resized_crop", strength=0.3, p=0.5),
        mm.op("audio.gain", strength=0.5),
    )


def either() -> mm.Policy:
    """The second where the first cannot be true."""
    return mm.Policy.sequence(mm.op("mix.cutmix", share=0.4, captions="join"), mm.op("mix.mixup", share=0.2))


def test_batches_of_any_sort_give_what_single_rows_get():
    rows = {f"row {n}": scene(n, 20 * n) for n in range(10)}
    mix, before = graph(everything(), seed=3), plain(rows)
    keys = list(rows)
    alone = {key: digest(mix.run(row, key=key, epoch=1, view=2, partners=rows)) for key, row in rows.items()}
    assert len(set(alone.values())) == 10 and plain(rows) == before
    shuffled = mm.mix.Partners(dict(reversed(rows.items())))
    for part in (keys, keys[::-1], keys[3:5]):
        made = mix.run_batch([rows[key] for key in part], keys=part, epoch=1, view=2, partners=shuffled)
        assert [digest(one) for one in made] == [alone[key] for key in part]
    by_function = mm.mix.Partners(lambda key: copy.deepcopy(rows[key]), keys=keys[::-1])
    assert digest(mix.run(rows["row 4"], key="row 4", epoch=1, view=2, partners=by_function)) == alone["row 4"]
    assert plain(rows) == before


def _work(job: bytes) -> str:
    mix, rows, key = pickle.loads(job)
    return digest(mix.run(rows[key], key=key, partners=rows))


def test_workers_give_the_same_bytes():
    rows = {f"row {n}": scene(n) for n in range(4)}
    mix = graph(everything(), seed=1)
    alone = [digest(mix.run(row, key=key, partners=rows)) for key, row in rows.items()]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_work, [pickle.dumps((mix, rows, key)) for key in rows]) == alone


def test_through_torch_the_mixture_is_the_same_but_for_rounding():
    pytest.importorskip("torch")
    from mmaug import batch

    rows = {f"row {n}": scene(n) for n in range(12)}
    mix = graph(everything(), seed=2)
    bounds = [mix.resolve(mix.plan(key=key, partners=rows), row, partners=rows) for key, row in rows.items()]
    assert sum(bound.mixture is not None for bound in bounds) > 2
    partners = [bound.mixture.partner for bound in bounds if bound.mixture is not None]
    original, batch._unmixed = batch._unmixed, lambda bounds, keys, schema, _, memory: batch.on_device(bounds, keys, schema, "cpu", memory)
    try:
        made = batch.apply(bounds, list(rows), SCHEMA, "cpu", 256.0)
    finally:
        batch._unmixed = original
    assert partners and len(made) == 12
    for (out, _), (key, row) in zip(made, rows.items(), strict=True):
        expected = mix(row, key=key, partners=rows)
        assert out["captions"] == expected["captions"] and out["objects"] == expected["objects"]
        assert (np.abs(np.asarray(out["image"], int) - np.asarray(expected["image"])) > 4).mean() < 0.05


def test_the_partner_is_in_the_plan_with_the_plan_that_its_own_row_gets():
    rows = {f"row {n}": scene(n) for n in range(5)}
    mix = graph(mm.op("mix.mixup"), mm.op("image.rotate", degrees=(-20, 20)), mm.op("audio.gain", strength=1.0))
    for epoch in range(4):
        plan = mix.plan(key="row 1", epoch=epoch, partners=rows)
        assert [step.op for step in plan.steps] == ["image.rotate", "audio.gain", "mix.mixup"]  # mixing comes last
        (key, other) = plan.partners[0]
        assert plan.steps[-1].params["partner"] == key != "row 1"
        assert other.steps == mix.plan(key=key, epoch=epoch, partners=rows).steps[:2]
        again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
        assert again == plan
        alone, both = (mix.apply(mix.resolve(one, rows["row 1"], partners=rows), rows["row 1"]) for one in (again, plan))
        assert plain(alone) == plain(both) == plain(mix(rows["row 1"], key="row 1", epoch=epoch, partners=rows))


def test_mixing_moves_no_other_draw():
    rest = (mm.op("image.rotate", degrees=(-20, 20)), mm.op("image.brightness", strength=1.0))
    for last in (mm.op("mix.mixup"), mm.op("mix.cutmix", p=0.5), mm.op("image.invert", p=0.0)):
        steps = graph(*rest, last).plan(key=3, partners=[{}, {}, {}, {}]).steps
        assert steps[:2] == graph(*rest).plan(key=3).steps
