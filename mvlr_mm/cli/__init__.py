"""Commands that need the whole package; `mvlr_stack.command` lists them."""
