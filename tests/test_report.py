"""The preview page: what it must contain, read back with html.parser; strangers' text never becomes markup."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

import mmaug as mm
from mmaug import report
from mmaug.report.texts import diff

VOID = {"meta", "br", "input", "image", "rect", "circle", "line", "path"}


class Page(HTMLParser):
    """Every element with its attributes and the text inside it; refuses a page whose tags do not match."""

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert not self.open, f"never closed: {[tag for tag, _, _ in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, _, inside in self.open:
            inside.append(data)

    def texts(self, tag: str, **attrs: str) -> list[str]:
        """The text of each such element, spaces joined."""
        return [" ".join("".join(inside).split()) for _, inside in self.find(tag, **attrs)]

    def find(self, tag: str, **attrs: str) -> list[tuple[dict[str, str | None], list[str]]]:
        wanted = {name.rstrip("_"): value for name, value in attrs.items()}
        return [(a, inside) for t, a, inside in self.elements if t == tag and wanted.items() <= a.items()]


def unpacked(uri: str | None) -> io.BytesIO:
    """The bytes of a data URI."""
    return io.BytesIO(base64.b64decode(str(uri).partition(",")[2]))


def photo(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.Generator(np.random.Philox(1)).integers(0, 255, (height, width, 3), dtype=np.uint8))


def flip(schema: mm.Schema, *more: Any) -> mm.TransformGraph:
    return mm.TransformGraph(mm.Policy.sequence(mm.op("image.horizontal_flip"), *more), schema=schema)


def page(tmp_path: Path, graph: mm.TransformGraph, *rows: dict[str, Any], **options: Any) -> Page:
    report.preview(graph, rows, tmp_path / "page.html", **options)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"], "nothing half-written stays behind"
    return Page(tmp_path / "page.html")


SIMPLE = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))


def test_edit_is_marked_word_by_word(tmp_path: Path) -> None:
    shown = page(tmp_path, flip(SIMPLE), {"image": photo(), "caption": "a dog left of a cat"}, copies=1)
    assert (shown.texts("del"), shown.texts("ins")[1:]) == (["deleted", "left"], ["right"])
    assert shown.texts("span", dir="auto") == ["a dog left of a cat", "a dog leftright of a cat"]


def test_diff_gives_both_texts_back() -> None:
    before, after = "An old  car, left of a “tree”.", "A green car, right of it."
    parts = diff(before, after)
    assert "".join(text for kind, text in parts if kind != "ins") == before
    assert "".join(text for kind, text in parts if kind != "del") == after


def test_veto_says_which_text_and_why(tmp_path: Path) -> None:
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"))
    row = {"image": photo(), "captions": ["a dog", "a shop with a sign that says 'open'"]}
    graph = flip(schema)
    (record,) = graph.run(row, key=0)[1].vetoes
    shown = page(tmp_path, graph, row, copies=1, keys=[0])
    (veto,) = shown.texts("li", class_="vetoed")
    assert record.dropped is not None and record.dropped.reason in veto and "a shop with a sign" in veto and "captions" in veto
    assert shown.texts("td")[:4] == ["image.horizontal_flip", "1", "0", "1"]


def test_veto_after_choose_caption_shows_the_chosen_text(tmp_path: Path) -> None:
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"))
    row = {"image": photo(), "captions": ["a dog", "a shop with a sign that says 'open'"]}
    graph = flip(schema, mm.op("text.choose_caption"))
    key = next(k for k in range(50) if graph.run(row, key=k)[0]["captions"] != ["a dog"])
    shown = page(tmp_path, graph, row, copies=1, keys=[key])
    assert "a shop with a sign" in shown.texts("q")[0]
    assert any("1 of 2 kept" in text for text in shown.texts("h4"))
    assert not shown.texts("del")[1:], "the chosen text is compared with itself, not with the first"


@pytest.mark.parametrize("place", ["caption", "label", "key", "event", "role"])
def test_strangers_text_never_becomes_markup(tmp_path: Path, place: str) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> a dog"
    said = {name: evil if name == place else "dog" for name in ("caption", "label", "key", "event", "role")}
    schema = mm.Schema(
        image=mm.Image(), caption=mm.Caption(of="image"), boxes=mm.Boxes(of="image", labels="labels"), audio=mm.Audio(),
        events=mm.Events(of="audio"), chat=mm.Messages(of="image"), labels=mm.Opaque(),
    )  # fmt: skip
    row = {
        "image": photo(), "caption": said["caption"], "boxes": [[1.0, 1.0, 60.0, 40.0]], "labels": [said["label"]],
        "audio": {"array": np.zeros(800, np.float32), "sampling_rate": 8000},
        "events": [{"text": said["event"], "start": 0.0, "end": 0.1}],
        "chat": [{"role": said["role"], "content": "hello"}],
    }  # fmt: skip
    shown = page(tmp_path, mm.TransformGraph(mm.Policy.sequence(mm.op("image.hue", degrees=1)), schema=schema), row, keys=[said["key"]])
    assert not shown.find("script") and not shown.find("img")
    assert not [name for _, attrs, _ in shown.elements for name in attrs if name.startswith("on")]
    assert "<script" not in shown.source and "&lt;script&gt;" in shown.source


def test_nothing_is_fetched(tmp_path: Path) -> None:
    shown = page(tmp_path, flip(SIMPLE), {"image": photo(), "caption": "a dog"})
    links = [value for _, attrs, _ in shown.elements for name, value in attrs.items() if name in ("src", "href")]
    assert links and all(str(value).startswith("data:") for value in links)
    assert "url(" not in shown.source and "@import" not in shown.source


def test_row_that_fails_is_shown_with_its_error(tmp_path: Path) -> None:
    broken = {"image": photo(), "caption": "a dog", "boxes": [[10.0, 10.0, 5.0, 20.0]]}
    sound = {"image": photo(), "caption": "a cat", "boxes": [[10.0, 10.0, 50.0, 20.0]]}
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"), boxes=mm.Boxes(of="image"))
    shown = page(tmp_path, flip(schema), broken, sound, {"caption": "no picture"}, copies=2)
    errors = shown.texts("p", role="alert")
    assert len(errors) == 6 and len(shown.find("article")) == 3
    assert errors[1].startswith("RowError") and "x1 <= x2" in errors[1]
    assert "a cat" in " ".join(shown.texts("span", dir="auto")) and "4 failed" in shown.source


@pytest.mark.parametrize("form", ["pil", "grey", "rgba", "array", "tensor", "frames"])
def test_every_form_of_picture(tmp_path: Path, form: str) -> None:
    pil = photo()
    forms = {
        "pil": pil, "grey": pil.convert("L"), "rgba": pil.convert("RGBA"), "array": np.asarray(pil),
        "tensor": torch.from_numpy(np.asarray(pil).transpose(2, 0, 1).copy()), "frames": [pil] * 9,
    }  # fmt: skip
    shown = page(tmp_path, flip(SIMPLE), {"image": forms[form], "caption": "a dog"}, copies=1)
    pictures = [attrs["href"] for attrs, _ in shown.find("image")]
    assert len(pictures) == (8 if form == "frames" else 2)
    for uri in pictures:
        assert Image.open(unpacked(uri)).size == pil.size


def test_boxes_points_and_masks_lie_where_they_are(tmp_path: Path) -> None:
    schema = mm.Schema(
        image=mm.Image(), boxes=mm.Boxes(of="image", format="yolo", labels="labels"), labels=mm.Opaque(), mask=mm.Mask(of="image"),
        points=mm.Keypoints(of="image", names=("left_eye", "nose")),
    )  # fmt: skip
    mask = np.zeros((48, 64), np.int32)
    mask[12:36, :32] = 7
    row = {"image": photo(), "boxes": [[0.25, 0.5, 0.5, 0.5]], "labels": ["dog"], "mask": mask, "points": [[8.0, 12.0, 2], [0, 0, 0]]}
    shown = page(tmp_path, flip(schema), row, copies=1)
    boxes = [[float(str(a[k])) for k in ("x", "y", "width", "height")] for a, _ in shown.find("rect")]
    assert boxes == [[0, 12, 32, 24], [32, 12, 32, 24]]
    assert [(float(str(a["cx"])), a["class"]) for a, _ in shown.find("circle")] == [(8, "point left"), (56, "point left")]
    tinted = [
        Image.open(io.BytesIO(base64.b64decode(str(a["href"]).partition(",")[2]))) for a, _ in shown.find("image", class_="annotation")
    ]
    for image, covered in zip(tinted, (mask, mask[:, ::-1]), strict=True):
        assert np.array_equal(np.asarray(image)[..., 3] > 0, covered > 0)


def test_sound_words_and_transcript(tmp_path: Path) -> None:
    schema = mm.Schema(
        audio=mm.Audio(), said=mm.Transcript(of="audio"), words=mm.Words(of="audio"), length=mm.Size(of="audio", axis="duration")
    )
    samples = np.sin(np.arange(16000) / 9).astype(np.float32)
    words = [{"text": "one", "start": 0.1, "end": 0.5}, {"text": "two", "start": 1.2, "end": 1.9}]
    row = {"audio": (np.stack([samples, samples / 2]), 8000), "said": "one two", "words": words, "length": 2.0}
    graph = mm.TransformGraph(mm.Policy.sequence(mm.op("audio.time_crop", keep=0.5, start=0.0)), schema=schema)
    shown = page(tmp_path, graph, row, copies=1)
    clips = [soundfile.read(unpacked(a["src"])) for a, _ in shown.find("audio")]
    assert [(c[0].shape, c[1]) for c in clips] == [((16000, 2), 8000), ((8000, 2), 8000)]
    assert np.abs(clips[0][0][:, 0] - samples).max() < 1e-3
    assert shown.texts("text", class_="annotation heard") == ["one", "two", "one"]
    assert shown.texts("del")[1:] == ["two"] and "length 1.0" in shown.source


def test_several_fields_of_a_kind_missing_ones_and_strange_text(tmp_path: Path) -> None:
    schema = mm.Schema(
        photo=mm.Image(), drawing=mm.Image(optional=True), caption=mm.Caption(of="photo"), other=mm.Caption(of="drawing", optional=True),
        chat=mm.Messages(of="photo", optional=True), boxes=mm.Boxes(of="photo", column="items[].box", labels="items[].name"),
    )  # fmt: skip
    full = {
        "photo": photo(), "drawing": photo(32, 32), "caption": "🐕 on the left", "other": "كلب على اليسار",
        "chat": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "what is on the left?"}]}],
    }  # fmt: skip
    bare = {"photo": photo(), "caption": "", "drawing": None}
    shown = page(tmp_path, flip(schema), full, bare, copies=1)
    assert not shown.find("p", role="alert")
    said = shown.texts("span", dir="auto")
    assert "كلب على اليسار" in said and any("🐕" in text for text in said) and "(empty)" in said
    assert shown.texts("li", class_="vetoed")[0].endswith("not done: this row has no drawing")
    assert any("user:" in text for text in shown.texts("li"))


def test_edit_of_the_chosen_text_is_named(tmp_path: Path) -> None:
    schema = mm.Schema(image=mm.Image(), captions=mm.Caption(of="image"))
    row = {"image": photo(), "captions": ["a dog", "a dog left of a cat"]}
    graph = flip(schema, mm.op("text.choose_caption"))
    key = next(k for k in range(50) if graph.run(row, key=k)[0]["captions"] != ["a dog"])
    (edit,) = graph.run(row, key=key)[1].edits
    lines = page(tmp_path, graph, row, copies=1, keys=[key]).texts("li")
    assert any("leftright" in line and edit.by[0].replace("_", " ") in line for line in lines)


def test_page_is_left_alone_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise OSError("the disk is gone")

    (tmp_path / "page.html").write_text("before")
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="disk"):
        report.preview(flip(SIMPLE), [{"image": photo(), "caption": "a dog"}], tmp_path / "page.html")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("page.html", "before")]


def test_keys_that_do_not_fit_the_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        report.preview(flip(SIMPLE), [{"image": photo(), "caption": "a dog"}] * 2, tmp_path / "page.html", keys=["1"])
