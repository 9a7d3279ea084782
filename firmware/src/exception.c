/* SPDX-License-Identifier: MIT */
/* What is left of the firmware after an exception nobody expected: one line on the console, then a halt. */
#include "exception.h"
#include <stdio.h>
#include "cp0.h"
#include "pic32mz_sfr.h"
#include "uart.h"
#include "board.h"

/* Cause.ExcCode. MIPS32 PRA volume III table 9.52; the M5150 has no others. */
static const char *exception_name(unsigned code)
{
    switch (code) {
    case 0:  return "interrupt without a handler";
    case 1:  return "TLB modified";
    case 2:  return "TLB refill on load or fetch";
    case 3:  return "TLB refill on store";
    case 4:  return "address error on load or fetch";
    case 5:  return "address error on store";
    case 6:  return "bus error on fetch";
    case 7:  return "bus error on load or store";
    case 8:  return "syscall";
    case 9:  return "breakpoint";
    case 10: return "reserved instruction";
    case 11: return "coprocessor unusable";
    case 12: return "arithmetic overflow";
    case 13: return "trap";
    case 15: return "floating point";
    case 26: return "DSP ASE disabled";
    default: return "exception";
    }
}

/* From exception_entry, with the stack pointer and return address as they were. */
_Noreturn void exception_report(uint32_t sp, uint32_t ra);         /* called by exception_entry only */

_Noreturn void exception_report(uint32_t sp, uint32_t ra)
{
    char line[192];
    uint32_t status = CP0_READ(12, 0), cause = CP0_READ(13, 0);
    uint32_t epc = (status & STATUS_ERL) ? CP0_READ(30, 0) : CP0_READ_EPC();
    int length = snprintf(line, sizeof line,
                          "\r\n*** EXCEPTION: %s, EPC=%08lx Cause=%08lx BadVAddr=%08lx Status=%08lx SP=%08lx RA=%08lx\r\n"
                          "*** Firmware halted\r\n",
                          exception_name(cause >> 2 & 31), (unsigned long)epc, (unsigned long)cause,
                          (unsigned long)CP0_READ(8, 0), (unsigned long)status, (unsigned long)sp, (unsigned long)ra);

    if (U2MODE & U2MODE_ON_MASK)
        uart_write_now(line, (size_t)length);
    halt();
}

_Noreturn void halt(void)
{
    LATHCLR = BOARD_LED1 | BOARD_LED2 | BOARD_LED3;
    LATHSET = BOARD_LED1;
    /* A request above Status.IPL ends WAIT although interrupts are off: let none be. */
    CP0_WRITE(12, 0, CP0_READ(12, 0) | STATUS_IPL_MASK);
    for (;;)
        __asm__ volatile("wait");
}
