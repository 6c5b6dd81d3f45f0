"""`python -m idp.cli` is `idp`, also where the script is not on the PATH."""

from idp.cli import main

if __name__ == "__main__":
    main(prog_name="idp")
