"""The terminal of traders and operators: a view of events, a source of commands."""
