"""Which of two replies is the better one: principles, judging, pairs. Never trains."""

__all__: list[str] = []
