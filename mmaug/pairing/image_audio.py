"""A picture and the sound recorded with it: the sides of one are the sides of the other, so a mirror of one mirrors both."""

from __future__ import annotations

from mmaug.effects.picture import ImageState
from mmaug.effects.sound import AudioState, kept_sides, swapped_sides
from mmaug.pairing.base import Context, Follow, PairRule, Verdict, Veto, harmless, rule

CENTRE = 0.1
"""A thing whose middle lies within this share of the width from the centre line has no clear side."""

UNSEEN_DRIFT = 0.1
"""Without boxes the view may move sideways by this share of the width before the sides are in doubt."""

LARGEST_TURN = 30.0
"""Degrees that a picture may be off its axes before its sides are no longer those of the sound."""


@rule("geometry", on="audio")
def mirror_swaps_channels(sound: AudioState, picture: ImageState, context: Context) -> Verdict:
    """A mirror of the picture swaps the channels, and so does half a turn.

    After a quarter turn what was on a side is above or below, so the sound comes from no side. Mono has no sides; of layouts other
    than stereo and 5.1 nobody knows them, so that a mirror is refused.
    """
    if sound.channels < 2:
        return None
    turn, off = picture.geometry.turn()
    if off > LARGEST_TURN:
        return Veto(f"the picture is {off:.0f} degrees off its axes, so its sides are not those of the sound")
    if turn[0] == 0:
        return Follow("audio.to_mono")
    if turn[0] < 0 and swapped_sides(sound.channels) == kept_sides(sound.channels):
        return Veto(f"nobody says which of {sound.channels} channels are left and right (known are 2, and 6 as FL FR FC LFE BL BR)")
    return Follow("audio.swap_channels") if turn[0] < 0 else None


@rule("view", on="audio")
def sides_stay(sound: AudioState, picture: ImageState, context: Context) -> Verdict:
    """What is on the left is still on the left of the new view (or on the right, mirrored)."""
    if sound.channels < 2:
        return None
    width, height = picture.geometry.size
    sign = picture.geometry.turn()[0][0]
    if sign == 0:  # turned by a quarter: the sound comes from no side
        return None
    if not context.things:
        x, _ = picture.geometry.point(width / 2, height / 2)
        drift = abs(x / picture.geometry.out_size[0] - 0.5)
        return (
            Veto(f"the view moves sideways by {drift:.0%} of the width, and no boxes say what is where") if drift > UNSEEN_DRIFT else None
        )
    for thing in context.things:
        before = (thing.box[0] + thing.box[2]) / 2 / width - 0.5
        seen = picture.seen(thing.box)
        after = seen.centre[0] / picture.geometry.out_size[0] - 0.5
        if sign * before * after < 0 < seen.share and max(abs(before), abs(after)) > CENTRE:
            return Veto(f"the {thing.label} would be on the other side of the picture than of the sound")
    return None


@rule("channels", on="image")
def swap_mirrors_picture(picture: ImageState, sound: AudioState, context: Context) -> Verdict:
    """Channels that are swapped on their own mirror the picture recorded with them."""
    return Follow("image.horizontal_flip") if sound.sides == "swapped" else None


@rule("time", on="image")
def lips_and_sound(picture: ImageState, sound: AudioState, context: Context) -> Verdict:
    """Sound that is stretched, moved or cut no longer fits moving pictures; a still picture does not mind."""
    moved = context.frames > 1 and not sound.time.is_identity
    return Veto(f"the sound would no longer be in time with its {context.frames} frames") if moved else None


RULES: tuple[PairRule, ...] = (
    mirror_swaps_channels,
    sides_stay,
    swap_mirrors_picture,
    lips_and_sound,
    harmless("order", on="image"),  # a change of order is a change of times too, and judged there
    harmless("loudness", on="image"),
    harmless("colour", on="audio"),
    harmless("quality", on="audio"),
    harmless("pitch", on="image"),
    harmless("noise", on="image"),
)
