from tests.client.ways_in.conftest import account, caller

__all__ = ["account", "caller"]
