"""Reading what others wrote: annotations of each format, with errors that help."""
