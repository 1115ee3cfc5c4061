"""The forms of annotations that a source may have, a file each."""
