"""`python -m samhq` is the same as `samhq`."""

import sys

from samhq.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
