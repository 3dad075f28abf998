"""Text ops on sentences of our own: what may change, what may not, and where places go."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmaug as mm
from mmaug.language import analyser, edits, wordnet
from mmaug.language.misspellings import MISSPELLINGS
from mmaug.modalities.text import draws
from mmaug.registry import OPS, get_op

PICTURE = np.zeros((8, 8, 3), np.uint8)
WORDING = [name for name, op in OPS.items() if op.family == "wording"]


def reworded(name, text, seed=1, **params):
    """One wording op on one text with the analyser's protection, at its farthest."""
    op = get_op(f"text.{name}")
    drawn = {key: params.get(key, seed if key == "seed" else param.from_strength(1.0)([0.4, 0.4])) for key, param in op.params.items()}
    if "share" in drawn:
        drawn["share"] = params.get("share", 1.0)
    reading = analyser.read(text)
    return edits.apply(text, op.function(reading, reading.protected, **drawn))[0]


def every(name, text, seeds=40, **params):
    """All that an op makes of a text."""
    return {reworded(name, text, seed, **params) for seed in range(seeds)}


# -- whole words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a dog on a sofa", {"an animal on a piece of furniture"}),
        ("two dogs and three trucks", {"two animals and three vehicles"}),
        ("An elephant", {"An animal"}),
        ("a brown horse", {"a brown animal"}),
        ("a seagull on a roof", {"a bird on a roof", "an animal on a roof"}),
        ("no dog", {"no dog"}),
        ("the only dog", {"the only dog"}),
        ("all dogs", {"all dogs"}),
        ("a dog and another dog", {"a dog and another dog"}),
        ("a dog house", {"a dog house"}),
        ("a large dog", {"a large dog"}),  # a large mouse is a small animal
        ("his friend sleeps", {"his friend sleeps"}),  # "his person"
        ("sheep on grass", {"sheep on grass"}),
        ("a computer mouse", {"a computer mouse"}),
    ],
)
def test_hypernym(text, made):
    assert every("hypernym", text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a very old car", "an old car"),  # what is very old is old
        ("a fluffy cat", "a cat"),
        ("An old house", "A house"),
        ("a man happily riding a horse", "a man riding a horse"),
        ("There is a dog on a bed.", "A dog on a bed."),
        ("a boy that is riding a bike", "a boy riding a bike"),
        ("a toy car", "a toy car"),
        ("a stuffed animal", "a stuffed animal"),
        ("no young men", "no young men"),
        ("the oldest house", "the oldest house"),
        ("a man nearly falling on a bed", "a man nearly falling on a bed"),
        ("a red car", "a red car"),
        ("a big and fluffy dog", "a big and fluffy dog"),
        ("not a fluffy cat", "not a fluffy cat"),
        ("a short sleeve shirt", "a short sleeve shirt"),
        ("the wooden horse", "the wooden horse"),
    ],
)
def test_delete_words(text, made):
    assert reworded("delete_words", text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("wearing a hat and jacket", "wearing a jacket and hat"),
        ("a tree and apple", "an apple and tree"),
        ("A dog and a cat.", "A cat and a dog."),
        ("A car next to a tree.", "A tree next to a car."),
        ("the sofa is beside the tree", "the tree is beside the sofa"),
        ("an old and rusty gate", "a rusty and old gate"),
        ("topped with onions and mushrooms", "topped with mushrooms and onions"),
        ("a dog chases a cat", "a dog chases a cat"),
        ("a dog and a cat chasing a ball", "a dog and a cat chasing a ball"),  # perhaps only the cat does
        ("a man with a dog and a cat", "a man with a dog and a cat"),  # perhaps the cat is not with him
        ("a red car and a blue bus", "a red car and a blue bus"),
        ("a man and his dog", "a man and his dog"),
        ("no dog and no cat", "no dog and no cat"),
        ("a plate of food and chopsticks", "a plate of food and chopsticks"),
        ("a dog sleeping next to a cat", "a dog sleeping next to a cat"),
        ("a dog then a cat and a bird", "a dog then a cat and a bird"),
    ],
)
def test_swap_words(text, made):
    assert reworded("swap_words", text) == made


def test_insert_words_only_hedges():
    hedges = "apparently|evidently|seemingly|presumably|indeed|actually|, (?:as |so )?it (?:seems|appears)"
    for text in ("A man riding a horse", "The dog is not on the bed.", "two children sitting in a red car", "a bus that is parked"):
        for made in every("insert_words", text):
            assert re.sub(" +", " ", re.sub(hedges, "", made)).replace(" .", ".").strip() == text
    assert {"A dog is apparently running.", "A dog is indeed running."} <= every("insert_words", "A dog is running.", 200, share=0.6)
    for text in ("a brick building next to it", "is there a dog?", "a hot dog eating contest"):
        assert all(made.startswith(text.split(",")[0]) for made in every("insert_words", text))


def test_mask_words_hides_no_claim():
    assert reworded("mask_words", "two red cars left of a fluffy dog", mask="<mask>") == "two red <mask> left of <mask> <mask> <mask>"


def test_synonym_after_an_adjective():
    assert reworded("synonym", "a red car") in ("a red automobile", "a red auto")


# -- letters -----------------------------------------------------------------------------------------------------------

TYPOS = ("keyboard_typo", "ocr_typo", "char_noise", "split_words")


@pytest.mark.parametrize("name", TYPOS)
def test_no_typo_makes_another_word(name):
    text = "snow river trick cake rice dogs sand horse boat train carpet surfboard colour from barn corn clown light"
    seen = set()
    for made in every(name, text, 200):
        pieces = made.split()
        seen.add(made)
        new = [piece for piece in pieces if piece not in text.split()]
        assert not any(wordnet.is_word(piece.lower()) for piece in new), made
        if name != "split_words":
            assert all(a[0] == b[0] and a[-1] == b[-1] for a, b in zip(text.split(), pieces, strict=True))
    assert len(seen) > 5


def test_a_scanner_takes_letters_for_others_of_their_shape():
    allowed = {("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("cl", "d"), ("d", "cl"), ("w", "vv")}
    found = set()
    text = "lanterns bicycles towers climber holdings soldier"
    for seed in range(300):
        made = get_op("text.ocr_typo").function(analyser.read(text), (), share=1.0, seed=seed)
        found |= {(text[r.start : r.end], r.text) for r in made}
    assert allowed <= found


def test_capitals_stay_capitals():
    for name in ("keyboard_typo", "char_noise"):
        assert all(made.isupper() for made in every(name, "LOVELY ANIMALS"))


def test_the_table_of_misspellings_holds_none_that_is_right():
    assert len(MISSPELLINGS) > 400
    ours = {wrong for wrongs in MISSPELLINGS.values() for wrong in wrongs}
    assert not ours & MISSPELLINGS.keys()
    exact = {wrong for wrong in ours if any(wordnet._senses(wrong, pos) for pos in "nvar")}
    assert not exact, "words of their own"
    for right, wrongs in MISSPELLINGS.items():
        for wrong in wrongs:
            assert 1 <= _distance(right, wrong) <= 3, (right, wrong)


def _distance(a, b):
    """Levenshtein's, the plain way."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, before = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y)))
    return row[-1]


def test_misspell():
    assert reworded("misspell", "A beautiful kitchen") in {f"A {b} {k}" for b in MISSPELLINGS["beautiful"] for k in MISSPELLINGS["kitchen"]}
    assert reworded("misspell", "BUILDING").isupper()


# -- style -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "text", "made"),
    [
        ("lower", "A Red Car", "a Red Car"),  # capitals inside a sentence are names
        ("lower", "A dog in Paris", "a dog in Paris"),
        ("upper", "a dog left of two red cars", "A DOG LEFT OF TWO RED CARS"),
        ("upper", "a dog in Paris", "a dog in Paris"),
        ("upper", 'a sign that says "go"', 'a sign that says "go"'),
        ("title", "a dog on the bed", "A Dog on the Bed"),
        ("sentence", "a dog. two cats", "A dog. two cats"),
        ("title", "it's a dog", "It's a Dog"),
        ("lower", "Two dogs", "two dogs"),
        ("upper", "straße at www.x.de", "straße at www.x.de"),
    ],
)
def test_change_case(form, text, made):
    assert reworded("change_case", text, form=form) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("A dog runs.", {"A dog runs", "A dog runs!", "A dog runs ."}),
        ("a dog", {"a dog.", "a dog!", "a dog ."}),
        ("a dog, a cat, and a bird", {f"a dog, a cat and a bird{m}" for m in (".", "!", " .")}),
        ("a man, with a hat", {f"a man with a hat{m}" for m in (".", "!", " .")}),
        ("is it a dog?", {"is it a dog?"}),
        ("a dog in the U.S.A", {"a dog in the U.S.A"}),
        ("a man, wearing a hat, sits on a dog", {f"a man, wearing a hat, sits on a dog{m}" for m in (".", "!", " .")}),
    ],
)
def test_punctuation(text, made):
    assert every("punctuation", text) == made


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("the dog is not on the bed", "the dog isn't on the bed"),
        ("They do not run", "They don't run"),
        ("he cannot see it", "he can't see it"),
        ("it will not fall", "it won't fall"),
        ("It is a dog", "It's a dog"),
        ("there is a cat", "there's a cat"),
        ("a dog that is sitting", "a dog that's sitting"),
        ("they are in the car", "they're in the car"),
        ("IT IS NOT A DOG", "IT ISN'T A DOG"),
    ],
)
def test_contractions_both_ways(long, short):
    assert reworded("contractions", long) == short
    assert reworded("contractions", short) == long


@pytest.mark.parametrize(
    "text",
    ["isn't it a dog?", "the dog's bed", "where it is.", "it's been seen", "it's owner", "a dog", '"is not" is written', "who's dog"],
)
def test_contractions_that_are_not_sure(text):
    assert reworded("contractions", text) == text


def test_a_bound_negation_stays():
    reading = analyser.read("the dog is not here")
    assert get_op("text.contractions").function(reading, ((8, 19),), share=1.0, seed=1) == []


# -- frames and dropping -----------------------------------------------------------------------------------------------


def graph(*ops, caption=None, **fields):
    return mm.TransformGraph(mm.Policy.sequence(*ops), schema=mm.Schema(image=mm.Image(), c=caption or mm.Caption(of="image"), **fields))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "A dog on a beach.",
            {"A photo of a dog on a beach.", "This is a photo of a dog on a beach.", "A photo showing a dog on a beach."},
        ),
        ("A dog is on a beach.", {"A photo in which a dog is on a beach.", "This photo shows that a dog is on a beach."}),
        ("dog", {"a photo of a dog.", "an image of a dog."}),
        ("airplane", {"a picture of an airplane."}),
        ("Paris at night", {"a photo of Paris at night."}),
        ("", {""}),
    ],
)
def test_our_own_templates(text, made):
    found = {graph(mm.op("text.prompt_template"))({"image": PICTURE, "c": text}, key=key)["c"] for key in range(60)}
    assert made <= found and (not text or all(text[1:].rstrip(".") in one for one in found))


def test_templates_of_others():
    row = {"image": PICTURE, "c": "A Dog"}
    assert graph(mm.op("text.prompt_template", template="itap of {}!"))(row, key=1)["c"] == "itap of A Dog!"
    found = {graph(mm.op("text.prompt_template", template=["x {}", "{} y"]))(row, key=key)["c"] for key in range(20)}
    assert found == {"x A Dog", "A Dog y"}
    with pytest.raises(mm.PolicyError, match="once, where the text goes"):
        graph(mm.op("text.prompt_template", template="a photo"))(row, key=1)
    german = mm.Caption(of="image", language="de")
    assert graph(mm.op("text.prompt_template"), caption=german)({"image": PICTURE, "c": "ein Hund"}, key=1)["c"] == "ein Hund"
    assert (
        graph(mm.op("text.prompt_template", template="Foto: {}"), caption=german)({**row, "c": "ein Hund"}, key=1)["c"] == "Foto: ein Hund"
    )


def test_a_template_fits_what_is_described():
    schema = mm.Schema(audio=mm.Audio(), image=mm.Image(), c=mm.Caption(of="audio"), both=mm.Caption(of=("image", "audio")))
    row = {"audio": {"array": np.zeros(80, np.float32), "sampling_rate": 8000}, "image": PICTURE, "c": "a dog barking", "both": "a dog"}
    out = mm.TransformGraph(mm.op("text.prompt_template"), schema=schema)(row, key=3)
    assert re.search("sound|recording", out["c"]) and out["both"] == "a dog"


def test_a_template_does_not_decide_what_may_happen_to_the_picture():
    ops = [mm.op("text.prompt_template", template='a sign that says "{}"'), mm.op("image.horizontal_flip")]
    out, trace = graph(*ops).run({"image": PICTURE, "c": "a dog on the left"}, key=1)
    assert out["c"] == 'a sign that says "a dog on the right"' and not trace.vetoes


def test_a_dropped_caption_cannot_veto_and_a_list_keeps_its_length():
    flip = mm.op("image.horizontal_flip")
    row = {"image": PICTURE, "c": 'a sign that says "EXIT"'}
    assert graph(flip).run(row, key=1)[1].vetoes
    for order in ([flip, mm.op("text.drop_caption")], [mm.op("text.drop_caption"), flip]):
        out, trace = graph(*order).run(row, key=1)
        assert out["c"] == "" and not trace.vetoes and trace.edits[0].by == ("text.drop_caption",)
    many = {"image": PICTURE, "c": ("a dog", "a sign")}
    assert graph(mm.op("text.drop_caption", text="<empty>"))(many, key=1)["c"] == ("<empty>", "<empty>")
    both = graph(mm.op("text.choose_caption", pick=1.0), mm.op("text.drop_caption"))
    assert both(many, key=1)["c"] == ("",)
    chat = mm.Schema(image=mm.Image(), m=mm.Messages(of="image"))
    out, trace = mm.TransformGraph(mm.op("text.drop_caption"), schema=chat).run(
        {"image": PICTURE, "m": [{"role": "user", "content": "hi"}]}, key=1
    )
    assert out["m"][0]["content"] == "hi" and trace.vetoes[0].dropped.rule == "kind"
    group = mm.Policy.sequence(mm.op("text.drop_caption"), mm.op("image.translate_x", fraction=0.9), all_or_none=True)
    boxed = mm.Schema(image=mm.Image(), c=mm.Caption(of="image"), d=mm.Caption(of="image"))
    out = mm.TransformGraph(group, schema=boxed)({"image": PICTURE, "c": "a dog", "d": "two dogs on the left"}, key=1)
    assert (out["c"], out["d"]) == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "A man, wearing a hat, on a bench",
        "dog, cat",
        "a house, white, large",
        "First, a dog barks, then it howls",
        "On the left, a dog, a cat.",
        "a, b, c.",
    ],
)
def test_sentences_with_commas_are_no_tags(text):
    assert all(get_op("text.shuffle_tags").function(text, ("image",), share=1.0, seed=seed)[0] == text for seed in range(20))


def test_tags_come_in_another_order():
    text = "1girl, red hair, outdoors, blue sky,long dress"
    tags = sorted(tag.strip() for tag in text.split(","))
    shuffle = get_op("text.shuffle_tags").function
    made = {shuffle(text, (), share=1.0, seed=seed)[0] for seed in range(200)}
    assert len(made) > 60 and all(sorted(tag.strip() for tag in one.split(",")) == tags for one in made)
    firsts = [shuffle(text, (), share=1.0, seed=seed)[0].split(",")[0] for seed in range(2000)]
    assert all(250 < firsts.count(tag) < 560 for tag in tags)  # any order, about equally often
    moved = [np.mean([shuffle(text, (), share=s, seed=k)[0] != text for k in range(100)]) for s in (0.0, 0.1, 0.3, 1.0)]
    assert moved == sorted(moved) and moved[0] == 0


@given(st.lists(st.sampled_from(["red hair", "dog", "2 cats", "big tree"]), min_size=3, max_size=6), st.integers(0, 999), st.floats(0, 1))
def test_spans_go_with_their_tags(tags, seed, share):
    text = ", ".join(tags)
    new, places = get_op("text.shuffle_tags").function(text, (), share=share, seed=seed)
    at = 0
    for tag in tags:
        start, end = places.span(at, at + len(tag))
        assert new[start:end] == tag
        at += len(tag) + 2
    assert places.span(0, len(text)) == (0, len(new))
    for a in range(len(text) + 1):
        for b in range(a, len(text) + 1):
            start, end = places.span(a, b)
            assert 0 <= start <= end <= len(new)


# -- all of them -------------------------------------------------------------------------------------------------------

BITS = [
    "a",
    "red",
    "dog",
    "left of",
    "two",
    "cars",
    "is",
    "not",
    "Paris",
    '"EXIT"',
    "and",
    "old",
    "fluffy",
    "it's",
    ",",
    ".",
    "riding",
    "there",
    "\U0001f600",
    "naïve",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(BITS), max_size=14), st.integers(0, 2**53 - 1), st.data())
def test_protected_spans_stay_to_the_letter(bits, seed, data):
    """Whatever spans are protected; only case and contractions may rewrite such words, and not their meaning."""
    text = " ".join(bits)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True)))
    bound = list(zip(cuts[::2], cuts[1::2], strict=False))
    reading = analyser.read(text)
    protected = analyser.merge_spans([*reading.protected, *(span for span in bound if span[0] < span[1])])
    for name in WORDING:
        op = OPS[name]
        params = {key: seed if key == "seed" else param.from_strength(1.0)([0.3, 0.3]) for key, param in op.params.items()}
        made = op.function(reading, protected, **params)
        new, places = edits.apply(text, made)
        for start, end in protected:
            a, b = places.span(start, end)
            assert name in ("text.contractions", "text.change_case") or _mended(text[start:end], new[a:b]), (name, text, new)
        assert name != "text.change_case" or new.lower() == text.lower()


def _mended(old, new):
    """Whether only "a" and "an", a capital at the start, or spaces beside a word that went, differ."""
    plain = re.compile(r"\ban\b", re.IGNORECASE)
    return plain.sub("a", old).lower().split() == plain.sub("a", new).lower().split()


def test_ops_differ_between_captions_and_not_between_runs():
    row = {"image": PICTURE, "c": ["a beautiful dog sitting beside another building"] * 6}
    for name in ("char_noise", "misspell", "insert_words"):
        g = graph(mm.op(f"text.{name}", share=0.7))
        assert len(set(g(row, key=5)["c"])) > 1 and g(row, key=5)["c"] == g(row, key=5)["c"]


def test_more_strength_changes_no_less():
    text = "The beautiful children are happily playing with a fluffy dog and a kitten next to an old building, and it is not raining."
    for name in WORDING:
        if OPS[name].has_strength:
            for seed in range(10):
                counts = [
                    len(
                        OPS[name].function(
                            analyser.read(text),
                            (),
                            **{**{k: p.from_strength(s)([0.2, 0.2]) for k, p in OPS[name].params.items()}, "seed": seed},
                        )
                    )
                    for s in (0.0, 0.2, 0.5, 1.0)
                ]
                assert counts == sorted(counts) and counts[0] == 0, name


def test_no_text_op_acts_on_transcripts():
    """Words with times must stay as many: what was said is not reworded."""
    schema = mm.Schema(audio=mm.Audio(), t=mm.Transcript(of="audio"), c=mm.Caption(of="audio"))
    assert schema.for_modality("text") == ["c"]
    with pytest.raises(mm.PolicyError, match="is not one of them"):
        mm.TransformGraph(mm.op("text.delete_words", field="t"), schema=schema)


def test_free_words_touch_no_span():
    reading = analyser.read("one two three four")
    assert draws.free(reading, ((4, 7), (8, 9))) == [0, 3]
    assert draws.is_free(0, 4, ((4, 7),)) and not draws.is_free(0, 5, ((4, 7),))
