"""Where conversations are kept: in memory, or sealed in a database where the operator names one.

Standard library only up to here; `open_store` asks for what the database needs.
"""

from anxin.store.conversations import Conversation, Conversations, MemoryConversations, Utterance
from anxin.store.opening import Store, open_store
from anxin.store.options import StoreOptions

__all__ = ["Conversation", "Conversations", "MemoryConversations", "Store", "StoreOptions", "Utterance", "open_store"]
