"""Every error Anxin raises on purpose. A message says what was wrong and what to do about it.

AnxinError
|- UserError              the caller's mistake: the command line exits with 2 and shows no traceback
|  |- DialogueError       messages that cannot be read
|  |- ConfigError         a setting, recipe or option that cannot be used
|  |- DataError           an input file or record that cannot be used
|  `- MissingExtra        an optional dependency is not installed; the message holds the install line
|- StoreError             records could not be read or written
|  |- StoreConflict       another write came first
|  |- StoreDamaged        a record was changed or is damaged
|  `- StoreKeyError       the master key that opens the records is not here
`- ModelError             a model could not answer
   |- ModelNotFound       no such model here
   |- ModelFileError      the file is damaged or not GGUF
   |- ModelUnavailable    the server is down, refuses or timed out before the first word
   |- ModelBroken         the answer broke off or was garbage after it had begun
   `- ContextTooLong      the prompt does not fit the model's context
"""

from __future__ import annotations

__all__ = [
    "AnxinError",
    "ConfigError",
    "ContextTooLong",
    "DataError",
    "DialogueError",
    "MissingExtra",
    "ModelBroken",
    "ModelError",
    "ModelFileError",
    "ModelNotFound",
    "ModelUnavailable",
    "StoreConflict",
    "StoreDamaged",
    "StoreError",
    "StoreKeyError",
    "UserError",
]


class AnxinError(Exception):
    """The root of the tree. `code` is stable and may be shown to machines; the text is for people."""

    code = "anxin_error"


class UserError(AnxinError):
    code = "user_error"


class DialogueError(UserError):
    code = "bad_messages"


class ConfigError(UserError):
    code = "bad_config"


class DataError(UserError):
    code = "bad_data"


class MissingExtra(UserError):
    code = "missing_extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs optional packages: pip install 'anxin[{extra}]'")
        self.what, self.extra = what, extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.what, self.extra)  # so that it can come back from a worker process


class StoreError(AnxinError):
    code = "store_error"


class StoreConflict(StoreError):
    code = "store_conflict"

    def __init__(self) -> None:
        super().__init__("this conversation was written to meanwhile; read it again")


class StoreDamaged(StoreError):
    code = "store_damaged"


class StoreKeyError(StoreError, UserError):
    code = "store_key"


class ModelError(AnxinError):
    code = "model_error"


class ModelNotFound(ModelError, UserError):
    code = "model_not_found"


class ModelFileError(ModelError, UserError):
    code = "model_file_error"


class ModelUnavailable(ModelError):
    code = "model_unavailable"


class ModelBroken(ModelError):
    code = "model_broken"


class ContextTooLong(ModelError):
    code = "context_too_long"
