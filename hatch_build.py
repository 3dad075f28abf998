"""Compiles the C files while the package is built; without a C compiler the package works all the same, only slower."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = (Path("mmaug/modalities/image/fused.c"), Path("mmaug/modalities/audio/passes.c"))


class CompiledPasses(BuildHookInterface):
    """Adds a library `_NAME.so` beside each `NAME.c` to wheels and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
        if self.target_name != "wheel" or compiler is None or sys.platform == "win32":
            return
        for source in SOURCES:
            library = source.with_name(f"_{source.stem}.so")
            # the same bytes on every machine: no fused multiply-add
            command = [compiler, "-O3", "-ffp-contract=off", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
            made = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
            if made.returncode:
                self.app.display_warning(f"mmaug: {library.name} was left out, {compiler} said: {made.stderr.strip()[:500]}")
                continue
            build_data["artifacts"].append(str(library))
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    import sysconfig

    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
