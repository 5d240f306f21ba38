"""``python -m kpi``: the command line of design section 6."""

import sys

from kpi.commands.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
