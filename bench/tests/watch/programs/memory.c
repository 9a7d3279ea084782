/* SPDX-License-Identifier: MIT
 * DMA into RAM and out of it, a page that a TLB maps, and what a reset leaves: test_watch.py knows.
 */
#include "shape.h"

#define DMACON          SFR(0x1F811000)
#define CHANNEL(n, reg) SFR(0x1F811060 + (n) * 0xC0 + (reg))
#define PHYSICAL(pointer) ((uint32_t)(pointer) & 0x1FFFFFFF)
#define MAPPED          0x00400000      /* in KUSEG */

volatile uint8_t source[64], copy[64], middle[32], far_end[32], mapped[16], kept[8];
static volatile uint32_t sum;

SHAPE void move(unsigned channel, uint32_t from, uint32_t to, uint32_t bytes);
SHAPE void move(unsigned channel, uint32_t from, uint32_t to, uint32_t bytes)
{
    DMACON = 1 << 15;
    CHANNEL(channel, 0x30) = from;
    CHANNEL(channel, 0x40) = to;
    CHANNEL(channel, 0x50) = bytes;
    CHANNEL(channel, 0x60) = bytes;
    CHANNEL(channel, 0x90) = bytes;
    CHANNEL(channel, 0x00) = 1 << 7;
    CHANNEL(channel, 0x10) = 1 << 7;
    while (CHANNEL(channel, 0x00) & 1 << 7) {
    }
}

SHAPE void map(uint32_t virtual, uint32_t physical);
SHAPE void map(uint32_t virtual, uint32_t physical)
{
    uint32_t page = (physical & ~0xFFFu) >> 6 | 3 << 3 | 7;

    MTC0(0, 0, 0);
    MTC0(5, 0, 0);
    MTC0(10, 0, virtual & ~0x1FFFu);
    MTC0(2, 0, page);
    MTC0(3, 0, page);
    __asm__ volatile("tlbwi; ehb" : : : "memory");
}

int main(void)
{
    for (unsigned i = 0; i < 8; i++) {
        sum += kept[i];
    }
    for (unsigned i = 0; i < 64; i++) {
        source[i] = i;
    }
    move(0, PHYSICAL(source), PHYSICAL(copy), 64);
    sum += copy[3] + copy[60];
    move(1, 0x1D000000, PHYSICAL(middle), 32);      /* from flash */
    move(2, PHYSICAL(middle), PHYSICAL(far_end), 32);
    map(MAPPED, PHYSICAL(mapped));
    *(volatile uint32_t *)(MAPPED | (PHYSICAL(mapped + 8) & 0xFFF)) = 5;
    sum += *(volatile uint32_t *)(MAPPED | (PHYSICAL(mapped + 8) & 0xFFF));
    for (unsigned i = 0; i < 8; i++) {
        kept[i] = i;
    }
    return 0;
}
