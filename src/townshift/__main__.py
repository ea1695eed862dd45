"""`python -m townshift` is the command `townshift`."""

from townshift.cli import main

if __name__ == "__main__":
    main()
