# SPDX-License-Identifier: MIT
"""Conformance with RFC 6455: Autobahn's testsuite, held against a WebSocket server on the board.

with fuzzing_client("websocket-demo.elf", python) as client, ServerOnBoard(image="websocket-demo.elf") as server:
    results = run(client, server, chosen(client.cases, DEFAULT_CASES))
"""

from __future__ import annotations
