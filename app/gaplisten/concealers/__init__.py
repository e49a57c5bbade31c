"""The plugin contract, catalogue, isolated runner, cache and audit."""
