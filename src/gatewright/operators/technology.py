"""What the parts of a device family cost in time: the figures behind the delays of operators.

A figure is logic plus the average route to it, in nanoseconds, for a slow speed grade; it errs to the slow side. Logic
alone is the smaller part: a LUT4 of an ECP5 takes 0.24 ns, the wire to it 0.5 to 1 ns.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Technology:
    """The delays of a device family in nanoseconds."""

    name: str
    lut: float
    """One look-up table and the wire to it."""
    lut_inputs: int
    """Inputs of a look-up table."""
    carry: float
    """Into a carry chain, out of it, and the wires to and from."""
    carry_bit: float
    """One bit along a carry chain."""
    register: float
    """Clock to the output of a register."""
    setup: float
    """Set-up of a register, and the skew and jitter of a clock."""
    multiply: float
    """Through one hardware multiplier without its registers, wires included."""
    multiplier_bits: int
    """Operand bits of one hardware multiplier, both operands signed."""
    memory_setup: float
    """From the wires of an address to the memory's clock edge."""
    memory_output: float
    """Clock to the data of a block RAM without an output register."""

    def chain(self, bits: int) -> float:
        """An adder, subtractor or comparison of `bits` bits."""
        return self.carry + self.carry_bit * bits

    def levels(self, inputs: int) -> int:
        """Look-up tables behind one another that it takes to combine a number of bits."""
        depth, reached = 0, 1
        while reached < inputs:
            reached *= self.lut_inputs
            depth += 1
        return depth


TECHNOLOGIES = {
    # Between the two families below, for early estimates.
    "generic": Technology("generic", 0.9, 4, 1.2, 0.04, 0.5, 0.3, 4.5, 18, 0.5, 3.5),
    # Lattice FPGA-DS-02012 (ECP5 family data sheet), speed grade 6, and Project Trellis' timing database as nextpnr
    # reports it: LUT4 0.24, CCU2C 0.45 in, 0.07 for two bits, 0.44 out, flip-flop 0.52, DP16KD 5.7, MULT18X18D 3.9;
    # a route is 0.7 on average.
    "ecp5": Technology("ecp5", 0.95, 4, 1.6, 0.036, 0.53, 0.3, 4.6, 18, 0.5, 5.8),
    # Xilinx DS181 (Artix-7 data sheet), speed grade 1: LUT6 0.12, CARRY4 0.11 for four bits, flip-flop 0.52, block RAM
    # 2.45, DSP48E1 3.8; a route is 0.6 on average. The multiplier is 25 by 18 bits; we count on 18 by 18.
    "xc7": Technology("xc7", 0.75, 6, 1.5, 0.03, 0.52, 0.25, 4.2, 18, 0.6, 2.5),
}
"""The device families, by the name of the option `target`."""
