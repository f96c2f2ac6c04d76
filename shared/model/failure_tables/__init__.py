"""The entries of the failure registry (`model/failures.py`), each a code, owner, cause and remedy."""
