"""`python -m mvlr_stack` is `mvlr`."""

import sys

from .command import main

sys.exit(main())
