from demo.check import main


async def test_demo_shows_a_live_account_and_survives_a_restart() -> None:
    await main()
