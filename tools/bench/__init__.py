"""The parts of tools/bench_start.py."""
