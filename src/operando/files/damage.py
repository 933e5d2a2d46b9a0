"""Whatever goes wrong while a file is read, as one sentence."""

from __future__ import annotations

import importlib
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from operando.errors import FileError, OperandoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What parsers and decoders raise on damaged bytes; they promise no narrower set.
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@contextmanager
def telling(path: Path, kind: str, *further: type[Exception]) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one sentence that names it.

    Parameters
    ----------
    path
        File.
    kind
        What users call its format.
    further
        Other errors that the library of this format raises on damaged files.
    """
    try:
        yield
    except OperandoError:
        raise
    except FileNotFoundError as error:
        name = error.filename or path
        raise FileError(f"{name} does not exist", "check the name") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read", "ask its owner for read permission") from error
    except Exception as error:
        if not isinstance(error, (*DAMAGE, *further)):
            raise
        lines = str(error).strip().splitlines()
        detail = lines[0][:100] if lines else type(error).__name__
        raise FileError(
            f"{path} is no {kind} file that can be read, or it is damaged ({detail})",
            "copy it again from its origin",
        ) from error


def library(name: str, kind: str) -> Any:
    """Import the library of a format, or say how to get it.

    Parameters
    ----------
    name
        Module.
    kind
        What users call the format.

    Raises
    ------
    FileError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileError(
            f"{kind} files need the Python package {name}, which is not installed",
            "run: pip install 'napari-operando[formats]'",
        ) from error
