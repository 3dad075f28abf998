"""What blur, noise, fog and shadows leave a text to say; the answers were written down before the rule was run."""

from __future__ import annotations

import numpy as np
import pytest

import mmaug as mm

PICTURE = np.random.default_rng(4).integers(0, 255, (200, 300, 3), np.uint8)
LARGE, SMALL = ("dog", (40.0, 40.0, 120.0, 120.0)), ("bird", (10.0, 10.0, 14.0, 12.0))


def stays(text: str, *ops: mm.PolicyOp, boxes=None) -> bool:
    fields = {"image": mm.Image(), "caption": mm.Caption(of="image")}
    row = {"image": PICTURE, "caption": text}
    if boxes is not None:
        fields["boxes"] = mm.Boxes(of="image", column="o.bbox", format="xywh", labels="o.name")
        row["o"] = {"bbox": [list(box) for _, box in boxes], "name": [name for name, _ in boxes]}
    out, trace = mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(**fields)).run(row, key=1)
    assert out["caption"] == text
    return not trace.vetoes


BLUR, SLIGHT = mm.op("image.gaussian_blur", sigma=0.02), mm.op("image.gaussian_blur", sigma=0.001)


@pytest.mark.parametrize(
    ("text", "op", "expected"),
    [
        ("a dog on a bench", BLUR, True),
        ("a blurry photo of a dog", BLUR, False),  # more blur than was spoken of
        ("a blurry photo of a dog", SLIGHT, True),
        ("a blurry photo of a dog", mm.op("image.sharpness", factor=1.9), False),
        ("a sharp photo of a dog", mm.op("image.sharpness", factor=1.1), True),
        ('a sign that says "stop"', BLUR, False),
        ('a sign that says "stop"', mm.op("image.gaussian_noise", sigma=0.03), True),
        ("a dog", mm.op("image.gaussian_blur", sigma=0.15), False),
        ("a dog", mm.op("image.downscale", factor=0.02), False),
        ("a dog", mm.op("image.gaussian_noise", sigma=0.9), False),
        ("a dog", mm.op("image.fog", amount=0.9), False),
        ("a dog", mm.op("image.shadow", amount=1.0), False),
        ("a dog", mm.op("image.fog", amount=0.4), True),
        ("a foggy morning", mm.op("image.fog", amount=0.4), False),
        ("a dog in the shade", mm.op("image.shadow", amount=0.4), False),
        ("a grainy photo", mm.op("image.iso_noise", intensity=0.05, color_shift=0.02), False),
        ("a pixelated photo", mm.op("image.jpeg", quality=10), False),
        ("a dog", mm.op("image.jpeg", quality=10), True),
        ("", mm.op("image.fog", amount=1.0), True),
    ],
)
def test_words_on_what_can_be_seen(text, op, expected):
    assert stays(text, op) is expected


def test_what_is_named_must_stay_large_enough_to_be_known():
    boxes = [LARGE, SMALL]
    assert stays("a dog", BLUR, boxes=boxes)
    assert not stays("a bird", BLUR, boxes=boxes)
    assert not stays("a dog and a bird", mm.op("image.motion_blur", length=0.08), boxes=boxes)
    assert stays("a dog", mm.op("image.gaussian_blur", sigma=0.08), boxes=boxes)  # 0.08 of 200 is 16 pixels, the dog has 120
    assert not stays("a dog and a cat", mm.op("image.gaussian_blur", sigma=0.08), boxes=boxes)  # no box shows the cat


def test_faults_add_up_over_steps():
    four = [mm.op("image.gaussian_blur", sigma=0.012)] * 4
    assert stays("a dog", *four[:3]) and not stays("a dog", *four)
    assert not stays("a sharp photo", *[mm.op("image.gaussian_blur", sigma=0.0015)] * 2)


def test_a_colour_word_stands_only_where_fog_and_shadow_keep_the_name():
    assert stays("a white cat", mm.op("image.fog", amount=0.5))
    schema = mm.Schema(image=mm.Image(), caption=mm.Caption(of="image"))
    for name, colour in (("fog", "black"), ("shadow", "white"), ("clahe", "black")):
        strong = mm.op(f"image.{name}", amount=0.5 if name == "fog" else 0.8)
        out, trace = mm.TransformGraph(strong, schema=schema).run({"image": PICTURE, "caption": f"a {colour} cat"}, key=1)
        assert trace.vetoes or out["caption"] in ("a cat", "a gray cat"), name
