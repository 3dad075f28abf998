"""A trained child as a folder, and a training as a file: safetensors and JSON, nothing that runs code when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from mmaug.child.config import ChildConfig, ChildError
from mmaug.child.model import Child
from mmaug.child.training import Training

FORMAT = 1
"""The number of the folder's form; another number is refused."""

CONFIG, WEIGHTS = "child.json", "model.safetensors"


def save_child(folder: str | Path, child: Child, tokenizer: PreTrainedTokenizerFast, *, seconds: float = 1.0) -> None:
    """Write a child: child.json, model.safetensors and the tokenizer's files. seconds: of a recording that it hears."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    about = {
        "child": FORMAT, "config": child.config.to_json(), "modalities": list(child.modalities), "words": child.vocabulary,
        "seconds": seconds,
    }  # fmt: skip
    (place / CONFIG).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    save_file({name: value.contiguous() for name, value in child.state_dict().items()}, place / WEIGHTS)
    tokenizer.save_pretrained(place)


def load_child(folder: str | Path) -> tuple[Child, PreTrainedTokenizerFast, float]:
    """The child, its tokenizer and the seconds that it hears. Raises: ChildError where the folder holds no such child."""
    place = Path(folder)
    try:
        about: dict[str, Any] = json.loads((place / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ChildError(f"{place}: must be a folder that save_child wrote, with {CONFIG}, got {error}") from error
    if not isinstance(about, dict) or about.get("child") != FORMAT:
        raise ChildError(
            f"{place / CONFIG}: must be of form number {FORMAT}, got {about.get('child') if isinstance(about, dict) else about!r}"
        )
    child = Child(ChildConfig.from_json(about["config"]), about["words"], about["modalities"])
    try:
        child.load_state_dict(load_file(place / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ChildError(f"{place / WEIGHTS}: must hold the weights of the child in {CONFIG}, got {error}") from error
    return child, PreTrainedTokenizerFast.from_pretrained(place), float(about["seconds"])


def save_training(path: str | Path, training: Training) -> None:
    """Write all that decides how a training goes on, to one file; a file that is there is replaced at once."""
    place = Path(path)
    new = place.with_name(place.name + ".new")
    save_file({name: value.contiguous() for name, value in training.state().items()}, new)
    new.replace(place)


def load_training(path: str | Path, training: Training) -> None:
    """Go on from a file, bit for bit. Raises: ChildError where it cannot be read, or is of another child."""
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ChildError(f"{path}: must be a file that save_training wrote, got {error}") from error
    training.load(state)
