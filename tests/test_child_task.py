"""The evaluator on real rows: rewards, runs, frozen folds; what a policy that tears pairs apart does to a child."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import weakref
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import mmaug as mm
from mmaug.child.config import ChildConfig, ChildError, Recipe
from mmaug.child.inputs import RowEncoder
from mmaug.child.rows import Rows
from mmaug.child.run import fingerprint
from mmaug.child.scoring import Embedded, retrieval
from mmaug.child.task import ChildTask, rungs, stratified, trainings
from mmaug.child.training import Training
from mmaug.cli import app
from mmaug.io import search as search_job
from mmaug.io.folder import Folder
from mmaug.search.base.candidate import JointCandidate
from mmaug.search.base.evaluator import Capability
from mmaug.testing.colour_world import COLOURS, FOLLOWED, KEPT, PLACES, SCHEMA, draw_world
from mmaug.testing.scenes import draw_scene, write_scenes

SMALL = ChildConfig(width=16, layers=1, heads=2, projection=16)
IDENTITY = mm.policies.identity()
NOISE = mm.Policy.sequence(mm.op("image.gaussian_noise", strength=0.3), mm.op("text.synonym", p=0.5))
GREY = mm.Policy.sequence(mm.op("image.cutout", p=1.0, strength=1.0), mm.op("image.gaussian_blur", strength=1.0))
SWAP = mm.Policy.sequence(mm.op("image.channel_shuffle", order=(2, 1, 0), p=0.5))
DATA = Path(__file__).parents[2] / "shared" / "data"


def make(train=48, valid=24, **options):
    options = {"child": SMALL, "recipe": Recipe(batch=16), "steps": 6, "seeds": 1, **options}
    return ChildTask(draw_world(train, 1), draw_world(valid, 2), schema=SCHEMA, **options)


@pytest.fixture(scope="module")
def task():
    return make()


# -- EVALUATE -----------------------------------------------------------------------------------------------------------------------------


def test_fidelities_are_a_third_of_the_steps_then_all_then_more_seeds():
    assert rungs(120, 2) == (1 / 6, 0.5, 1.0)
    assert [trainings(f, 120, 2) for f in rungs(120, 2)] == [(1, 40), (1, 120), (2, 120)]
    assert trainings(1.0, 10, 3) == (3, 10) and trainings(1e-6, 10, 1) == (1, 1)
    with pytest.raises(ChildError, match=r"fidelity must be in \(0, 1\]"):
        trainings(0.0, 10, 1)


def test_an_evaluation_is_the_same_in_another_process(task, tmp_path):
    """To the bit, also with other evaluations before it; and no global generator is moved."""
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    here = task.evaluate(NOISE, seed=3)
    assert torch.equal(torch.get_rng_state(), before) and np.array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    (tmp_path / "task").write_bytes(pickle.dumps(make()))
    code = (
        "import pickle, json, sys, torch\nimport mmaug as mm\n"
        f"torch.set_num_threads(2); task = pickle.load(open({str(tmp_path / 'task')!r}, 'rb'))\n"
        f"policy = mm.Policy.from_json(json.loads({json.dumps(json.dumps(NOISE.to_json()))}))\n"
        "task.evaluate(policy, seed=1); print(json.dumps(task.evaluate(policy, seed=3).to_json()))"
    )
    there = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert there["objective"] == here.objective and there["metrics"] == dict(here.metrics)
    assert here.metrics["objective"] != task.evaluate(NOISE, seed=4).metrics["objective"]


def test_identity_is_its_own_measure_and_is_trained_once(monkeypatch):
    fresh, taken, step = make(), [], Training.step
    monkeypatch.setattr(Training, "step", lambda self, batches: taken.append(1) or step(self, batches))
    first = fresh.evaluate(IDENTITY)
    assert first.objective == 0.0 and first.feasible and first.cost.steps == 6 and first.metrics["affinity"] == 0.0
    assert len(taken) == 6 and fresh.evaluate(IDENTITY) and len(taken) == 6
    assert first.metrics["identity_mean_r@1"] == first.metrics["mean_r@1"] == pytest.approx(1 - first.metrics["headroom"])


def test_the_cost_is_the_same_whichever_evaluation_comes_first():
    """So that a budget in steps holds as many trials in one process as in several, each of which trains its own identity."""
    one, other = make(), make()
    forwards = [one.evaluate(policy) for policy in (IDENTITY, NOISE, IDENTITY)]
    backwards = [other.evaluate(policy) for policy in (NOISE, IDENTITY, NOISE)]
    assert {made.cost.steps for made in (*forwards, *backwards)} == {6}
    assert {made.metrics["identity_steps"] for made in (*forwards, *backwards)} == {6.0}
    assert forwards[1].metrics == backwards[0].metrics == backwards[2].metrics


def test_the_objective_is_the_gain_less_what_the_constraints_are_missed_by():
    strict = make(penalty=0.5, least_affinity=0.5)
    made = strict.evaluate(NOISE)
    found = made.metrics
    missed = max(found["consistency_target"] - found["consistency"], 0) + max(0.5 - found["affinity"], 0)
    assert missed > 0 and not made.feasible
    assert made.objective == pytest.approx(found["mean_r@1"] - found["identity_mean_r@1"] - 0.5 * missed)
    directions = [found[f"{a}_r@1"] for a in ("image_to_text", "text_to_image")]
    assert found["mean_r@1"] == pytest.approx(np.mean(directions))


def test_two_seeds_are_averaged():
    both, one = make(seeds=2), make(seeds=1)
    found = both.evaluate(NOISE, seed=5)
    assert found.cost.steps == 12 and both.evaluate(NOISE, seed=5, fidelity=0.5).metrics == one.evaluate(NOISE, seed=5).metrics


def test_an_architecture_is_measured_against_the_default_child(task):
    found = task.evaluate(JointCandidate(IDENTITY, {"depth": 2, "width": 32}))
    assert found.metrics["identity_mean_r@1"] == task.evaluate(IDENTITY).metrics["identity_mean_r@1"]
    assert found.metrics["train_loss"] != task.evaluate(IDENTITY).metrics["train_loss"]
    failed = task.evaluate(JointCandidate(IDENTITY, {"colour": 1}))
    assert failed.objective is None and "unknown colour" in failed.error


def test_a_training_that_diverges_is_a_failed_trial(monkeypatch):
    fresh = make()
    fresh.evaluate(IDENTITY)

    def diverge(self, batches):
        raise ChildError("training step 3: the loss must be a number, got loss nan; look at the rows with keys 1, 2")

    monkeypatch.setattr(Training, "step", diverge)
    failed = fresh.evaluate(NOISE)
    assert failed.objective is None and not failed.feasible and "keys 1, 2" in failed.error


def test_a_task_that_leaves_nothing_to_win_is_refused():
    rows = [{**row, "caption": "a star"} for row in draw_world(12, 0)]
    same = ChildTask(rows, rows, schema=SCHEMA, child=SMALL, recipe=Recipe(batch=8), steps=2, seeds=1)
    with pytest.raises(ChildError, match="R@1 without augmentation is 1.000 after 2 steps, which leaves less than 0.05 to win"):
        same.evaluate(NOISE)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([], "train: a child must be given at least one row"),
        (draw_world(1, 0), "train: must hold at least 2 rows"),
        ([{"caption": "a star"}], r"train: row 0 \(key 0\): field 'image': column 'image' must be in every row"),
    ],
)
def test_rows_that_cannot_be_used_are_told(train, message):
    with pytest.raises(mm.MmaugError, match=message):
        ChildTask(train, draw_world(4, 0), schema=SCHEMA)


def test_notes_tell_what_was_cut():
    rows = [{**row, "caption": f"{row['caption']} in front of a wall"} for row in draw_world(4, 0)]
    short = ChildTask(rows, draw_world(4, 1), schema=SCHEMA, child=ChildConfig(context=9, width=16, heads=2))
    assert short.notes and "longer than the context of 9 tokens and are cut" in short.notes[0]


def test_a_task_says_what_it_is(task):
    told = task.describe()
    assert json.loads(json.dumps(told)) == told == make().describe()
    assert make(seed=1).describe() != told and make(train=47).describe()["train"] != told["train"]
    assert task.capabilities == ~Capability(0) and task.space.modalities == ("image", "text")


def test_what_the_schema_lacks_is_refused(task):
    with pytest.raises(mm.PolicyError, match="acts on audio fields"):
        task.evaluate(mm.Policy.sequence(mm.op("audio.gain")))


# -- scoring ------------------------------------------------------------------------------------------------------------------------------


def test_several_captions_of_a_picture_are_scored_as_one_family():
    rng = np.random.default_rng(0)
    pictures = torch.nn.functional.normalize(torch.from_numpy(rng.standard_normal((5, 8))), dim=1)
    texts = pictures.repeat_interleave(3, 0) + 0.05 * torch.from_numpy(rng.standard_normal((15, 8)))
    texts[4] = pictures[0]
    made = Embedded({"image": pictures, "text": texts}, {"image": torch.arange(5), "text": torch.arange(5).repeat_interleave(3)})
    found = retrieval(made)
    assert found["image_to_text_r@1"] == pytest.approx(0.8) or found["image_to_text_r@1"] == 1.0
    assert found["text_to_image_r@1"] == pytest.approx(14 / 15)


def test_clean_rows_have_every_caption_once_and_every_picture_once(task):
    rows = [draw_scene(number) for number in range(6)]
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"), caption_kinds=mm.Opaque(), audio_caption=mm.Opaque())
    scenes = ChildTask(rows, rows, schema=schema, child=SMALL, steps=1, seeds=1)
    eye = scenes.start().eye()
    seen = eye.clean(scenes.valid)
    count = sum(len(row["captions"]) for row in rows)
    assert len(seen.vectors["image"]) == 6 and len(seen.vectors["text"]) == len(seen.ids["text"]) == count
    one = eye.look([scenes.valid.variants[4][1]])[0]["text"]
    first = sum(len(row["captions"]) for row in rows[:4]) + 1
    torch.testing.assert_close(seen.vectors["text"][first : first + 1], one, atol=1e-5, rtol=0)


# -- RESUME -------------------------------------------------------------------------------------------------------------------------------


def test_a_run_goes_on_from_its_state_bit_by_bit(task):
    one, two = task.start(seed=1, steps=8), task.start(seed=1, steps=8)
    losses = [one.advance(2, [NOISE])[0], one.advance(2, [IDENTITY])[0]]
    two.advance(2, [NOISE])
    other = task.start(seed=1, steps=8)
    other.load(two.state())
    assert other.steps == 2 and other.advance(2, [IDENTITY])[0] == losses[1]
    assert all(torch.equal(value, one.state()[name]) for name, value in other.state().items())
    assert other.score().metrics == one.score().metrics and fingerprint(other.eye().child) == fingerprint(one.eye().child)


def test_a_step_follows_the_mean_over_the_policies(task):
    """Two policies: the gradient of the step is the mean of theirs, by hand."""
    run = task.start(seed=2, steps=4)
    graphs = [None, task.graph(NOISE, mm.rng.derive(run.seed, "draws"))]
    grads = []
    for graph in graphs:
        child = task.child(run.seed)
        inputs = run.batches.inputs(0, graph, 0.0)
        run.training.loss(child(inputs.given), child.scale, child.logit_bias, inputs.batch)["loss"].backward()
        grads.append([None if p.grad is None else p.grad.clone() for p in child.parameters()])
    losses = run.advance(1, [IDENTITY, NOISE])
    assert len(losses) == 2 and losses[0] != losses[1]
    for made, a, b in zip(run.training.child.parameters(), *grads, strict=True):
        if made.grad is not None and a is not None:
            torch.testing.assert_close(made.grad, (a + b) / 2, atol=1e-6, rtol=1e-4)


def test_what_is_kept_is_all_under_identity_and_little_once_torn_apart():
    fair = make(train=96, valid=48, steps=60, child=ChildConfig(width=32, layers=1, heads=2, projection=32), recipe=Recipe(batch=32))
    run = fair.start()
    run.advance(60, [IDENTITY])
    assert run.kept(IDENTITY) == 1.0
    assert run.kept(mm.Policy.sequence(mm.op("image.posterize", bits=2), mm.op("image.gaussian_noise", strength=1.0))) < 0.9


# -- DENSITY ------------------------------------------------------------------------------------------------------------------------------


def test_splits_are_stratified_and_disjoint():
    groups = np.repeat(np.arange(10), [40, 1, 1, 8, 10, 20, 5, 5, 5, 5])
    kept, out = stratified(groups, 0.4, 7)
    assert sorted([*kept, *out]) == list(range(100)) and len(out) == 40
    for group in range(10):
        assert abs((groups[out] == group).sum() - 0.4 * (groups == group).sum()) < 1
    assert not np.array_equal(stratified(groups, 0.4, 8)[1], out)


def test_folds_are_frozen_and_judge_rows_they_have_not_seen(task):
    folds = task.folds(2, share=0.4, seed=1)
    for fold in folds:
        before = fold.fingerprint()
        clean, torn = fold.loss(IDENTITY), fold.loss(NOISE, draws=2)
        assert np.isfinite([clean, torn]).all() and fold.fingerprint() == before and fold.cost.steps == task.steps
        assert isinstance(fold.rows, Rows) and len(fold.rows) in (19, 20)
        assert fold.loss(NOISE, draws=2) == torn != fold.loss(NOISE, draws=2, seed=1)
    assert folds[0].fingerprint() != folds[1].fingerprint()
    assert task.folds(1, seed=1)[0].fingerprint() == folds[0].fingerprint()
    with pytest.raises(ChildError, match="too few"):
        make(train=3).folds(1, share=0.1)


def test_density_is_the_mean_over_draws_of_a_naive_loss(task):
    (fold,) = task.folds(1)
    eye, scale = fold.eye, 10.0
    vectors, _ = eye.look([variants[0] for variants in fold.rows.variants])
    logits = (scale * vectors["image"] @ vectors["text"].T).double().numpy()
    same = fold.rows.groups[:, None] == fold.rows.groups[None]
    total = 0.0
    for table in (logits, logits.T):
        log_share = table - np.log(np.exp(table).sum(1, keepdims=True))
        total += -np.mean([log_share[i][same[i]].mean() for i in range(len(same))])
    assert fold.loss(IDENTITY) == pytest.approx(total / 2, abs=1e-5)


# -- three modalities, and the command line -----------------------------------------------------------------------------------------------


def test_three_modalities_are_trained_and_scored_in_six_directions():
    from test_child import SCENES

    rows = [draw_scene(number) for number in range(12)]
    three = ChildTask(rows[:8], rows[8:], schema=SCENES, child=SMALL, recipe=Recipe(batch=4), steps=2, seeds=1)
    policy = mm.Policy.sequence(mm.op("image.horizontal_flip"), mm.op("audio.gain", strength=0.5), mm.op("text.synonym"))
    found = three.evaluate(policy).metrics
    assert len([name for name in found if name.endswith("_r@1") and "_to_" in name]) == 6
    assert isinstance(three.encoder, RowEncoder) and three.seconds > 0.5


def test_train_prints_recall_with_and_without_the_policy(tmp_path):
    write_scenes(tmp_path / "scenes", 16, 0)
    done = CliRunner().invoke(
        app,
        ["train", str(tmp_path / "scenes"), "--policy", "manual_strong", "--steps", "2", "--limit", "12", "-o", str(tmp_path / "child")],
    )
    assert done.exit_code == 0, done.output
    assert "9 rows trained on, 3 held out" in done.output and "image to text, R@1" in done.output and "mean, R@1" in done.output
    assert mm.child.load_child(tmp_path / "child")[0].modalities == ("image", "text", "audio")
    with pytest.raises(ChildError, match="at least 2 rows to train on and 2 held out"):
        CliRunner().invoke(app, ["train", str(tmp_path / "scenes"), "--limit", "4"], catch_exceptions=False)


ARMS = {"none": (FOLLOWED, IDENTITY), "kept": (KEPT, SWAP), "rewritten": (FOLLOWED, SWAP)}
"""Red and blue exchanged in half of the pictures, with the captions left as they are, and with captions that follow."""


@cache
def mean_recall(arm: str) -> float:
    """Mean R@1 on shapes of colours at places that no child has seen: three worlds of 500 pictures, a child each."""
    rules, policy = ARMS[arm]
    found = []
    for seed in range(3):
        train, valid = draw_world(500, 2 * seed, seen=True), draw_world(256, 2 * seed + 1, seen=False)
        run = ChildTask(train, valid, schema=SCHEMA, steps=240, seeds=1, rules=rules).start(seed)
        run.advance(240, [policy])
        found.append(run.score().objective)
    return float(np.mean(found))


@pytest.mark.slow
def test_what_is_unseen_in_the_colour_world_is_partly_found():
    assert 0.4 < mean_recall("none") < 0.8


@pytest.mark.slow
def test_a_swap_of_colours_hurts_where_captions_stay():
    assert mean_recall("kept") < mean_recall("none") - 0.03


@pytest.mark.slow
def test_a_swap_of_colours_helps_where_captions_follow():
    assert mean_recall("rewritten") > mean_recall("none") + 0.02


def test_colours_of_the_world_exchange_their_names_with_red_and_blue():
    """Judged by the pixels: the middle of what is drawn is nearest to the colour that the new caption names."""
    swap = mm.Policy.sequence(mm.op("image.channel_shuffle", order=(2, 1, 0)))
    graph = mm.TransformGraph(swap, schema=SCHEMA, rules=FOLLOWED)
    changed = 0
    for row in draw_world(120, 3, size=64):
        _, large, *_, place = row["caption"].split(" ", 4)
        if large == "small":  # may lie beside its place
            continue
        made = graph(row, key=0)
        x, y = (round(64 * share) for share in PLACES[place])
        pixels = np.median(made["image"][y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3), axis=0)
        nearest = min(COLOURS, key=lambda name: np.abs(pixels - COLOURS[name]).sum())
        assert made["caption"].split()[2] == nearest, (row["caption"], made["caption"], pixels)
        changed += made["caption"] != row["caption"]
    assert changed > 10
    grey = mm.TransformGraph(mm.op("image.to_gray"), schema=SCHEMA, rules=FOLLOWED)
    said = {"image": row["image"], "caption": "a large red star on the left"}
    assert grey(said, key=0)["caption"] == said["caption"] and np.array_equal(grey(said, key=0)["image"], said["image"])


def test_what_is_unseen_is_never_shown_in_training():
    shown, unseen = (
        {" ".join(row["caption"].split()[2:]) for row in draw_world(600, seed, seen=seen)} for seed, seen in ((1, True), (2, False))
    )
    assert not shown & unseen and len(shown | unseen) > 200
    assert sum("red" in text for text in shown) < sum("green" in text for text in shown)


def test_a_search_loads_its_rows_one_at_a_time(tmp_path, monkeypatch):
    """A row that the child has taken is gone before the next one is read."""
    write_scenes(tmp_path / "scenes", 8, 0)
    folder, taken, most = Folder(tmp_path / "scenes"), [], []
    load = folder.load

    def counted(number):
        key, row = load(number)
        taken.append(weakref.ref(row["image"]))
        most.append(sum(image() is not None for image in taken))
        return key, row

    class Enough(Exception):
        pass

    def take(train, valid, **options):
        counts = [sum(1 for _ in map(dict.keys, rows)) for rows in (train, valid)]
        raise Enough(counts)

    monkeypatch.setattr(folder, "load", counted)
    monkeypatch.setattr(mm, "ChildTask", take)
    with pytest.raises(Enough, match=r"\[6, 2\]"):
        search_job.search(folder, folder.schema(), tmp_path / "policy.json", searcher="random_search")
    assert len(most) == 8 and max(most) <= 2


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "fsdd").is_dir(), reason="the recordings of shared/data are not here")
def test_a_child_learns_to_read_spoken_digits():
    folder = Folder(DATA / "fsdd")
    rows = [folder.load(number)[1] for number in range(0, len(folder), 10)]
    digits = ChildTask(rows[::2], rows[1::2], schema=folder.schema(), steps=60, seeds=1)
    run = digits.start()
    assert digits.modalities == ("text", "audio") and len(set(digits.valid.groups)) == 10
    run.advance(60, [mm.policies.manual_strong(("audio", "text"))])
    assert run.score().metrics["mean_r@1"] > 0.4
