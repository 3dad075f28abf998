"""`python -m mmaug` is the command `mmaug`."""

from mmaug.cli import main

if __name__ == "__main__":
    main()
