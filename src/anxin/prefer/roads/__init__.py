"""Other roads to pairs than scores: safety labels, votes, corrupted replies, what the service's people gave."""

__all__: list[str] = []
