"""`python -m anxin`."""

from anxin.cli import main

if __name__ == "__main__":
    main()
