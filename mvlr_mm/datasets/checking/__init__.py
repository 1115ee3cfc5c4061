"""What can be wrong with data: problems, where they go, and what looks for them."""
