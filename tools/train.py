"""The same as `mvlr train`, for launchers that start a file."""

import sys

from mvlr_stack.command import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]]))
