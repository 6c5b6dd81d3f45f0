"""Build idp/accounts/passwords/common_passwords.bin from the lists of the package zxcvbn.

    python -m tests.accounts.build_common_passwords

The marks of all its lists: passwords that were found in breaches, words of Wikipedia and of films, names.
"""

from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from idp.accounts.passwords.common_passwords import FILE, mark

SHORTEST = 4


def words() -> set[str]:
    """Every word of the lists that is long enough to matter."""
    return {word.lower() for listed in FREQUENCY_LISTS.values() for word in listed if len(word) >= SHORTEST}


def built() -> bytes:
    """The content of the file: the marks, sorted."""
    return b"".join(sorted({mark(word) for word in words()}))


def main(file: Path = FILE) -> None:
    """Write the file."""
    file.write_bytes(built())


if __name__ == "__main__":
    main()
