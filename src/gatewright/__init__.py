"""Gatewright: numerical Python and PyTorch models to verified, synthesizable SystemVerilog."""
