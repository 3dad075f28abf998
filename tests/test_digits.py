"""The tasks of benchmarks/: no writer, speaker or photo in two parts, the same rows every time, and room to win."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import mmaug as mm

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "benchmarks"))
pytest.importorskip("sklearn")

import captioned_cifar  # noqa: E402
import digits  # noqa: E402
import searchers  # noqa: E402

needs_digits = pytest.mark.skipif(not (DATA / "fsdd").is_dir(), reason="the shared data is not here")
needs_photos = pytest.mark.skipif(not (DATA / "cifar10").is_dir(), reason="the shared data is not here")
PARTS = ("train", "valid", "test")


def same(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def test_writers_and_speakers_are_in_one_part_only():
    """A gap of one writer's worth of pictures (1797 of 13 writers) between two parts, and nobody is heard in two."""
    places = [digits.PICTURES[part] for part in PARTS]
    for before, after in ((places[0], places[1]), (places[1], places[2])):
        assert after.start - before.stop >= 1797 / 13
    speakers = [set(digits.SPEAKERS[part]) for part in PARTS]
    assert not (speakers[0] & speakers[1] or speakers[0] & speakers[2] or speakers[1] & speakers[2])


@needs_digits
def test_digits_are_the_same_every_time_and_other_parts_are_other_rows():
    parts = {part: digits.rows(DATA, part) for part in PARTS}
    assert [len(parts[part]) for part in PARTS] == [960, 280, 277]
    again = digits.rows(DATA, "train", 50)
    assert all(same(a, b) for a, b in zip(again, parts["train"], strict=False))
    assert not all(same(a["audio"], b["audio"]) for a, b in zip(digits.rows(DATA, "train", 50, seed=1), again, strict=True))
    sounds = {part: {row["audio"]["array"].tobytes() for row in made} for part, made in parts.items()}
    pictures = {part: {row["image"].tobytes() for row in made} for part, made in parts.items()}
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not sounds[one] & sounds[other] and not pictures[one] & pictures[other]
    assert len({row["key"] for made in parts.values() for row in made}) == 960 + 280 + 277


@needs_digits
def test_a_row_agrees_with_itself():
    """Picture, recording and all captions are of one digit: the picture's nearest neighbours and the file's label say which."""
    rows = digits.rows(DATA, "train", 300)
    files = {digit: {file for _, file in files} for digit, files in enumerate(digits.recordings(DATA, "train"))}
    assert all(f"/{digit}_" in file.as_posix() for digit, found in files.items() for file in found)
    flat = np.stack([row["image"][..., 0].ravel() for row in rows]).astype(float)
    near = [rows[np.argsort(((flat - one) ** 2).sum(1))[1]]["digit"] for one in flat]
    assert np.mean([row["digit"] == other for row, other in zip(rows, near, strict=True)]) > 0.9
    for row in rows:
        names = {digits.NAMES[row["digit"]], str(row["digit"])}
        assert len(set(row["captions"])) == 3 and all(names & set(text.replace(",", "").split()) for text in row["captions"])
        assert row["image"].shape == (32, 32, 3) and row["image"].dtype == np.uint8 and row["image"][0, 0, 0] > row["image"].min()
    graph = mm.TransformGraph(mm.op("image.rotate90"), schema=digits.schema())
    assert any("forbids" in str(record) for row in rows for record in graph.run(row, key=row["key"])[1].vetoes)


@needs_digits
def test_variants_change_what_they_say_and_nothing_else():
    clean = digits.rows(DATA, "test", 40)
    for variant in digits.VARIANTS[1:]:
        made = digits.rows(DATA, "test", 40, variant=variant)
        for before, after in zip(clean, made, strict=True):
            assert not same(before["image"], after["image"])
            assert same(before["audio"], after["audio"]) == (variant != "noisy")
            assert all(same(before[name], after[name]) for name in ("key", "captions", "digit", "speaker"))
    noise = [a["audio"]["array"] - b["audio"]["array"] for a, b in zip(made, clean, strict=True)]
    ratios = [20 * np.log10(b["audio"]["array"].std() / one.std()) for one, b in zip(noise, clean, strict=True)]
    assert np.median(ratios) == pytest.approx(12, abs=0.3)
    with pytest.raises(ValueError, match="split must be one of train, valid, test"):
        digits.rows(DATA, "dev")


@needs_photos
def test_photos_are_in_one_part_only_and_the_same_every_time():
    parts = {part: captioned_cifar.rows(DATA, part) for part in PARTS}
    assert [len(parts[part]) for part in PARTS] == [3000, 1000, 1085]
    seen = [{row["image"].tobytes() for row in parts[part]} for part in PARTS]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    assert all(same(a, b) for a, b in zip(captioned_cifar.rows(DATA, "valid"), parts["valid"], strict=True))
    for row in parts["valid"]:
        assert len(set(row["captions"])) == 3
    assert {text.split()[-2] for row in parts["test"] if row["label"] == 0 for text in row["captions"] if "of" in text} == {"an"}


@needs_digits
def test_a_child_learns_digits_and_is_not_done(tmp_path):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    task = mm.ChildTask(digits.rows(DATA, "train", 96), digits.rows(DATA, "valid", 64), schema=digits.schema(), steps=30, seeds=1)
    found = task.evaluate(mm.policies.identity()).metrics
    assert found["headroom"] > 0.1 and found["mean_r@1"] > 0.15  # ten digits: 0.1 by chance
    assert task.modalities == ("image", "text", "audio")


@needs_digits
def test_a_comparison_ends_in_a_table_and_goes_on_where_it_was(tmp_path, monkeypatch):
    """One search and its tests, small: the table pairs children by seed, and the second time nothing is trained."""
    small = searchers.Setting(digits, 48, 24, mm.child.ChildConfig(mels=16, audio_patch=8, width=16), mm.child.Recipe(batch=16), 4, 6)
    monkeypatch.setattr(searchers, "SETTINGS", {"digits": small})
    monkeypatch.setattr(searchers, "TRIALS", 1)
    searchers.search(DATA, tmp_path, "digits", "random_search", 0)
    for name in ("identity", "manual_strong", "random_search-0"):
        searchers.score(DATA, tmp_path, "digits", name, 2)
    rows = list(searchers.table(tmp_path, ["identity", "manual_strong", "random_search", "joint_nas"], 1, 2))
    cells = {row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ")[1:] for row in rows[2:]}
    assert list(cells) == ["identity", "manual_strong", "random_search"], "what has no scores has no row"
    test, gain, *_, steps, _ = (float(cell) for cell in cells["random_search"])
    assert test - float(cells["identity"][0]) == pytest.approx(gain, abs=2e-3) and steps >= 4
    found = searchers.scored(tmp_path, "random_search-0")
    searchers.score(DATA, tmp_path, "digits", "random_search-0", 3)
    assert len(searchers.scored(tmp_path, "random_search-0")) == 3 and searchers.scored(tmp_path, "random_search-0")[:2] == found
    assert len(list(searchers.table(tmp_path, ["identity", "random_search"], 1, 2))) == 4
    before = (tmp_path / "random_search-0.json").read_bytes()
    searchers.search(DATA, tmp_path, "digits", "random_search", 0)
    again = mm.search.SearchResult.load(tmp_path / "random_search-0.json")
    assert again.history == mm.search.SearchResult.from_json(json.loads(before)).history
    dataclasses.replace(again, top=(dataclasses.replace(again.top[0], candidate=mm.Policy.sequence(mm.op("image.invert"))),)).save(
        tmp_path / "random_search-0.json"
    )
    assert searchers.scored(tmp_path, "random_search-0") == [], "the scores are of another policy"


def test_every_searcher_can_be_made_at_the_size_of_the_comparison():
    made = {name: make(seed=1) for name, make in searchers.searchers(120).items()}
    assert set(made) == set(mm.search.SEARCHERS) - {"trivial_augment"} and all(searcher.seed == 1 for searcher in made.values())
