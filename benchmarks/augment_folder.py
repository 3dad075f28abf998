"""Pairs a second of `mmaug augment`, beside decoding and encoding the same files with Pillow and soundfile alone.

    python benchmarks/augment_folder.py ../shared/data/coco ../shared/data/esc10 --copies 2 --workers 2

Both sides start their processes inside the clock, decode each file once and write it `copies` times; rounds alternate and the
best of each side counts. Each row has its ratio, so that other work on the machine matters less.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


def command_seconds(source: Path, schema: Path | None, copies: int, workers: int) -> float:
    """Seconds that the whole command takes, from the start of Python to the end."""
    with tempfile.TemporaryDirectory() as out:
        options = ["--policy", "rand_augment", "--copies", str(copies), "--workers", str(workers)]
        options += ["--schema", str(schema.resolve())] if schema else []
        start = time.perf_counter()
        command = [sys.executable, "-m", "mmaug", "augment", str(source.resolve()), f"{out}/out", *options]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        return time.perf_counter() - start


def bare_seconds(source: Path, names: list[str], copies: int, workers: int) -> float:
    """Seconds to decode and encode the same files in as many processes, and nothing else."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        jobs = [(str(source / name), f"{out}/{number}", copies) for number, name in enumerate(names)]
        if workers == 0:
            list(map(_bare, jobs))
        else:
            with multiprocessing.get_context("spawn").Pool(workers) as pool:
                for _ in pool.imap_unordered(_bare, jobs, chunksize=4):
                    pass
        return time.perf_counter() - start


def _bare(job: tuple[str, str, int]) -> None:
    """One file: read, decode, then encode and write `copies` times, with the settings that mmaug uses."""
    path, out, copies = job
    if path.endswith((".jpg", ".jpeg", ".png", ".webp")):
        image = Image.open(path)
        image.load()
        for copy in range(copies):
            buffer = io.BytesIO()
            more = {"quality": 95, "subsampling": "keep"} if image.format == "JPEG" else {}
            image.save(buffer, image.format, **more)
            Path(f"{out}-{copy}").write_bytes(buffer.getvalue())
    else:
        with soundfile.SoundFile(path) as file:
            samples, rate, form, subtype = file.read(dtype="float32"), file.samplerate, file.format, file.subtype
        for copy in range(copies):
            buffer = io.BytesIO()
            soundfile.write(buffer, samples, rate, format=form, subtype=subtype)
            Path(f"{out}-{copy}").write_bytes(buffer.getvalue())


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    print(f"{'data':<16}{'workers':>8}{'pairs':>8}{'mmaug augment':>16}{'decode + encode':>18}{'ratio':>8}")
    for source in given.sources:
        names = [json.loads(line)["file_name"] for line in (source / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
        schema = ROOT / "tests" / "data" / "schemas" / f"{source.name}.json"
        pairs = len(names) * given.copies
        for workers in given.workers:
            ours, bare = [], []
            for _ in range(given.rounds):
                bare.append(bare_seconds(source, names, given.copies, workers))
                ours.append(command_seconds(source, schema if schema.exists() else None, given.copies, workers))
            a, b = pairs / min(ours), pairs / min(bare)
            print(f"{source.name:<16}{workers:>8}{pairs:>8}{a:>12.0f} p/s{b:>14.0f} p/s{a / b:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
