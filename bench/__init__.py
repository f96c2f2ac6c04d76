"""Measurements as ratios against peers, both sides interleaved in one run. `python -m bench`, see docs/performance.md."""
