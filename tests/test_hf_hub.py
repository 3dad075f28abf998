"""Policies in HuggingFace's way: a folder, a card, the Hub (which is not asked: there is no network)."""

from __future__ import annotations

import json

import pytest

import mmaug as mm
from mmaug.errors import MmaugError, PolicyError

pytest.importorskip("huggingface_hub")

POLICIES = {
    "sequence": mm.Policy.sequence(mm.op("image.rotate", p=0.5, degrees=(-15, 15)), mm.op("text.synonym", strength=0.2), all_or_none=True),
    "schedule": mm.Policy.schedule([(0.0, mm.policies.identity()), (0.5, mm.policies.rand_augment())]),
    "nothing": mm.policies.identity(),
}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the environment is read once, at the first import


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_comes_back_from_a_folder(name, tmp_path):
    POLICIES[name].save_pretrained(tmp_path / "policy")
    assert mm.Policy.from_pretrained(tmp_path / "policy") == POLICIES[name]
    assert mm.Policy.load(tmp_path / "policy/config.json") == POLICIES[name]  # one form
    assert json.loads((tmp_path / "policy/config.json").read_text()) == POLICIES[name].to_json()


def test_the_card_shows_the_policy(tmp_path):
    from huggingface_hub import ModelCard

    policy = POLICIES["sequence"]
    policy.save_pretrained(tmp_path / "flips")
    card = ModelCard.load(tmp_path / "flips/README.md")
    assert str(policy) in card.text
    assert card.data.library_name == "mmaug" and "data-augmentation" in card.data.tags
    assert 'mm.Policy.from_pretrained("flips")' in card.text and "2 ops on image, text" in card.text


def test_pushing_uploads_the_same_folder(monkeypatch, tmp_path):
    """The upload itself is replaced: it gets what `save_pretrained` writes."""
    from huggingface_hub import hub_mixin

    seen = {}

    class Api:
        def __init__(self, token=None):
            pass

        def create_repo(self, repo_id, **options):
            seen["private"] = options["private"]
            return type("Url", (), {"repo_id": repo_id})

        def upload_folder(self, folder_path, repo_id, **options):
            seen.update({path.name: path.read_text() for path in folder_path.iterdir()}, message=options["commit_message"])
            return f"https://huggingface.co/{repo_id}/commit/1"

    monkeypatch.setattr(hub_mixin, "HfApi", Api)
    policy = POLICIES["schedule"]
    assert policy.push_to_hub("someone/late-start", private=True) == "https://huggingface.co/someone/late-start/commit/1"
    assert json.loads(seen["config.json"]) == policy.to_json() and seen["private"] is True and seen["message"] == "A policy of mmaug"
    assert 'from_pretrained("someone/late-start")' in seen["README.md"] and str(policy) in seen["README.md"]


def test_what_is_no_policy_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyError, match=r"empty: must hold a config.json that policy.save_pretrained wrote, got \[\]"):
        mm.Policy.from_pretrained(tmp_path / "empty")
    with pytest.raises(
        PolicyError, match="nobody/nothing: must be a folder that policy.save_pretrained wrote, or the name of one on the Hub"
    ):
        mm.Policy.from_pretrained("nobody/nothing")
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(PolicyError, match="must have exactly one of the keys"):
        mm.Policy.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"schema": 99, "policy": {}}')
    with pytest.raises(PolicyError, match="must be of schema number 1, got"):
        mm.Policy.from_pretrained(tmp_path)


def test_a_missing_library_is_told(monkeypatch, tmp_path):
    import sys

    from mmaug import hub

    hub._mixin.cache_clear()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(PolicyError, match=r"policies on the Hub need huggingface_hub .*; pip install 'mmaug\[train\]'"):
        POLICIES["nothing"].save_pretrained(tmp_path)
    for name in [name for name in sys.modules if name.startswith("mmaug.hf.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.delitem(vars(mm.hf), "augment", raising=False)
    with pytest.raises(MmaugError, match=r"mm.hf.augment needs datasets, which is not installed; pip install 'mmaug\[train\]'"):
        _ = mm.hf.augment
