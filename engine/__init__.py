"""The exchange as a pure, deterministic state machine: commands in, events out."""
