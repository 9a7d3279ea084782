/* SPDX-License-Identifier: MIT
 * The external bus as start-up code reaches it: TLB entries for its window in KSEG2 (cached) and KSEG3 (uncached),
 * DS60001320 figure 4-1, then a chip select. Without one an access is a bus error; with one and nothing on the bus,
 * writes go nowhere.
 */
#include "guest.h"

#define EBICS1      SFR(0x1F8E1018)
#define EBIMSK1     SFR(0x1F8E1058)
#define EBIMSK_SRAM (1 << 5)
#define CAUSE_EXCCODE(cause) ((cause) >> 2 & 0x1F)
#define EXC_DBE     7
#define EXC_TLBL    2

#define KSEG2 0xC0000000
#define KSEG3 0xE0000000
#define WORD(address) (*(volatile uint32_t *)(address))

/* A pair of 16 MiB pages at a virtual address, to a physical one; attribute 2: uncached, 3: cached. */
static void map(uint32_t index, uint32_t virtual, uint32_t physical, uint32_t attribute)
{
    uint32_t bits = attribute << 3 | 7;     /* D, V, G */

    MTC0(0, 0, index);
    MTC0(5, 0, 0x01FFE000);
    MTC0(10, 0, virtual);
    MTC0(2, 0, physical >> 6 | bits);
    MTC0(3, 0, (physical + 0x01000000) >> 6 | bits);
    __asm__ volatile("tlbwi; ehb");
}

static uint32_t load(uint32_t address)
{
    uint32_t value;

    __asm__ volatile("lw %0, 0(%1); nop" : "=r"(value) : "r"(address));
    return value;
}

int main(void)
{
    map(0, KSEG2, 0x20000000, 3);
    map(1, KSEG3, 0x20000000, 2);
    load(KSEG3);
    CHECK(RESULT->exceptions == 1 && CAUSE_EXCCODE(RESULT->cause) == EXC_DBE);
    EBICS1 = 0x20800000;
    EBIMSK1 = EBIMSK_SRAM | 1;              /* 64 KiB */
    CHECK(load(KSEG3 + 0x800000) == 0xFFFFFFFF);
    WORD(KSEG2 + 0x800000) = 0x1234;
    CHECK(load(KSEG2 + 0x800000) == 0xFFFFFFFF);
    CHECK(RESULT->exceptions == 1);
    load(KSEG3 + 0x810000);
    CHECK(RESULT->exceptions == 2 && CAUSE_EXCCODE(RESULT->cause) == EXC_DBE);
    load(KSEG3 + 0x02000000);               /* in no TLB entry */
    CHECK(RESULT->exceptions == 3);
    return 0;
}
