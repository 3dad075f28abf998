"""Writing an augmented data set: what is in it, the same bytes however it is run, and what is refused."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from io_folders import graph_for, picture, pictures, recordings, rows_of, tree, write_rows
from PIL import Image
from rich.console import Console

import mmaug as mm
from mmaug.errors import MmaugError, RowError, SchemaError
from mmaug.io.augment import augment
from mmaug.io.folder import Folder
from mmaug.io.output import Output


def _run(source, out, *ops, seed=0, **options):
    folder = Folder(source)
    return augment(folder, out, graph_for(folder, seed, *ops), **options)


def test_every_row_and_view_is_what_the_graph_gives(tmp_path):
    folder, out = Folder(pictures(tmp_path / "in")), tmp_path / "out"
    graph = graph_for(folder)
    augment(folder, out, graph, copies=3)
    written = Folder(out)
    assert len(written) == 18
    for number, row in enumerate(written.rows):
        key, source = folder.load(number // 3)
        expected, trace = graph.run(source, key=key, view=number % 3)
        assert row["file_name"] == f"images/{number // 3}_v{number % 3}.png"
        assert (row["source"], row["view"], json.loads(row["trace"])) == (key, number % 3, json.loads(json.dumps(trace.to_json())))
        loaded = written.load(number)[1]
        for column in ("image", "mask"):
            assert np.array_equal(np.asarray(loaded[column]), np.asarray(expected[column])), column
        for column in ("width", "height", "captions", "boxes", "labels", "note"):
            assert row[column] == json.loads(json.dumps(expected[column])), column
        assert list(row)[:-3] == list(folder.rows[number // 3])


def test_recordings_are_what_the_graph_gives(tmp_path):
    folder, out = Folder(recordings(tmp_path / "in")), tmp_path / "out"
    graph = graph_for(folder, 0, mm.op("audio.reverse"), mm.op("audio.swap_channels"))
    augment(folder, out, graph)
    written = Folder(out)
    for number in range(len(folder)):
        key, row = folder.load(number)
        assert np.array_equal(written.load(number)[1]["audio"]["array"], graph.run(row, key=key)[0]["audio"]["array"])


def test_what_was_written_can_be_augmented_again(tmp_path):
    _run(pictures(tmp_path / "in"), tmp_path / "out")
    _run(tmp_path / "out", tmp_path / "again")
    _run(tmp_path / "again", tmp_path / "thrice")
    assert list(rows_of(tmp_path / "thrice")[0])[-9:] == [
        "source", "view", "trace", "mmaug_source", "mmaug_view", "mmaug_trace", "mmaug_source_2", "mmaug_view_2", "mmaug_trace_2",
    ]  # fmt: skip
    assert rows_of(tmp_path / "thrice")[0]["mmaug_source_2"] == "images/0_v0_v0.png"


def test_a_column_called_source_is_kept(tmp_path):
    console = Console(record=True, file=io.StringIO())
    _run(recordings(tmp_path / "in"), tmp_path / "out", console=console)
    row = rows_of(tmp_path / "out")[0]
    assert (row["source"], row["mmaug_source"], row["mmaug_view"]) == ("drawn", "0.flac", 0)
    assert console.export_text().count("ours are mmaug_source, mmaug_view, mmaug_trace") == 1


def test_an_untouched_file_is_copied_to_the_byte(tmp_path):
    source = pictures(tmp_path / "in", ending="jpg")
    _run(source, tmp_path / "out", mm.op("text.keyboard_typo", strength=0.5))
    assert (tmp_path / "out/images/3_v0.jpg").read_bytes() == (source / "images/3.jpg").read_bytes()
    assert (tmp_path / "out/images/3-mask_v0.png").read_bytes() == (source / "images/3-mask.png").read_bytes()


def test_a_turned_picture_without_exif_in_the_result(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(0).save(tmp_path / "a.png", exif=exif)
    write_rows(tmp_path, [{"file_name": "a.png"}])
    _run(tmp_path, tmp_path.parent / "out", mm.op("image.horizontal_flip"))
    upright = np.rot90(np.asarray(picture(0)), -1)
    assert np.array_equal(np.asarray(Image.open(tmp_path.parent / "out/a_v0.png")), upright[:, ::-1])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A source of pictures with its result by one process."""
    base = tmp_path_factory.mktemp("mixed")
    _run(pictures(base / "in", 12), base / "out", copies=2)
    return base / "in", tree(base / "out")


@pytest.mark.parametrize(("workers", "start_method"), [(1, "fork"), (2, "fork"), (3, "fork"), (2, "spawn"), (3, "spawn")])
def test_same_bytes_for_any_workers(tmp_path, mixed, workers, start_method):
    _run(mixed[0], tmp_path / "out", copies=2, workers=workers, start_method=start_method)
    assert tree(tmp_path / "out") == mixed[1]


def test_seed_view_and_row_give_different_results(tmp_path, mixed):
    _run(mixed[0], tmp_path / "out", copies=2, seed=1)
    other = tree(tmp_path / "out")
    assert other.keys() == mixed[1].keys()
    same = [name for name in other if name.startswith("images/") and "mask" not in name and other[name] == mixed[1][name]]
    assert len(same) < 12
    assert len({mixed[1][f"images/3_v{view}.png"] for view in range(2)}) == 2


def test_global_random_state_is_left_alone(tmp_path, mixed):
    before = (random.getstate(), np.random.get_state()[1].tobytes())  # noqa: NPY002
    _run(mixed[0], tmp_path / "out")
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == before  # noqa: NPY002


def test_summary_counts_what_happened(tmp_path, mixed):
    text = _run(mixed[0], tmp_path / "out", mm.op("image.horizontal_flip"), mm.op("image.invert"))
    assert "12 rows written, 0 skipped" in text
    traces = [json.loads(row["trace"]) for row in rows_of(tmp_path / "out")]
    for name in ("image.horizontal_flip", "image.invert"):
        status = [step["status"] for trace in traces for step in trace["steps"] if step["op"] == name]
        line = next(line for line in text.splitlines() if name in line)
        assert f"{status.count('applied')} applied" in line
        assert f"{status.count('vetoed')} vetoed" in line


def _break(source):
    """Row 1 has a broken picture, row 3 no file, row 4 a box that is no box."""
    (source / "images/1.png").write_bytes(b"no picture")
    (source / "images/3.png").unlink()
    rows = rows_of(source)
    rows[4]["boxes"] = [[20, 4, 5, 20], [25, 10, 45, 30]]
    write_rows(source, rows)


def test_killed_at_every_single_write_it_ends_with_the_same_bytes(tmp_path):
    """A process of its own dies in the middle of its n-th write, for every n, the last ones being metadata.jsonl and schema.json."""
    source = pictures(tmp_path / "in", 2)
    _run(source, tmp_path / "expected")
    expected, write = tree(tmp_path / "expected"), 0
    while True:
        write += 1
        out = tmp_path / f"out{write}"
        if (child := os.fork()) == 0:
            _die_at_write(write)
            with suppress(BaseException):
                _run(source, out)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert (out / "metadata.jsonl").exists() == (write > 6)
        _run(source, out)
        assert tree(out) == expected
        if not killed:
            break
    assert write == 8  # seven writes: mmaug.json, 2 x (picture, mask), metadata.jsonl, schema.json


def _die_at_write(last):
    """Have this process die with half a file written at its last allowed write."""
    put, count = Output.put, 0

    def half(self, name, data):
        nonlocal count
        count += 1
        if count == last:
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(f".mmaug-{os.getpid()}-{last}.tmp").write_bytes((data if isinstance(data, bytes) else b"".join(data))[:10])
            os._exit(9)
        put(self, name, data)

    Output.put = half


def test_a_full_disk_is_a_message_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    source, out = pictures(tmp_path / "in", 2), tmp_path / "out"
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(MmaugError, match=r"mmaug.json: cannot be written, No space left on device; mend that and run the same"):
        _run(source, out)
    assert tree(out) == {}
    monkeypatch.undo()
    _run(source, out)


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_rows_are_skipped_and_told(tmp_path, workers):
    source = pictures(tmp_path / "in")
    _break(source)
    text = _run(source, tmp_path / "out", copies=2, workers=workers, on_error="skip", start_method="fork")
    assert "6 rows written, 6 skipped" in text
    errors = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text().splitlines()]
    told = [(error["line"], error["source"], error["view"]) for error in errors]
    assert told == [(2, "images/1.png", None), (4, "images/3.png", None), (5, "images/4.png", 0), (5, "images/4.png", 1)]
    assert "must be a whole PNG picture" in errors[0]["error"]
    assert "boxes" in errors[2]["error"]
    assert [row["source"] for row in rows_of(tmp_path / "out")] == [f"images/{n}.png" for n in (0, 0, 2, 2, 5, 5)]


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_lines_and_bad_rows_are_told_in_the_order_of_the_lines(tmp_path, workers):
    source = pictures(tmp_path / "in")
    lines = (source / "metadata.jsonl").read_bytes().splitlines(keepends=True)
    (source / "images/3.png").write_bytes(b"")
    bad = [b"{broken\n", b'{"caption": "no file"}\n', b'{"file_name": "/etc/passwd"}\n', b"[]\n"]
    mixed = [lines[0], bad[0], lines[1], bad[1], lines[2], lines[0], lines[3], bad[2], lines[4], bad[3], lines[5]]
    (source / "metadata.jsonl").write_bytes(b"".join(mixed))
    folder = Folder(source, skip=True)
    text = augment(folder, tmp_path / "out", graph_for(folder), copies=2, workers=workers, on_error="skip", start_method="fork")
    assert "10 rows written, 12 skipped, see errors.jsonl" in text
    errors = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text().splitlines()]
    assert [(e["line"], e["source"], e["view"]) for e in errors] == [
        (2, None, None), (4, None, None), (6, "images/0.png", None), (7, "images/3.png", None), (8, "/etc/passwd", None), (10, None, None),
    ]  # fmt: skip
    assert all(f"line {error['line']}: " in error["error"] for error in errors)
    assert [row["source"] for row in rows_of(tmp_path / "out")] == [f"images/{n}.png" for n in (0, 0, 1, 1, 2, 2, 4, 4, 5, 5)]


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_the_first_bad_row_stops_the_run_and_mending_it_goes_on(tmp_path, workers):
    source = pictures(tmp_path / "in", 12)
    whole = (source / "images/5.png").read_bytes()
    _run(source, tmp_path / "expected")
    (source / "images/5.png").write_bytes(whole[:40])
    (source / "images/7.png").write_bytes(whole[:40])
    with pytest.raises(RowError, match=r"metadata.jsonl line 6: images/5.png: must be a whole PNG.*rows are done and kept"):
        _run(source, tmp_path / "out", workers=workers, start_method="fork")
    assert not (tmp_path / "out/metadata.jsonl").exists()
    assert (tmp_path / "out/images/4_v0.png").exists()
    assert workers or not (tmp_path / "out/images/6_v0.png").exists()
    picture(5).save(source / "images/5.png")
    picture(7).save(source / "images/7.png")
    _run(source, tmp_path / "out", workers=workers, start_method="fork")
    assert tree(tmp_path / "out") == tree(tmp_path / "expected")


def test_a_row_skipped_before_is_tried_again_when_the_run_goes_on(tmp_path, monkeypatch):
    from mmaug.io import augment as job

    source = pictures(tmp_path / "in")
    _run(source, tmp_path / "expected")
    (source / "images/1.png").write_bytes(b"")
    monkeypatch.setattr(job._Run, "finish", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _run(source, tmp_path / "out", on_error="skip")
    monkeypatch.undo()
    picture(1).save(source / "images/1.png")
    _run(source, tmp_path / "out", on_error="skip")
    assert tree(tmp_path / "out") == tree(tmp_path / "expected")


def test_numbers_that_json_cannot_hold_are_refused(tmp_path):
    source = pictures(tmp_path / "in", 2)
    rows = rows_of(source)
    rows[1]["note"]["weight"] = float("nan")
    write_rows(source, rows)
    with pytest.raises(RowError, match=r"line 2: images/1.png: column 'note'.weight: must be a finite number, got nan"):
        _run(source, tmp_path / "out")


def test_texts_of_any_script_come_through(tmp_path):
    source = pictures(tmp_path / "in", 1)
    rows = rows_of(source)
    rows[0]["captions"] = ["", "🐕‍🦺 on 草地", "كلب على اليسار", "half \ud83d a pair"]
    (source / "metadata.jsonl").write_text(json.dumps(rows[0]) + "\n")
    _run(source, tmp_path / "out", mm.op("image.rotate", degrees=5))
    assert rows_of(tmp_path / "out")[0]["captions"] == rows[0]["captions"]


REFUSED = {
    "something else": (lambda out, source: (out.mkdir(), (out / "mine.txt").write_text("x")), "it holds mine.txt; name another"),
    "a data set": (lambda out, source: shutil.copytree(source, out), "it holds images, metadata.jsonl, schema.json"),
    "a file": (lambda out, source: out.write_text("x"), "must be a folder, but it is a file"),
    "a broken mark": (lambda out, source: (out.mkdir(), (out / "mmaug.json").write_text("{")), "must say which command wrote"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, name):
    source, out = pictures(tmp_path / "in", 1), tmp_path / "out"
    make, message = REFUSED[name]
    make(out, source)
    before = tree(tmp_path)
    with pytest.raises(MmaugError, match=message):
        _run(source, out)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("inside", [".", "out", "images/../images/out"])
def test_out_must_not_lie_in_the_source(tmp_path, inside):
    source = pictures(tmp_path / "in", 1)
    before = tree(source)
    with pytest.raises(MmaugError, match="must lie outside the source folder"):
        _run(source, source / inside)
    assert tree(source) == before


def test_another_command_is_refused_and_says_what_differs(tmp_path):
    source, out = pictures(tmp_path / "in", 2), tmp_path / "out"
    _run(source, out)
    before = tree(out)
    for options, message in (({"seed": 1}, "seed was 0, is 1"), ({"copies": 2}, "copies was 1, is 2")):
        with pytest.raises(MmaugError, match=message):
            _run(source, out, **options)
    with pytest.raises(MmaugError, match="policy differs"):
        _run(source, out, mm.op("image.invert"))
    write_rows(source, rows_of(source)[:1])
    with pytest.raises(MmaugError, match="metadata was"):
        _run(source, out)
    assert tree(out) == before


def test_a_complete_folder_is_left_alone(tmp_path, mixed):
    _run(mixed[0], tmp_path / "out", copies=2)
    assert "complete already; nothing was done" in _run(mixed[0], tmp_path / "out", copies=2)
    assert tree(tmp_path / "out") == mixed[1]


def test_files_of_two_rows_must_not_meet(tmp_path):
    source = pictures(tmp_path / "in", 2)
    rows = rows_of(source)
    rows[1]["mask_file_name"] = rows[0]["mask_file_name"]
    write_rows(source, rows)
    with pytest.raises(SchemaError, match=r"line 1 \(mask: images/0-mask.png\) and metadata.jsonl line 2 .*would both be written"):
        _run(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_names_that_look_like_views_do_not_meet(tmp_path):
    for number, name in enumerate(("a.png", "a_v0.png", "a_v0_v0.png")):
        picture(number).save(tmp_path / name)
    write_rows(tmp_path, [{"file_name": name} for name in ("a.png", "a_v0.png", "a_v0_v0.png")])
    out = tmp_path.parent / "apart"
    _run(tmp_path, out, mm.op("image.horizontal_flip"), copies=2)
    for number, name in enumerate(("a", "a_v0", "a_v0_v0")):
        for view in range(2):
            assert np.array_equal(np.asarray(Image.open(out / f"{name}_v{view}.png")), np.asarray(picture(number))[:, ::-1])


@pytest.mark.parametrize("options", [{"copies": 0}, {"workers": -1}, {"on_error": "pass"}, {"start_method": "thread"}])
def test_options_out_of_range_are_refused(tmp_path, options):
    with pytest.raises(MmaugError, match=f"{next(iter(options))} must be"):
        _run(pictures(tmp_path / "in", 1), tmp_path / "out", **options)
