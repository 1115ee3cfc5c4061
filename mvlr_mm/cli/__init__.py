"""The `mvlr` command."""
