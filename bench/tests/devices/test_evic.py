# SPDX-License-Identifier: MIT
"""Interrupt controller: registers and flags as software sees them. What the core does with them: tests/guest."""

from __future__ import annotations

from qtest import Chip, vectors


def test_every_source_has_flag_enable_priority_and_offset(chip) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        for vector in vectors().values():
            bit = 1 << vector % 32
            for register in (f"IFS{vector // 32}", f"IEC{vector // 32}"):
                pic.write(f"{register}SET", bit)
                assert pic.read(register) & bit, f"{register} bit {vector % 32}"
                pic.write(f"{register}CLR", bit)
                assert not pic.read(register) & bit, f"{register} bit {vector % 32}"
            pic.write(f"OFF{vector:03}", 0xFFFFFFFF)
            assert pic.read(f"OFF{vector:03}") == 0x3FFFE
            pic.write(f"IPC{vector // 4}SET", 0x1F << vector % 4 * 8)
            assert pic.read(f"IPC{vector // 4}") >> vector % 4 * 8 & 0xFF == 0x1F


def test_offsets_are_written_byte_by_byte(chip) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        for byte, value in enumerate((0x56, 0x34, 0x02)):
            pic.write("OFF009", value, size=1, offset=byte)
        assert pic.read("OFF009") == 0x23456
        assert pic.read("OFF009", size=2) == 0x3456
        assert pic.read("OFF010") == 0


def test_a_flag_stays_until_software_clears_it(chip) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        pic.write("PR2", 99)
        pic.write("T2CON", 0x8000)
        pic.step(1e-3)
        assert pic.ifs("TIMER_2") == 1
        pic.write("T2CON", 0)
        pic.step(1e-3)
        assert pic.ifs("TIMER_2") == 1
        pic.clear_ifs("TIMER_2")
        assert pic.ifs("TIMER_2") == 0


def test_an_active_level_source_sets_its_flag_again(chip: type[Chip]) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        pic.write("U2MODE", 0x8000)
        pic.write("U2STA", 0x0400)  # UTXEN, UTXISEL 0: interrupt while the FIFO has room
        pic.step(1e-3)
        assert pic.ifs("UART2_TX") == 1
        pic.clear_ifs("UART2_TX")
        assert pic.ifs("UART2_TX") == 1
        pic.write("U2MODE", 0)
        pic.clear_ifs("UART2_TX")
        assert pic.ifs("UART2_TX") == 0


def test_a_reset_clears_flags_and_enables(chip) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        pic.write("IFS0SET", 0x200)
        pic.write("IEC0SET", 0x200)
        pic.write("PRISS", 0x76543210)
        pic.qmp("system_reset")
        pic.settle()
        assert (pic.read("IFS0"), pic.read("IEC0"), pic.read("PRISS")) == (0, 0, 0)


def test_the_nmi_key_is_used_up_by_its_write(chip) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        pic.write("INTCON", 0x4E001000)
        assert pic.read("INTCON") == 0x1000
