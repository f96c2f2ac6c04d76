"""Autodiscover v2, JSON: one GET without credentials tells where EWS is for an address. PROTOCOL 15."""

import json
from typing import Any

from shared.errors import Reconfigure
from shared.model.autodiscover import Answer


def parse(data: bytes) -> Answer:
    """Read the answer, which may be an error. Raises Reconfigure("not-exchange") where it is something else."""
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Reconfigure("not-exchange", "the answer is not Autodiscover's JSON")
    known = {str(name).lower(): value for name, value in document.items()}
    code, words = (_text(known.get(name)) for name in ("errorcode", "errormessage"))
    if code or words:
        return Answer(error=" ".join(part for part in (code, words) if part))
    return Answer(url=_text(known.get("url")))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
