"""From annotated pictures to a project: lists, label names and one config."""
