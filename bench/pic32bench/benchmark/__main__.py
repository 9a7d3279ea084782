# SPDX-License-Identifier: MIT
"""`python -m pic32bench.benchmark`."""

import sys

from pic32bench.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
