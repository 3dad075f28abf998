"""Searchers: methods that find the policy that is best for a task.

    result = mm.search.RandomSearch().search(task, mm.search.PolicySpace(n_sub=5, n_ops=2), budget=100, resume="runs/random")
    result.policy

`SEARCHERS` has all of them by name. A module is imported when its class is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` gives the same
    from mmaug.neural.network import NeuralPolicy as NeuralPolicy
    from mmaug.search.adversarial import AdversarialAutoAugment as AdversarialAutoAugment
    from mmaug.search.auto_augment import AutoAugment as AutoAugment
    from mmaug.search.base.candidate import JointCandidate as JointCandidate
    from mmaug.search.base.compact import CompactSpace as CompactSpace
    from mmaug.search.base.evaluator import Capability as Capability
    from mmaug.search.base.evaluator import Cost as Cost
    from mmaug.search.base.evaluator import Evaluation as Evaluation
    from mmaug.search.base.executor import Executor as Executor
    from mmaug.search.base.result import SearchResult as SearchResult
    from mmaug.search.base.result import TrialRecord as TrialRecord
    from mmaug.search.base.searcher import AskTellSearcher as AskTellSearcher
    from mmaug.search.base.searcher import Budget as Budget
    from mmaug.search.base.searcher import OnlineSearcher as OnlineSearcher
    from mmaug.search.base.searcher import Searcher as Searcher
    from mmaug.search.base.searcher import StepLog as StepLog
    from mmaug.search.base.searcher import Trial as Trial
    from mmaug.search.base.space import PolicySpace as PolicySpace
    from mmaug.search.bayesian import BayesianSearch as BayesianSearch
    from mmaug.search.data_drift import Drift as Drift
    from mmaug.search.data_drift import drift as drift
    from mmaug.search.differentiable import DifferentiableSearch as DifferentiableSearch
    from mmaug.search.fast_auto_augment import FastAutoAugment as FastAutoAugment
    from mmaug.search.joint_nas import JointNAS as JointNAS
    from mmaug.search.neural_augment import NeuralAugmentSearch as NeuralAugmentSearch
    from mmaug.search.population import PopulationBased as PopulationBased
    from mmaug.search.rand_augment import RandAugment as RandAugment
    from mmaug.search.random_search import RandomSearch as RandomSearch
    from mmaug.search.trivial_augment import TrivialAugment as TrivialAugment

_CLASSES = {
    "random_search": ("random_search", "RandomSearch"),
    "rand_augment": ("rand_augment", "RandAugment"),
    "trivial_augment": ("trivial_augment", "TrivialAugment"),
    "auto_augment": ("auto_augment", "AutoAugment"),
    "fast_auto_augment": ("fast_auto_augment", "FastAutoAugment"),
    "bayesian_search": ("bayesian", "BayesianSearch"),
    "population_based": ("population", "PopulationBased"),
    "differentiable_search": ("differentiable", "DifferentiableSearch"),
    "adversarial_auto_augment": ("adversarial", "AdversarialAutoAugment"),
    "neural_augment_search": ("neural_augment", "NeuralAugmentSearch"),
    "joint_nas": ("joint_nas", "JointNAS"),
}
"""The searchers: name -> module and class."""

_NAMES = {
    "base.candidate": ("JointCandidate",),
    "base.compact": ("CompactSpace",),
    "base.evaluator": ("Capability", "Cost", "Evaluation"),
    "base.executor": ("Executor",),
    "base.result": ("SearchResult", "TrialRecord"),
    "base.searcher": ("AskTellSearcher", "Budget", "OnlineSearcher", "Searcher", "StepLog", "Trial"),
    "base.space": ("PolicySpace",),
    "data_drift": ("Drift", "drift"),
    "neural_augment": ("NeuralPolicy",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names} | {name: module for module, name in _CLASSES.values()}


class _Searchers(Mapping[str, Any]):
    """Name -> class; a class is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        module, cls = _CLASSES[name]
        return getattr(importlib.import_module(f"mmaug.search.{module}"), cls)

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


SEARCHERS: Mapping[str, Any] = _Searchers()
"""All searchers by name, such as "random_search"."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mmaug.search' has no attribute {name!r}; searchers are {', '.join(_CLASSES)}")
    value = globals()[name] = getattr(importlib.import_module(f"mmaug.search.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
