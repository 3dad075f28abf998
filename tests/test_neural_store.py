"""Policies with networks: a name in the policy, the networks beside what is saved, and that a moved policy runs where nobody knows it."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmaug as mm
from mmaug import store
from mmaug.errors import MmaugError, PolicyError
from mmaug.neural.genotype import Genotype
from mmaug.neural.network import NeuralPolicy
from mmaug.search.base.evaluator import Cost
from mmaug.search.base.result import Scored, SearchResult

SCHEMA = mm.Schema(image=mm.Image())
ROW = {"image": np.random.default_rng(0).integers(0, 255, (20, 24, 3), dtype=np.uint8)}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A store of our own; called, it is another one, as on another machine, with nothing in it."""

    def other(name: str) -> Path:
        monkeypatch.setenv("MMAUG_CACHE", str(tmp_path / name))
        return tmp_path / name

    other("here")
    return other


def network(seed: int = 0) -> NeuralPolicy:
    made = NeuralPolicy(Genotype("image", "flow", (((0, "noise"), (0, "colour")),)), seed=seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
    return made


def run(policy: mm.Policy) -> bytes:
    return mm.TransformGraph(policy, schema=SCHEMA)(ROW, key=3)["image"].tobytes()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def moved(tmp_path: Path, to: str) -> Path:
    """All that was saved, at another place; the first is gone."""
    (tmp_path / "saved").rename(tmp_path / to)
    return tmp_path / to


@pytest.fixture
def policy() -> mm.Policy:
    return mm.Policy.sequence(mm.op("image.neural", network=network().keep(), p=1.0))


def test_the_name_follows_from_the_content_and_nothing_else(tmp_path):
    one, two, other = network().keep(), network().keep(), network(1).keep()
    assert one == two != other and store.is_name(one)
    assert mm.op("image.neural", network=str(network().save(tmp_path / "any name"))).params == {"network": one}
    both = mm.op("image.neural", network=[str(tmp_path / "any name"), other])
    assert both.params == {"network": (one, other)}


def test_a_saved_policy_runs_where_its_networks_are_not_known(tmp_path, policy, elsewhere):
    wanted = run(policy)
    (tmp_path / "saved").mkdir()
    policy.save(tmp_path / "saved" / "policy.json")
    name = next(policy.ops()).params["network"]
    along = [f"policy.networks/{name}/genotype.json", f"policy.networks/{name}/network.safetensors"]
    assert files(tmp_path / "saved") == ["policy.json", *along]
    for path in (tmp_path / "saved").rglob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), "no path of this machine"
    shutil.rmtree(elsewhere("there").parent / "here")
    back = mm.Policy.load(moved(tmp_path, "elsewhere") / "policy.json")
    shutil.rmtree(tmp_path / "elsewhere")
    assert back == policy and run(back) == wanted


def test_a_policy_in_a_repository_takes_its_networks_along(tmp_path, policy, elsewhere):
    wanted = run(policy)
    policy.save_pretrained(tmp_path / "saved")
    assert {Path(name).suffix for name in files(tmp_path / "saved")} == {".json", ".md", ".safetensors"}
    elsewhere("there")
    back = mm.Policy.from_pretrained(moved(tmp_path, "repository"))
    assert back == policy and run(back) == wanted


def test_from_the_hub_only_the_networks_are_fetched(tmp_path, policy, elsewhere, monkeypatch):
    import huggingface_hub

    policy.save_pretrained(tmp_path / "saved")
    elsewhere("there")
    asked: list[Any] = []

    def snapshot(name: str, **given: Any) -> str:
        asked.append((name, given["allow_patterns"], given["revision"]))
        return str(tmp_path / "saved")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    monkeypatch.setattr("huggingface_hub.hub_mixin.hf_hub_download", lambda **given: str(tmp_path / "saved" / "config.json"))
    assert run(mm.Policy.from_pretrained("someone/policy", revision="main")) and asked == [("someone/policy", "networks/*", "main")]


def test_a_result_takes_the_networks_of_its_policies_along(tmp_path, policy, elsewhere):
    result = SearchResult((Scored(policy, (0.5,)),), (), {}, Cost(), Cost(), 0, {}, {}, {}, {})
    (tmp_path / "saved").mkdir()
    result.save(tmp_path / "saved" / "result.json")
    wanted = run(policy)
    elsewhere("there")
    assert run(SearchResult.load(moved(tmp_path, "elsewhere") / "result.json").policy) == wanted


def test_a_policy_without_its_networks_says_what_is_missing(tmp_path, policy, elsewhere):
    policy.save(tmp_path / "policy.json")
    name = next(policy.ops()).params["network"]
    shutil.rmtree(tmp_path / "policy.networks")
    assert mm.Policy.load(tmp_path / "policy.json") == policy, "in the store it is still known"
    elsewhere("there")
    with pytest.raises(PolicyError, match=rf"{name}.*policy\.networks.*copy that folder too"):
        mm.Policy.load(tmp_path / "policy.json")
    with pytest.raises(MmaugError, match=rf"{name}.*mm.Policy.load"):
        run(policy)
    with pytest.raises(MmaugError, match="must be in .*nowhere"):
        mm.op("image.neural", network="nowhere")


def test_other_weights_under_a_name_are_refused(tmp_path, policy):
    name = next(policy.ops()).params["network"]
    network(1).save(tmp_path / "net")
    shutil.copy(tmp_path / "net" / "network.safetensors", store.root() / name)
    with pytest.raises(MmaugError, match=f"must be '{name}'"):
        run(policy)
    described = json.loads((tmp_path / "net" / "genotype.json").read_text())
    for wrong in ("../../x", None, name):
        (tmp_path / "net" / "genotype.json").write_text(json.dumps({**described, "name": wrong}))
        with pytest.raises(MmaugError, match="name|must be"):
            store.put(tmp_path / "net") if wrong != name else NeuralPolicy.load(tmp_path / "net")


def test_policies_without_networks_are_one_file(tmp_path):
    plain = mm.Policy.sequence(mm.op("image.rotate", p=0.5), mm.op("image.neural"))
    plain.save(tmp_path / "policy.json")
    plain.save_pretrained(tmp_path / "repository")
    assert files(tmp_path) == ["policy.json", "repository/README.md", "repository/config.json"]
    assert mm.Policy.load(tmp_path / "policy.json") == plain == mm.Policy.from_pretrained(tmp_path / "repository")


def _work(policy: dict[str, Any]) -> bytes:
    return run(mm.Policy.from_json(policy))


def test_other_processes_find_the_networks(policy):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_work, [policy.to_json()]) == [run(policy)]
