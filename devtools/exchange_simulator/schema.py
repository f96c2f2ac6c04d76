"""Validation of request bodies against Microsoft's schema, as the server does it (PROTOCOL 1, Body element order)."""

from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from devtools.exchange_simulator import markup
from devtools.exchange_simulator.soap import Element, SoapFault

BESIDE_PROJECT = Path(__file__).resolve().parents[3] / "shared" / "ews-schema"


@cache
def _load(path: Path) -> etree.XMLSchema | None:
    return etree.XMLSchema(etree.parse(str(path))) if path.is_file() else None


class Schema:
    """The loaded schema; without the folder nothing is checked."""

    def __init__(self, folder: Path | None) -> None:
        self._schema = _load(folder / "Messages.xsd") if folder else None

    def check(self, body: Element) -> None:
        """Raise the fault that names line, position and violation."""
        if self._schema is None or self._schema.validate(body):
            return
        log: Any = self._schema.error_log
        error = log[0]
        place = (
            f"<t:LineNumber>{error.line}</t:LineNumber><t:LinePosition>{error.column}</t:LinePosition>"
            f"<t:Violation>{markup.text(error.message)}</t:Violation>"
        )
        raise SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {error.message}", xml=place)
