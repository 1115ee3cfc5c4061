"""The same as `mvlr test`, for launchers that start a file."""

import sys

from mvlr_mm.cli.test import main

if __name__ == '__main__':
    sys.exit(main())
