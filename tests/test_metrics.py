"""Metrics against brute force, ties against the mean over all orders, and the published mistake that finds 80 % at random."""

from __future__ import annotations

import itertools

import pytest
import torch

from mmaug import metrics

torch.set_num_threads(1)


def unit(n: int, d: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(seed)), dim=1)


def brute(a, b, own, theirs, k) -> float:
    """R@k of a into b, sorting in plain Python; no ties."""
    hits = []
    for i in range(len(a)):
        order = sorted(range(len(b)), key=lambda j: -float(a[i].double() @ b[j].double()))
        if any(theirs[j] == own[i] for j in order):
            hits.append(any(theirs[j] == own[i] for j in order[:k]))
    return sum(hits) / len(hits)


def test_recall_is_brute_forces_with_five_captions_a_picture():
    images, texts = unit(23, seed=1), unit(115, seed=2)
    texts = torch.nn.functional.normalize(texts + 0.6 * images.repeat_interleave(5, 0), dim=1)
    ids = (torch.arange(23), torch.arange(23).repeat_interleave(5))
    found = metrics.recall_at_k(images, texts, (1, 5, 10), ids=ids)
    for k in (1, 5, 10):
        assert found[f"image_to_text_r@{k}"] == pytest.approx(brute(images, texts, *map(torch.Tensor.tolist, ids), k))
        assert found[f"text_to_image_r@{k}"] == pytest.approx(brute(texts, images, *map(torch.Tensor.tolist, ids[::-1]), k))
        both = (found[f"image_to_text_r@{k}"] + found[f"text_to_image_r@{k}"]) / 2
        assert found[f"mean_r@{k}"] == pytest.approx(both)


def test_ties_count_as_the_mean_over_all_orders():
    """Six candidates with scores of a few values; every order of equal ones is tried."""
    scores = [1.0, 0.5, 0.5, 0.5, 0.5, 0.2]
    own = [False, True, False, True, False, False]
    query, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[s, (1 - s * s) ** 0.5] for s in scores])
    found = metrics.recall_at_k(query, other, (1, 2, 3, 5), ids=(torch.tensor([1]), torch.tensor([int(o) for o in own])))
    ranks = []
    for order in itertools.permutations(range(6)):
        if all(scores[p] >= scores[q] for p, q in itertools.pairwise(order)):
            ranks.append(min(place for place, item in enumerate(order, 1) if own[item]))
    for k in (1, 2, 3, 5):
        assert found[f"image_to_text_r@{k}"] == pytest.approx(sum(rank <= k for rank in ranks) / len(ranks))
    assert found["image_to_text_median_rank"] == pytest.approx(sum(ranks) / len(ranks))


def test_a_model_that_embeds_all_alike_is_at_chance():
    same = torch.ones(50, 4) / 2
    found = metrics.recall_at_k(same, same, (1, 5, 10))
    assert found["mean_r@1"] == pytest.approx(1 / 50) and found["mean_r@10"] == pytest.approx(10 / 50)
    assert found["image_to_text_median_rank"] == pytest.approx(25.5)


def test_random_embeddings_are_at_chance_with_five_captions():
    """A published script fills every fifth place of an array five times too long, and finds 80 % at random."""
    images, texts = unit(200, 32, seed=3), unit(1000, 32, seed=4)
    found = metrics.recall_at_k(images, texts, (1,), ids=(torch.arange(200), torch.arange(200).repeat_interleave(5)))
    assert found["image_to_text_r@1"] < 0.03 and found["text_to_image_r@1"] < 0.03


def test_perfect_pairs_are_found_and_chunks_change_nothing(monkeypatch):
    x = unit(37, seed=5)
    noisy = torch.nn.functional.normalize(x + 0.8 * unit(37, seed=6), dim=1)
    whole = metrics.recall_at_k(x, noisy)
    assert metrics.recall_at_k(x, x)["mean_r@1"] == 1.0
    monkeypatch.setattr(metrics, "CHUNK", 5)
    assert metrics.recall_at_k(x, noisy) == whole


def test_queries_without_an_own_are_left_out_and_none_at_all_is_an_error():
    x = torch.eye(4)
    found = metrics.recall_at_k(x, x[:2], (1,), ids=(torch.arange(4), torch.arange(2)))
    assert found["image_to_text_r@1"] == 1.0
    with pytest.raises(ValueError, match="do the two sets of ids speak of the same things"):
        metrics.recall_at_k(x, x, ids=(torch.arange(4), torch.arange(4) + 9))
    with pytest.raises(ValueError, match="give ids="):
        metrics.recall_at_k(x, x[:2])


def test_zero_shot_takes_the_mean_direction_of_templates():
    classes = torch.eye(3)
    prompts = torch.stack([torch.stack([c + torch.tensor([0.3, 0.0, 0.0]), c - torch.tensor([0.3, 0.0, 0.0])]) for c in classes])
    images = torch.nn.functional.normalize(torch.tensor([[1.0, 0.1, 0], [0.2, 1.0, 0], [0.9, 0.0, 1.0], [1.0, 0.0, 0.9]]), dim=1)
    found = metrics.zero_shot(images, prompts, torch.tensor([0, 1, 2, 2]), k=(1, 2))
    assert found == {"top1": 0.75, "top2": 1.0}


def test_affinity_diversity_and_cosines():
    image, text = unit(60, seed=1), None
    text = torch.nn.functional.normalize(image + 0.2 * unit(60, seed=2), dim=1)
    torn = text[torch.randperm(60, generator=torch.Generator().manual_seed(0))]
    assert metrics.affinity((image, text), (image, text)) == pytest.approx(1.0)
    assert metrics.affinity((image, text), (image, torn)) < 0.1
    assert metrics.diversity(image, image) == pytest.approx(0.0, abs=1e-6) and metrics.diversity(image, -image) == pytest.approx(2.0)
    assert metrics.paired_cosine_change((image, text), (image, torn)) < -0.5


def test_sensitivity_is_by_kind_and_half_at_chance():
    image, text = torch.eye(4), torch.eye(4)
    wrong = torch.stack([torch.eye(4)[1], torch.eye(4)[1], torch.eye(4)[2], torch.eye(4)[2]])
    found = metrics.sensitivity(image, text, wrong, torch.tensor([0, 1, 2, 3]), ["side", "side", "colour", "colour"])
    assert found == {"side": 0.75, "colour": 0.75}
