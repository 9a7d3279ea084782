/* SPDX-License-Identifier: MIT */
/* Random number generator. FRM section 49 (DS60001246). */
#include "cp0.h"
#include "rng.h"
#include "pic32mz_sfr.h"

#define STATE_BITS 64u

void rng_init(void)
{
    RNGCON = RNGCON_TRNGMODE_MASK | RNGCON_TRNGEN_MASK | STATE_BITS << RNGCON_PLEN_POSITION;
    /* x^64 + x^63 + x^61 + x^60 + 1 is primitive; bit n of RNGPOLY is the coefficient of x^(64 - n). */
    RNGPOLY1 = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4;
    RNGPOLY2 = 0;
    do {
        while ((RNGCNT & RNGCNT_RCNT_MASK) < STATE_BITS)
            ;
        RNGCON |= RNGCON_LOAD_MASK;
        while (RNGCON & RNGCON_LOAD_MASK)
            ;
    } while (!(RNGNUMGEN1 | RNGNUMGEN2));           /* a shift register of zeroes would stay so for ever */
    RNGCON |= RNGCON_PRNGEN_MASK;
}

uint32_t rng_next(void)
{
    static uint32_t read_at;
    uint32_t number;

    /*
     * CONT is 0: reading the number makes the next one, a bit in each cycle of PBCLK5. Read earlier, it still holds
     * bits of the last one. PBCLK5 and the core timer both run at half of SYSCLK.
     */
    while (CP0_READ_COUNT() - read_at < STATE_BITS)
        ;
    number = RNGNUMGEN1;
    read_at = CP0_READ_COUNT();
    return number;
}
