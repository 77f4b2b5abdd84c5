"""The registers that can be read."""

from __future__ import annotations

from belbiotech.dataset.registers.cordis import CORDIS
from belbiotech.dataset.registers.gleif import GLEIF
from belbiotech.dataset.registers.kbo import KBO
from belbiotech.dataset.registers.register import Register
from belbiotech.dataset.registers.sirene import SIRENE

__all__ = ["registers"]


def registers() -> dict[str, Register]:
    """Give all registers that can be read, by name.

    Returns
    -------
    dict of str to Register
        In the order in which they are documented.

    Examples
    --------
    >>> for register in registers().values():
    ...     print(register.name, "|", register.identifies)
    kbo | enterprise number, ten digits, the last two check digits
    cordis | VAT or enterprise number; else name and town
    gleif | LEI, twenty signs (ISO 17442); and the number in the national register
    sirene | SIREN, nine digits, the last a check digit
    """
    return {register.name: register for register in (KBO, CORDIS, GLEIF, SIRENE)}
