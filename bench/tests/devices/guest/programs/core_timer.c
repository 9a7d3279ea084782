/* SPDX-License-Identifier: MIT
 * Core timer: Count runs at half of SYSCLK, Compare interrupts at its value and again a turn later, writing
 * Compare acknowledges (FRM section 50.13.9, DS60001192).
 */
#include "guest.h"

static volatile uint32_t taken, count_in_handler;

static void __attribute__((interrupt("eic"))) timer_handler(void)
{
    count_in_handler = CP0_COUNT();
    taken++;
    CP0_COMPARE(0xFFFFFFFF);                /* left alone for the rest of the run */
    IFSCLR(VECTOR_CORE_TIMER) = BIT(VECTOR_CORE_TIMER);
}

int main(void)
{
    uint32_t start;

    INTCON = INTCON_MVEC;
    attach(VECTOR_CORE_TIMER, timer_handler, 3, 0);
    start = CP0_COUNT();
    CP0_COMPARE(start + 100000);            /* 1 ms at 200 MHz */
    interrupts_on();
    while (!taken) {
        __asm__ volatile("wait");
    }
    CHECK(taken == 1);
    CHECK(count_in_handler - start >= 100000);
    CHECK(count_in_handler - start < 100200);
    CHECK(!(IFS(VECTOR_CORE_TIMER) & BIT(VECTOR_CORE_TIMER)));
    CHECK(!(CP0_CAUSE() >> 30 & 1));        /* TI */
    return 0;
}
