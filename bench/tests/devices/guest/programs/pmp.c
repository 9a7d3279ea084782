/* SPDX-License-Identifier: MIT
 * Parallel master port as a display driver uses it: write, wait for BUSY, read back, interrupt at a cycle's end. There is
 * no display: it reads as all ones (FRM section 13, DS60001128).
 */
#include "guest.h"

#define PMP(offset) SFR(0x1F82E000 + (offset))
#define PMCON       0x00
#define PMMODE      0x10
#define PMADDR      0x20
#define PMDOUT      0x30
#define PMDIN       0x40
#define PMRADDR     0x80
#define PMRDIN      0x90
#define BUSY        (1u << 15)
#define RDSTART     (1u << 23)
#define VECTOR_PMP  128

static volatile uint32_t taken;

static void __attribute__((interrupt("eic"))) pmp_handler(void)
{
    taken++;
    IFSCLR(VECTOR_PMP) = BIT(VECTOR_PMP);
}

static void wait_ready(void)
{
    while (PMP(PMMODE) & BUSY) {
    }
}

int main(void)
{
    uint32_t start;

    PMP(PMCON) = 0;
    PMP(PMMODE) = 2 << 8 | 3 << 6 | 15 << 2 | 3 | 1 << 11;  /* master mode 2, longest waits, address up */
    PMP(PMADDR) = 0x1000;
    PMP(PMCON) = 0x8300;                                    /* ON, PTWREN, PTRDEN */

    start = CP0_COUNT();
    for (unsigned i = 0; i < 100; i++) {
        PMP(PMDIN) = i;
        wait_ready();
    }
    CHECK(CP0_COUNT() - start >= 100 * 24);                 /* clocks of PBCLK2, 100 MHz as Count */
    CHECK(PMP(PMADDR) == 0x1000 + 100);

    (void)PMP(PMDIN);                                       /* starts the first read */
    wait_ready();
    CHECK(PMP(PMDIN) == 0xFF);
    wait_ready();
    CHECK(PMP(PMADDR) == 0x1000 + 102);

    INTCON = INTCON_MVEC;
    attach(VECTOR_PMP, pmp_handler, 4, 0);
    interrupts_on();
    PMP(PMMODE + 8) = 1 << 13;                              /* IRQM: at the end of a cycle */
    PMP(PMDIN) = 0x55;
    while (!taken) {
        __asm__ volatile("wait");
    }
    CHECK(!(PMP(PMMODE) & BUSY));

    PMP(PMCON + 8) = 1 << 17;                               /* DUALBUF */
    PMP(PMRADDR) = 7;
    PMP(PMCON + 8) = RDSTART;
    while (PMP(PMCON) & RDSTART) {
    }
    CHECK(PMP(PMRDIN) == 0xFF && PMP(PMRADDR) == 8);
    PMP(PMDOUT) = 0x66;
    wait_ready();
    CHECK(taken == 3);
    return 0;
}
