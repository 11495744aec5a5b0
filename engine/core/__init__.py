"""The compiled core: record layouts, state arrays and kernels. Only `engine.exchange` calls it."""
