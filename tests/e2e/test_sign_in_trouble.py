"""Trouble with signing in and with certificates over the running app, and what becomes of it by itself: sign_in_troubles.py.

The stories began in the background before the first test.
"""

import pytest

from tests.e2e.recoveries import Stories
from tests.e2e.sign_in_troubles import TROUBLES


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_it_is_named_and_once_it_is_mended_nothing_is_lost(stories: Stories, trouble: str) -> None:
    await stories[trouble]
