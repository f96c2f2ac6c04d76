"""What takes minutes to come right by itself; it began in the background before the first test. See recoveries.py."""

from tests.e2e.recoveries import Stories


async def test_a_worker_killed_in_the_middle_of_a_sync_loses_and_doubles_nothing(stories: Stories) -> None:
    await stories["killed_worker"]


async def test_a_subscription_that_exchange_lost_in_silence_is_missed_and_replaced(stories: Stories) -> None:
    await stories["lost_subscription"]
