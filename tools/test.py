"""The same as `mvlr test`, for launchers that start a file."""

import sys

from mvlr_stack.command import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]]))
