"""The command `townshift`, and `python -m townshift`: nothing is loaded before Ctrl-C can be answered for."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; stopped while it is still being loaded, it ends as quietly as later on."""
    try:
        from townshift.cli import main as command

        command()
    except KeyboardInterrupt:
        from townshift.locales import text

        sys.stderr.write(text("cli.interrupted") + "\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
