"""Benchmarks that anyone can run: ``python -m benchmarks.all``, or one of them by itself."""
