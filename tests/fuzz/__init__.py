"""Fuzz targets, and the programs that run them for longer than a test may."""
