"""Losses against naive loops in plain Python, against sub-batches, and across two processes against one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap

import pytest
import torch

from mmaug import losses
from mmaug.losses import Batch, CrossModalConsistency, Weights

torch.set_num_threads(1)


def unit(n: int, d: int = 8, seed: int = 0) -> torch.Tensor:
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(x, dim=1)


def dot(x, y) -> float:
    return sum(float(p) * float(q) for p, q in zip(x, y, strict=True))


def naive_contrastive(a, b, scale, targets) -> float:
    total = 0.0
    for rows, columns in ((a, b), (b, a)):
        for i in range(len(rows)):
            scores = [scale * dot(rows[i], column) for column in columns]
            norm = math.log(sum(map(math.exp, scores)))
            total -= sum(float(targets[i][j]) / float(sum(targets[i])) * (scores[j] - norm) for j in range(len(columns))) / len(rows)
    return total / 2


@pytest.mark.parametrize("sources", [[0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2], [7, 7, 7, 1, 2, 2]])
def test_contrastive_is_that_of_a_naive_loop(sources):
    a, b = unit(6, seed=1), unit(6, seed=2)
    targets = losses.targets_of(torch.tensor(sources)).double()
    assert float(losses.contrastive(a, b, 7.0, targets)) == pytest.approx(naive_contrastive(a, b, 7.0, targets), rel=1e-9)


def test_contrastive_without_targets_is_clips():
    a, b = unit(5, seed=1), unit(5, seed=2)
    logits = 4.0 * a @ b.T
    truth = torch.arange(5)
    clip = (torch.nn.functional.cross_entropy(logits, truth) + torch.nn.functional.cross_entropy(logits.T, truth)) / 2
    assert float(losses.contrastive(a, b, 4.0)) == pytest.approx(float(clip), rel=1e-12)


def test_sigmoid_is_that_of_a_naive_loop():
    a, b, scale, bias = unit(5, seed=1), unit(5, seed=2), 6.0, -2.5
    total = 0.0
    for i in range(5):
        for j in range(5):
            z = scale * dot(a[i], b[j]) + bias
            total += math.log1p(math.exp(-z if i == j else z))
    assert float(losses.sigmoid(a, b, scale, bias)) == pytest.approx(total / 5, rel=1e-9)


def test_cyclip_is_that_of_a_naive_loop():
    a, b, n = unit(6, seed=1), unit(6, seed=2), 6
    cross = sum((dot(a[i], b[j]) - dot(a[j], b[i])) ** 2 for i in range(n) for j in range(n)) / n
    inner = sum((dot(a[i], a[j]) - dot(b[i], b[j])) ** 2 for i in range(n) for j in range(n)) / n
    assert float(losses.cross_modal(a, b)) == pytest.approx(cross, rel=1e-9)
    assert float(losses.in_modal(a, b)) == pytest.approx(inner, rel=1e-9)
    assert float(losses.consistency(a, b)) == pytest.approx(0.25 * cross + 0.25 * inner, rel=1e-9)


def test_targets_of_mixtures_are_shared_shares():
    ids, shares = torch.tensor([[1, 2], [1, 1], [3, 2]]), torch.tensor([[0.7, 0.3], [1.0, 0.0], [0.4, 0.6]])
    expected = [
        [sum(float(shares[i, k] * shares[j, m]) for k in range(2) for m in range(2) if ids[i, k] == ids[j, m]) for j in range(3)]
        for i in range(3)
    ]
    torch.testing.assert_close(losses.targets_of(ids, shares), torch.tensor(expected))
    with pytest.raises(ValueError, match=r"sources must be \[n\], or \[n, k\] with weights"):
        losses.targets_of(ids)


def test_view_consistency_counts_only_rows_that_kept_their_meaning():
    a, b = unit(4, seed=1), unit(4, seed=2)
    kept = torch.tensor([True, False, True, False])
    expected = (2 - dot(a[0], b[0]) - dot(a[2], b[2])) / 2
    assert float(losses.view_consistency(a, b, kept)) == pytest.approx(expected)
    assert float(losses.view_consistency(a, b, torch.zeros(4, dtype=torch.bool))) == 0.0


def test_divergence_is_that_of_a_naive_loop_and_leaves_unsure_rows():
    a, b, c, d = (unit(5, seed=s) for s in (1, 2, 3, 4))
    b = torch.nn.functional.normalize(a + 0.3 * b, dim=1)  # the clean pair is mostly right
    total = 0.0
    for i in range(5):
        q = [math.exp(9 * dot(a[i], b[j])) for j in range(5)]
        p = [math.exp(9 * dot(c[i], d[j])) for j in range(5)]
        q, p = [x / sum(q) for x in q], [x / sum(p) for x in p]
        if max(q) > 0.5:
            total += sum(x * math.log(x / y) for x, y in zip(p, q, strict=True))
    assert total > 0
    assert float(losses.confident_divergence((a, b), (c, d), 9.0)) == pytest.approx(total / 5, rel=1e-9)
    assert float(losses.confident_divergence((a, b), (c, d), 0.0)) == 0.0  # nothing is sure
    clean = a.clone().requires_grad_()
    losses.confident_divergence((clean, b), (c.requires_grad_(), d), 9.0).backward()
    assert clean.grad is None  # the clean rows teach, they do not learn


def test_hard_negatives_are_those_of_a_naive_loop():
    a, b, wrong, of = unit(4, seed=1), unit(4, seed=2), unit(3, seed=3), torch.tensor([2, 0, 2])
    rows = []
    for i, mine in ((0, [1]), (2, [0, 2])):
        scores = [5 * dot(a[i], b[i])] + [5 * dot(a[i], wrong[m]) for m in mine]
        rows.append(math.log(sum(map(math.exp, scores))) - scores[0])
    assert float(losses.hard_negative(a, b, wrong, of, 5.0)) == pytest.approx(sum(rows) / 2, rel=1e-9)
    assert float(losses.hard_negative(a, b, wrong[:0], of[:0], 5.0)) == 0.0
    assert math.isfinite(float(losses.hard_negative(a, b, wrong, of, 5000.0)))


def test_the_gradients_of_all_terms_are_right():
    a, b, c = (unit(4, 5, seed).requires_grad_() for seed in (1, 2, 3))
    of = torch.tensor([1, 3, 3])

    def loss(x, y, z):
        batch = Batch(views=2, clean=True, negatives=z[:3], of=of, preserved=torch.tensor([True, True, True, False]))
        return CrossModalConsistency(Weights(view=0.5))({"image": x, "text": y}, 3.0, 0.0, batch)["loss"]

    assert torch.autograd.gradcheck(loss, (a, b, c))


def test_rows_that_lack_a_modality_are_as_if_they_were_not_there():
    image, text, audio = unit(6, seed=1), unit(6, seed=2), unit(6, seed=3)
    has_audio, has_image = torch.tensor([1, 0, 1, 1, 0, 0]).bool(), torch.tensor([1, 1, 1, 0, 1, 0]).bool()
    made = CrossModalConsistency()(
        {"image": image, "text": text, "audio": audio}, 5.0, 0.0, Batch(present={"audio": has_audio, "image": has_image})
    )
    pairs = (
        (audio[has_audio & has_image], image[has_audio & has_image]),
        (audio[has_audio], text[has_audio]),
        (image[has_image], text[has_image]),
    )
    for name, function in (("contrastive", lambda a, b: losses.contrastive(a, b, 5.0)), ("cross_modal", losses.cross_modal)):
        assert float(made[name]) == pytest.approx(float(sum(function(a, b) for a, b in pairs)) / 3, rel=1e-9), name
    nobody = torch.zeros(6, dtype=torch.bool)
    lonely = CrossModalConsistency()({"image": image, "text": text}, 5.0, 0.0, Batch(present={"text": nobody}))
    assert float(lonely["loss"]) == 0.0


def test_views_of_one_source_are_not_negatives_of_each_other():
    image, text = unit(3, seed=1), unit(3, seed=2)
    twice = {"image": torch.cat([image, image]), "text": torch.cat([text, text])}
    alone = Weights(cross_modal=0.0, in_modal=0.0)
    once = CrossModalConsistency(alone)({"image": image, "text": text}, 5.0)["loss"]
    with_views = CrossModalConsistency(alone)(twice, 5.0, 0.0, Batch(views=2))["loss"]
    # each positive is there twice: half the probability each, as likely as once
    assert float(with_views) == pytest.approx(float(once) + math.log(2), rel=1e-9)
    strangers = CrossModalConsistency(alone)(twice, 5.0, 0.0, Batch(views=2, sources=torch.arange(6)))["loss"]
    assert float(strangers) == pytest.approx(float(once) + math.log(2), rel=1e-9)
    sure = {name: torch.eye(6)[[0, 1, 2, 0, 1, 2]].double() for name in ("image", "text")}
    good = CrossModalConsistency(alone)(sure, 50.0, 0.0, Batch(views=2))["loss"]
    assert float(good) == pytest.approx(math.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("embeddings", "batch", "message"),
    [
        ({"image": unit(4)}, Batch(), "two or more modalities"),
        ({"image": unit(4), "text": unit(3)}, Batch(), "all of one shape"),
        ({"image": unit(4), "text": unit(4)}, Batch(views=3), "4 rows cannot be 3 views"),
        ({"image": unit(4), "text": unit(4)}, Batch(preserved=torch.ones(3)), "preserved must say something of each of 4 rows"),
        ({"image": unit(4), "text": unit(4)}, Batch(present={"audio": torch.ones(4)}), "present names"),
        ({"image": unit(4), "text": unit(4)}, Batch(negatives=unit(2)), "negatives need both"),
    ],
)
def test_what_does_not_fit_is_refused(embeddings, batch, message):
    with pytest.raises(ValueError, match=message):
        CrossModalConsistency()(embeddings, 5.0, 0.0, batch)


TWO_PROCESSES = """
import os
import sys
import torch
import torch.distributed as dist
from mmaug.losses import Batch, CrossModalConsistency, Weights

rank, world, store = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
if world > 1:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
generator = torch.Generator().manual_seed(0)
towers = {name: torch.randn(6, 5, generator=generator, dtype=torch.float64).requires_grad_() for name in ("image", "text", "audio")}
inputs = {name: torch.randn(8, 6, generator=generator, dtype=torch.float64) for name in towers}
sources = torch.tensor([0, 1, 2, 3, 0, 5, 6, 1])
present = torch.tensor([1, 1, 0, 1, 1, 0, 1, 1]).bool()
mine = slice(rank * 8 // world, (rank + 1) * 8 // world)
embeddings = {name: torch.nn.functional.normalize(inputs[name][mine] @ towers[name], dim=1) for name in towers}
batch = Batch(sources=sources[mine], present={"audio": present[mine]})
loss = CrossModalConsistency(pairing=sys.argv[4])(embeddings, 5.0, -1.0, batch)["loss"]
loss.backward()
gradient = torch.cat([towers[name].grad.ravel() for name in sorted(towers)])
total = loss.detach()
if world > 1:
    dist.all_reduce(gradient), dist.all_reduce(total)
    gradient, total = gradient / world, total / world
if rank == 0:
    print(" ".join(f"{value:.17g}" for value in [float(total), *gradient.tolist()]))
sys.stdout.flush()
if world > 1:
    dist.barrier()
os._exit(0)  # how the two take leave of each other is not what is tested
"""


@pytest.mark.parametrize("pairing", ["contrastive", "sigmoid"])
def test_two_processes_have_the_gradient_of_one(pairing, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(TWO_PROCESSES), encoding="utf-8")

    def run(world: int) -> torch.Tensor:
        store, environment = tmp_path / f"store{world}", {**os.environ, "OMP_NUM_THREADS": "1"}
        commands = [[sys.executable, str(script), str(rank), str(world), str(store), pairing] for rank in range(world)]
        running = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) for c in commands]
        told = [process.communicate(timeout=300) for process in running]
        assert all(process.returncode == 0 for process in running), told
        return torch.tensor([float(number) for number in told[0][0].split()], dtype=torch.float64)

    one, two = run(1), run(2)
    assert float(one[0]) == pytest.approx(float(two[0]), rel=1e-12)
    cosine = torch.nn.functional.cosine_similarity(one[1:], two[1:], dim=0)
    assert float(cosine) == pytest.approx(1.0, abs=1e-9)
    torch.testing.assert_close(one[1:], two[1:], rtol=1e-9, atol=1e-12)
