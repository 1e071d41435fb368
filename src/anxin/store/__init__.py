"""Where conversations are kept. For now in memory; the database store fills the same interface."""

from anxin.store.conversations import Conversation, Conversations, MemoryConversations, Utterance

__all__ = ["Conversation", "Conversations", "MemoryConversations", "Utterance"]
