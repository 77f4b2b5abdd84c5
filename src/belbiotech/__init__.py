"""A sourced panel of Belgian biotechnology firms, and survival statistics for such panels.

The public names are listed in ``__init__.pyi`` and loaded at their first use, so that
``import belbiotech`` stays light.
"""

import lazy_loader

__version__ = "1.0.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
