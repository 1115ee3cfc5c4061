"""What surrounds the model while it runs: hooks, optimizer settings, checkpoints."""
