/* SPDX-License-Identifier: MIT
 * Live update: the program copies its boot code to the other boot panel, gives that the higher sequence number and
 * resets; then it runs from there, and swaps the program panels under its feet from RAM (FRM section 52, DS60001193).
 */
#include "flash.h"

#define RCON    SFR(0x1F801240)
#define RSWRST  SFR(0x1F801250)
#define RCON_POR 1
#define RCON_SWR (1 << 6)

#define LOWER_BOOT  0x1FC00000
#define UPPER_BOOT  0x1FC20000
#define BOOT_CODE   0x200           /* of start.S, with room to spare */
#define CONFIG      0xFFC0
#define SEQUENCE    0xFFF0
#define UPPER_PANEL 0x1D100000
#define MARK        0x0BADCAFE

#define KEPT    ((volatile uint32_t *)0xA0000200)
#define MEMORY(physical) (*(volatile uint32_t *)(0xA0000000 + (physical)))

static uint32_t copy_quad_word(uint32_t from, uint32_t to)
{
    uint32_t words[4], i;

    for (i = 0; i < 4; i++) {
        words[i] = MEMORY(from + 4 * i);
    }
    return program_quad_word(to, words);
}

/* Swaps the program panels, looks at what is below now, and swaps back. */
static RAMCODE uint32_t word_after_swap(void)
{
    uint32_t word;

    nvm_unlock();
    NVMCONSET = NVMCON_PFSWAP;
    word = MEMORY(0x1D000000);
    if (!(NVMCON & NVMCON_PFSWAP)) {
        word = 0;
    }
    nvm_unlock();
    NVMCONCLR = NVMCON_PFSWAP;
    return word;
}

static void first_boot(void)
{
    static const uint32_t first[4] = { 0xFFFE0001, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF };
    static const uint32_t mark[4] = { MARK, ~MARK, 0, 0 };
    uint32_t offset, errors = 0;

    RCON = 0;
    errors |= NVMCON & NVMCON_BFSWAP;
    errors |= program_quad_word(UPPER_BOOT, mark) ? 0 : 1;     /* boot flash is write-protected after a reset */
    nvm_unlock();
    NVMBWPCLR = 0x1F;
    IN_RAM(nvm_operation)(0);                                   /* clears WRERR */
    for (offset = 0; offset < BOOT_CODE; offset += 16) {
        errors |= copy_quad_word(LOWER_BOOT + offset, UPPER_BOOT + offset);
    }
    errors |= copy_quad_word(LOWER_BOOT + CONFIG, UPPER_BOOT + CONFIG);
    errors |= program_quad_word(UPPER_BOOT + SEQUENCE, first);
    errors |= program_quad_word(UPPER_PANEL, mark);
    KEPT[0] = errors;
    KEPT[1] = MARK;
    unlock();
    RSWRST = 1;
    (void)RSWRST;
    for (;;) {
    }
}

int main(void)
{
    copy_ramcode();
    if (RCON & RCON_POR) {
        first_boot();
    }
    CHECK(RCON == RCON_SWR);
    CHECK(KEPT[1] == MARK);
    CHECK(KEPT[0] == 0);
    CHECK(NVMCON & NVMCON_BFSWAP);
    CHECK(MEMORY(LOWER_BOOT + SEQUENCE) == 0xFFFE0001);         /* boot panel 2 is below now */
    CHECK(MEMORY(UPPER_BOOT + SEQUENCE) == 0xFFFFFFFF);
    CHECK(MEMORY(LOWER_BOOT) == MEMORY(UPPER_BOOT));
    CHECK(MEMORY(UPPER_PANEL) == MARK);
    CHECK(IN_RAM(word_after_swap)() == MARK);
    CHECK(!(NVMCON & NVMCON_PFSWAP));
    CHECK(MEMORY(UPPER_PANEL) == MARK);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
