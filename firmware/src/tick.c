/* SPDX-License-Identifier: MIT */
/* The 1 ms tick: CP0 Compare against Count, which runs at SYSCLK / 2. MIPS32 PRA volume III 9.17. */
#include "tick.h"
#include "board.h"
#include "interrupts.h"

#define COUNTS_PER_MS  (BOARD_SYSCLK_HZ / 2u / 1000u)
#define TICK_PRIORITY  6u

static volatile uint32_t milliseconds;

INTERRUPT(tick)
{
    /* Writing Compare takes the interrupt back. Compare moves from match to match, so the tick does not drift;
     * after a halt in a debugger it catches up, one interrupt a match. */
    uint32_t compare = CP0_READ_COMPARE();
    do {
        compare += COUNTS_PER_MS;
        milliseconds++;
        CP0_WRITE_COMPARE(compare);
    } while ((int32_t)(CP0_READ_COUNT() - compare) >= 0);
    interrupt_clear(IRQ_CORE_TIMER);
}

void tick_init(void)
{
    CP0_WRITE_COMPARE(CP0_READ_COUNT() + COUNTS_PER_MS);
    interrupt_attach(IRQ_CORE_TIMER, tick_entry, TICK_PRIORITY);
}

uint32_t tick_ms(void)
{
    return milliseconds;
}
