"""Which release of the project this is; `pyproject.toml` says the same, and a test holds it true."""

VERSION = "0.1.0"
