# SPDX-License-Identifier: MIT
"""What `pic32bench memory` has the board do: the longest line that anybody is expected to type."""


def scenario(board):
    board.console.wait_for_line("echo: ready")
    board.console.write("0123456789" * 4 + "\r")
    board.console.wait_for_line("you said")
