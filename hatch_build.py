"""Compiles `fused.c` while the package is built; without a C compiler the package works all the same, only slower."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("mmaug/modalities/image/fused.c")
LIBRARY = SOURCE.with_name("_fused.so")


class CompiledPass(BuildHookInterface):
    """Adds the compiled pass to wheels and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
        if self.target_name != "wheel" or compiler is None or sys.platform == "win32":
            return
        # the same bytes on every machine: no fused multiply-add
        command = [compiler, "-O3", "-ffp-contract=off", "-shared", "-fPIC", "-o", str(LIBRARY), str(SOURCE), "-lm"]
        made = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        if made.returncode:
            self.app.display_warning(f"mmaug: the compiled pass was left out, {compiler} said: {made.stderr.strip()[:500]}")
            return
        build_data["artifacts"].append(str(LIBRARY))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    import sysconfig

    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
