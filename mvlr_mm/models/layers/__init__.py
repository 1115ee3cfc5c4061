"""Plain nn.Modules that the stages are built of; nothing here is registered."""
