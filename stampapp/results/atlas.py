"""ATLAS: the messages of ALeRCE's stamp classifier step."""

from __future__ import annotations

from stampapp.results.message_format import MessageFormat

PLUGIN = MessageFormat()
