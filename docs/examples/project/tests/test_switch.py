# SPDX-License-Identifier: MIT
"""What hands and eyes do at the board. Run with --image build/release/echo.elf --network none"""


def test_led_shows_the_switch(board):
    board.console.wait_for_line("echo: ready")
    assert not board.panel.is_lit("LED1")
    board.panel.press("SW1")
    board.run_for(0.01)
    assert board.panel.is_lit("LED1")
    board.panel.release("SW1")
    board.run_for(0.01)
    assert not board.panel.is_lit("LED1")
