"""Policies as HuggingFace Hub repositories: a `config.json` that `Policy.load` reads too, and a card that shows the policy."""

# no `from __future__ import annotations`: huggingface_hub reads the types of `__init__` as classes

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mmaug import store
from mmaug.errors import PolicyError

NETWORKS = "networks"
"""The folder of the networks that a policy names, in its repository."""

CARD = """\
---
{{ card_data }}
---

# An augmentation policy for mmaug

{{ summary }}

```
{{ shown }}
```

```python
import mmaug as mm

policy = mm.Policy.from_pretrained("{{ repo_id }}")
graph = mm.TransformGraph(policy, schema=mm.Schema(...))
```

`config.json` is the whole policy: plain JSON, which `mm.Policy.load("config.json")` reads too.
"""


@dataclass
class PolicyConfig:
    """What `Policy.to_json` gives."""

    schema: int = 1
    policy: dict[str, Any] = field(default_factory=dict)


def save(value: dict[str, Any], shown: str, ops: list[str], folder: str | Path, **options: Any) -> str | None:
    """Write a policy's JSON value to a folder as `config.json`, with a card. options: as for `ModelHubMixin.save_pretrained`."""
    card = {"repo_id": options.get("repo_id") or Path(folder).name, **_words(shown, ops)}
    return _mixin()(PolicyConfig(**value)).save_pretrained(folder, model_card_kwargs=card, **options)


def push(value: dict[str, Any], shown: str, ops: list[str], repo_id: str, **options: Any) -> str:
    """Upload a policy's JSON value with a card; the address of the commit. options: as for `ModelHubMixin.push_to_hub`."""
    words = {"commit_message": "A policy of mmaug", **options}
    return _mixin()(PolicyConfig(**value)).push_to_hub(repo_id, model_card_kwargs={"repo_id": repo_id, **_words(shown, ops)}, **words)


def load(name: str | Path, **options: Any) -> dict[str, Any]:
    """The JSON value of a policy in a folder or on the Hub. options: as for `ModelHubMixin.from_pretrained`, such as `revision=`.

    Raises: PolicyError where there is none.
    """
    mixin = _mixin()
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    if Path(name).is_dir() and not Path(name, "config.json").is_file():
        raise PolicyError(
            f"{name}: must hold a config.json that policy.save_pretrained wrote, got {sorted(p.name for p in Path(name).iterdir())}"
        )
    try:
        found = mixin.from_pretrained(str(name), **options)
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise PolicyError(
            f"{name}: must be a folder that policy.save_pretrained wrote, or the name of one on the Hub, got {type(error).__name__}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{name}: config.json must hold a policy that policy.save_pretrained wrote, got {error}") from error
    return {"schema": found.config.schema, "policy": found.config.policy}


def _words(shown: str, ops: list[str]) -> dict[str, str]:
    modalities = sorted({op.split(".")[0] for op in ops})
    told = f"{len(set(ops))} ops on {', '.join(modalities)}" if ops else "It does nothing"
    return {"shown": shown, "summary": told + "; rows stay true: captions, boxes and times follow, or the step is left out."}


def _folder(model_id: str, **given: Any) -> Path:
    """Where a repository with networks lies, downloaded from the Hub if need be."""
    if Path(model_id).is_dir():
        return Path(model_id)
    from huggingface_hub import snapshot_download

    known = ("revision", "cache_dir", "force_download", "local_files_only", "token")
    return Path(snapshot_download(model_id, allow_patterns=f"{NETWORKS}/*", **{name: given[name] for name in known if name in given}))


@cache
def _mixin() -> Any:
    """The class that huggingface_hub asks for, made at first use: it takes half a second to import."""
    try:
        from huggingface_hub import ModelHubMixin
    except ImportError as error:
        raise PolicyError(f"policies on the Hub need huggingface_hub ({error}); pip install 'mmaug[train]'") from error

    class PolicyOnHub(ModelHubMixin, library_name="mmaug", tags=["data-augmentation", "multimodal"], model_card_template=CARD):
        """A policy's JSON value."""

        def __init__(self, config: PolicyConfig):
            self.config = config

        def _save_pretrained(self, save_directory: Path) -> None:
            """The networks that the config names; all else is in it."""
            store.give(self.config.policy, save_directory / NETWORKS)

        @classmethod
        def _from_pretrained(cls, *, config: PolicyConfig | None = None, **given: Any) -> Any:  # type: ignore[override]
            if config is None:
                raise ValueError("no config.json")
            if any(store.names(config.policy)):
                store.take(config.policy, _folder(**given) / NETWORKS)
            return cls(config)

    return PolicyOnHub
