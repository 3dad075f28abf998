"""Write augmented copies of a folder of pictures or recordings with captions: python examples/augment_folder.py IN OUT

IN holds files and `metadata.jsonl` (an ImageFolder or AudioFolder); OUT is one too, and can be trained on by any script. The same as
`mmaug augment IN OUT`, with a policy of one's own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import mmaug as mm
from mmaug.io.augment import augment
from mmaug.io.folder import Folder

POLICY = mm.Policy.sequence(
    mm.op("image.horizontal_flip", p=0.5),  # "left" in a caption becomes "right"
    mm.op("image.random_resized_crop", scale=(0.6, 1.0), p=0.5),
    mm.op("text.synonym", strength=0.2, p=0.3),
)


def main(arguments: Sequence[str] | None = None) -> str:
    """Augment a folder; what was done, in a few lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args(arguments)
    folder = Folder(given.source)
    graph = mm.TransformGraph(POLICY, schema=folder.schema())  # of schema.json in the folder, else inferred
    return augment(folder, given.target, graph, copies=given.copies, workers=given.workers)


if __name__ == "__main__":
    print(main())
