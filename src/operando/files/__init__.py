"""Files to series and back: one reader or writer per format."""

from operando.files.describe import Description, describe
from operando.files.fields.write import write_field
from operando.files.formats import READERS, Format
from operando.files.ome_levels import add_levels
from operando.files.ome_zarr import create_image, open_image
from operando.files.read import read
from operando.files.write_tiff import write_tiff

__all__ = [
    "READERS",
    "Description",
    "Format",
    "add_levels",
    "create_image",
    "describe",
    "open_image",
    "read",
    "write_field",
    "write_tiff",
]
