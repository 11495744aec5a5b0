"""Workloads, robots, the demo day, the history of bulletins and the benchmarks."""
