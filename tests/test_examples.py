"""The examples run: on little data and tiny models with random weights, made on the spot."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmaug as mm

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import hf_runs  # noqa: E402

from mmaug.testing.tiny_models import tiny  # noqa: E402

EXAMPLES = Path(__file__).parents[1] / "examples"
TONES = ("low", "high", "deep", "shrill", "soft", "clear", "thin", "dark", "dull", "bright", "warm", "cold")
pytestmark = pytest.mark.filterwarnings("ignore")  # of HuggingFace and WebDataset, on their own


def example(name):
    """The example's module, as `python examples/name.py` would run it."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    lines = []
    for n in range(24):
        Image.fromarray(hf_runs.picture(n)).save(folder / f"{n:03d}.png")
        lines.append(json.dumps({"file_name": f"{n:03d}.png", "caption": hf_runs.caption(n)}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Checkpoints in folders."""
    folder = tmp_path_factory.mktemp("models")
    for kind, captions in (("clip", [hf_runs.caption(n) for n in range(64)]), ("clap", [f"a {tone} tone" for tone in TONES])):
        model, processor = tiny(kind, captions)
        model.save_pretrained(folder / kind)
        processor.save_pretrained(folder / kind)
    return folder


PAGE = (EXAMPLES.parent / "docs/huggingface.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_code_on_the_page_runs(number, capsys):
    exec(compile(BLOCKS[number], f"docs/huggingface.md, block {number}", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out.strip()


def test_augment_folder(photos, tmp_path):
    told = example("augment_folder").main([str(photos), str(tmp_path / "out"), "--copies", "2"])
    lines = [json.loads(line) for line in (tmp_path / "out/metadata.jsonl").read_text().splitlines()]
    assert len(lines) == 48 and "48" in told
    assert (
        any("on the right" in line["caption"] and line["source"] == "000.png" for line in lines) or len({x["caption"] for x in lines}) > 24
    )


def test_finetune_clip(photos, models, tmp_path):
    pytest.importorskip("datasets")
    out, quick = str(tmp_path / "run"), "--max_steps 3 --per_device_train_batch_size 4 --use_cpu --report_to none --save_strategy no"
    given = ["--model_name_or_path", str(models / "clip"), "--data_dir", str(photos), "--cache_dir", str(tmp_path / "cache")]
    metrics = example("finetune_clip").main([*given, "--output_dir", out, "--views", "2", "--validation_share", "0.25", *quick.split()])
    assert 0 <= metrics["eval_mean_r@1"] <= 1 and np.isfinite(metrics["eval_loss"])
    assert mm.Policy.from_pretrained(tmp_path / "run/policy") == mm.policies.rand_augment(modalities=("image", "text"))
    from transformers import AutoModel

    assert AutoModel.from_pretrained(tmp_path / "run").config.model_type == "clip"


def test_finetune_clap(models, tmp_path):
    import soundfile

    lines = []
    for n, tone in enumerate(TONES):
        samples = 0.4 * np.sin(np.arange(8000) * (0.05 + 0.05 * n))
        soundfile.write(tmp_path / f"{tone}.wav", samples.astype(np.float32), 8000)
        lines.append(json.dumps({"file_name": f"{tone}.wav", "caption": f"a {tone} tone"}))
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    metrics = example("finetune_clap").main(
        ["--model", str(models / "clap"), "--data", str(tmp_path), "--output", str(tmp_path / "run"), "--epochs", "1", "--batch", "4",
         "--workers", "0"]
    )  # fmt: skip
    assert 0 <= metrics["eval_audio_to_text_r@1"] <= 1 and np.isfinite(metrics["eval_loss"])


def test_accelerate_loop(photos, models, capsys):
    losses = example("accelerate_loop").main(
        ["--model", str(models / "clip"), "--data", str(photos), "--epochs", "6", "--batch", "8", "--learning-rate", "3e-3"]
    )
    assert len(losses) == 18 and np.mean(losses[-3:]) < np.mean(losses[:3])
    assert "fired/image." in capsys.readouterr().out


def test_webdataset_stream(models, tmp_path, capsys):
    webdataset = pytest.importorskip("webdataset")
    for shard in range(2):
        with webdataset.TarWriter(str(tmp_path / f"rows-{shard}.tar")) as writer:
            for n in range(16 * shard, 16 * shard + 16):
                writer.write({"__key__": f"{n:06d}", "png": Image.fromarray(hf_runs.picture(n)), "txt": hf_runs.caption(n)})
    given = [
        "--model",
        str(models / "clip"),
        "--shards",
        str(tmp_path / "rows-{0..1}.tar"),
        "--steps",
        "10",
        "--epoch-steps",
        "4",
        "--batch",
        "8",
    ]
    losses = example("webdataset_stream").main(given)
    assert len(losses) == 10 and np.isfinite(losses).all()
    epochs = capsys.readouterr().out.splitlines()
    assert "fired" not in epochs[0].split(";")[1] or "fired/" in epochs[0]  # a fifth of the training is the first half of the first epoch
    assert "fired/" in epochs[1] and "fired/" in epochs[2]
