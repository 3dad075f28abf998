"""`mm.hf.augment`: HuggingFace data sets whose rows change as they are read."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmaug as mm
from mmaug.errors import MmaugError, RowError, SchemaError

datasets = pytest.importorskip("datasets")
torch = pytest.importorskip("torch")

import hf_runs  # noqa: E402

TESTS = Path(__file__).parent


def plain(row):
    return {name: np.asarray(value).tolist() if name == "image" else value for name, value in row.items()}


def expected(graph, rows, **draw):
    """Row by row, without any of HuggingFace."""
    return [plain(graph(row, **draw)) for row in rows]


def test_a_data_set_gives_what_the_graph_gives_row_by_row():
    graph, data = hf_runs.graph(), hf_runs.dataset(12)
    made = mm.hf.augment(data, graph)
    wanted = expected(graph, [data[n] for n in range(12)])
    assert [plain(row) for row in made] == wanted
    assert [plain(made[n]) for n in range(12)] == wanted  # single rows, and batches of them
    assert [plain(row) for row in made.__getitems__([3, 1])] == [wanted[3], wanted[1]]
    assert made.features == data.features and made.column_names == data.column_names
    assert any(row["caption"] != hf_runs.caption(n) for n, row in enumerate(wanted))  # a flip was there


def test_the_epoch_and_progress_come_from_the_clock():
    late = mm.Policy.schedule([(0.0, mm.policies.identity()), (0.5, mm.op("image.horizontal_flip"))])
    graph, data = hf_runs.graph(late), hf_runs.dataset(4)
    made = mm.hf.augment(data, graph)
    clock = mm.hf.clock_of(made)
    assert [plain(row) for row in made] == [plain(row) for row in data]
    clock.set(epoch=1, progress=0.5)
    assert [plain(row) for row in made] == expected(graph, data, epoch=1, progress=0.5)
    assert clock is mm.hf.clock_of(made.shuffle(seed=0).select([1, 2])) is mm.hf.clock_of(copy.deepcopy(made))
    mine = mm.hf.Clock(epoch=2)
    assert mm.hf.clock_of(mm.hf.augment(data, graph, clock=mine)) is mine


def test_workers_that_live_on_see_the_epoch_change():
    graph, data = hf_runs.graph(), hf_runs.dataset(8)
    made = mm.hf.augment(data, graph)
    loader = torch.utils.data.DataLoader(made, batch_size=2, num_workers=2, persistent_workers=True, collate_fn=list)
    for epoch in range(3):
        mm.hf.clock_of(made).set(epoch=epoch)
        assert [plain(row) for batch in loader for row in batch] == expected(graph, data, epoch=epoch)


@pytest.mark.slow
def test_a_worker_that_was_spawned_shares_the_clock_and_the_tally():
    graph, data = hf_runs.graph(), hf_runs.dataset(4)
    made = mm.hf.augment(data, graph)
    loader = torch.utils.data.DataLoader(
        made, batch_size=2, num_workers=1, persistent_workers=True, collate_fn=list, multiprocessing_context="spawn"
    )
    for epoch in range(2):
        mm.hf.clock_of(made).set(epoch=epoch)
        assert [plain(row) for batch in loader for row in batch] == expected(graph, data, epoch=epoch)
    assert made._format_kwargs["transform"].tally.take()


def test_a_stream_gives_the_same_rows_with_or_without_workers():
    graph, data = hf_runs.graph(), hf_runs.dataset(40)
    made = mm.hf.augment(data.to_iterable_dataset(num_shards=2), graph)
    assert made.features == data.features
    wanted = expected(graph, data)
    assert [plain(row) for row in made] == wanted
    loader = torch.utils.data.DataLoader(made, batch_size=4, num_workers=2, persistent_workers=True, collate_fn=list)
    for epoch in range(2):
        mm.hf.clock_of(made).set(epoch=epoch)
        found = sorted((plain(row) for batch in loader for row in batch), key=lambda row: row["id"])
        assert found == expected(graph, data, epoch=epoch)


def test_rows_without_a_name_get_one():
    graph = mm.TransformGraph(hf_runs.POLICY, schema=hf_runs.SCHEMA)
    data = hf_runs.dataset(6)
    made = mm.hf.augment(data, graph)
    assert made.column_names == [*data.column_names, "row_key"] and made[5]["row_key"] == 5
    assert [plain(row) for row in made] == [{**plain(graph(data[n], key=n)), "row_key": n} for n in range(6)]
    assert made.shuffle(seed=1)[0] is not None  # the name moves with its row
    again = mm.hf.augment(made.with_format(None), graph)  # it has one now
    assert again.column_names == made.column_names
    stream = mm.hf.augment(data.to_iterable_dataset(), graph)  # the rows of a stream are told by their content
    assert [plain(row) for row in stream] == [plain(graph(row)) for row in data]


def test_a_name_may_be_text_that_no_field_declares():
    data = hf_runs.dataset(4).add_column("__key__", [f"{n:06d}" for n in range(4)]).add_column("__url__", ["shard.tar"] * 4)
    graph = mm.TransformGraph(hf_runs.POLICY, schema=hf_runs.SCHEMA)
    made = mm.hf.augment(data, graph)
    for n, row in enumerate(made):
        wanted = graph({"image": data[n]["image"], "caption": data[n]["caption"]}, key=f"{n:06d}")
        assert plain(row) == {**plain(wanted), "id": n, "__key__": f"{n:06d}", "__url__": "shard.tar"}


def test_recordings_as_files_need_no_torchcodec(tmp_path):
    import soundfile

    for n in range(3):
        soundfile.write(tmp_path / f"{n}.wav", np.sin(np.arange(4000) / (5 + n)).astype(np.float32) * 0.3, 8000, subtype="FLOAT")
    data = datasets.Dataset.from_dict({"audio": [str(tmp_path / f"{n}.wav") for n in range(3)], "caption": ["a low hum"] * 3})
    data = data.cast_column("audio", datasets.Audio(decode=False))
    graph = mm.TransformGraph(mm.op("audio.gain", db=-6.0), schema=mm.Schema(audio=mm.Audio(), caption=mm.Caption(of="audio")))
    made = mm.hf.augment(data, graph)
    import io

    for n, row in enumerate(made):
        before, after = soundfile.read(tmp_path / f"{n}.wav")[0], soundfile.read(io.BytesIO(row["audio"]["bytes"]))[0]
        np.testing.assert_allclose(after, before * 10 ** (-6 / 20), atol=1e-6)


CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import hf_runs, mmaug as mm
notes = {f"note{n}": mm.Opaque(optional=True) for n in range(9)}  # whose order in a set depends on PYTHONHASHSEED
schema = mm.Schema(**hf_runs.SCHEMA.fields, **notes)
graph = mm.TransformGraph(hf_runs.POLICY, schema=schema, seed=3, key="id")
print(mm.hf.augment(hf_runs.dataset(4), graph)._fingerprint)
"""


def test_the_fingerprint_is_the_same_in_every_process_and_changes_with_the_graph():
    import os

    def elsewhere(hash_seed):
        told = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run([sys.executable, "-c", CODE, TESTS], capture_output=True, text=True, check=True, env=told).stdout.strip()

    assert elsewhere("1") == elsewhere("2")
    data = hf_runs.dataset(4)
    here = mm.hf.augment(data, hf_runs.graph())._fingerprint
    others = {
        "policy": mm.hf.augment(data, hf_runs.graph(mm.op("image.rotate"))),
        "rule": mm.hf.augment(data, hf_runs.graph(on_conflict="skip")),
        "key": mm.hf.augment(data, hf_runs.graph(), key="caption"),
        "epoch": mm.hf.augment(data, hf_runs.graph(), clock=mm.hf.Clock(epoch=1)),
    }
    assert len({here, data._fingerprint, *(other._fingerprint for other in others.values())}) == 6


def test_a_pickle_of_the_transform_does_the_same_and_stands_alone():
    graph, data = hf_runs.graph(), hf_runs.dataset(4)
    made = mm.hf.augment(data, graph)
    mm.hf.clock_of(made).set(epoch=4)
    other = pickle.loads(pickle.dumps(made._format_kwargs["transform"]))
    mm.hf.clock_of(made).set(epoch=5)
    assert other.clock.epoch == 4
    batch = {name: data[name][:] for name in data.column_names}
    assert [np.asarray(p).tolist() for p in other(batch)["image"]] == [row["image"] for row in expected(graph, data, epoch=4)]


# -- what is wrong is told ------------------------------------------------------------------------------------------------------------


def test_a_data_set_without_the_columns_of_the_schema_is_told():
    with pytest.raises(SchemaError, match="field 'caption' is column 'caption', and the data set has id, image; correct column="):
        mm.hf.augment(hf_runs.dataset(2).remove_columns("caption"), hf_runs.graph())
    optional = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image", optional=True))
    graph = mm.TransformGraph(hf_runs.POLICY, schema=optional)
    assert mm.hf.augment(hf_runs.dataset(2).remove_columns("caption"), graph)[0]["image"] is not None


def test_text_that_no_field_declares_is_told_with_its_row():
    data = hf_runs.dataset(2).add_column("title", ["one", "two"])
    with pytest.raises(RowError, match=r"row 0 \(key 0\): column 'title' holds text that no field of the schema declares"):
        _ = mm.hf.augment(data, hf_runs.graph())[0]


def test_what_is_no_split_is_told():
    both = datasets.DatasetDict(train=hf_runs.dataset(2), test=hf_runs.dataset(2))
    with pytest.raises(MmaugError, match=r"must be given one split, got \['test', 'train'\]; write splits\[\"train\"\]"):
        mm.hf.augment(both, hf_runs.graph())
    with pytest.raises(MmaugError, match="got list; for a torch data set or a WebDataset give mm.hf.Collator"):
        mm.hf.augment([1, 2], hf_runs.graph())
    with pytest.raises(MmaugError, match="list has no clock"):
        mm.hf.clock_of([1])


def test_a_key_column_that_a_stream_lacks_is_told():
    made = mm.hf.augment(hf_runs.dataset(2).to_iterable_dataset(), hf_runs.graph(), key="name")
    with pytest.raises(RowError, match="key column 'name' must be in every row, got the columns"):
        list(made)


def test_a_clock_refuses_what_is_no_time():
    with pytest.raises(MmaugError, match=r"progress in \[0, 1\], got epoch=0 and progress=1.5"):
        mm.hf.Clock().set(epoch=0, progress=1.5)
