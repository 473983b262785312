"""The kinds of parts, a file each. Every file of this folder is imported, so none has to be listed."""

from importlib import import_module
from pkgutil import iter_modules

for _kind in iter_modules(__path__, f"{__name__}."):
    import_module(_kind.name)
