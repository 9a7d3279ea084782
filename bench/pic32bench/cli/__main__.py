# SPDX-License-Identifier: MIT
"""`python -m pic32bench.cli` does what `pic32bench` does."""

import sys

from pic32bench.cli.main import main

sys.exit(main())
