/* SPDX-License-Identifier: MIT
 * microMIPS: code in the compressed instruction set called from MIPS32 and back (FRM section 50.15, DS60001192).
 */
#include "guest.h"

/* Calls go through pointers: the assembler refuses a direct call to a local symbol of the other instruction set. */
static uint32_t (*volatile to_mips32)(uint32_t);
static uint32_t (*volatile to_micromips)(uint32_t);

static uint32_t __attribute__((noinline, nomicromips)) plus_one(uint32_t x)
{
    return x + 1;
}

static uint32_t __attribute__((noinline, micromips)) compressed(uint32_t n)
{
    uint32_t sum = 0;

    while (n) {
        sum += to_mips32(n--);
    }
    return sum;
}

int main(void)
{
    volatile uint32_t n = 10;

    to_mips32 = plus_one;
    to_micromips = compressed;
    CHECK(to_micromips(n) == 65);
    CHECK(((uint32_t)to_micromips & 1) == 1);
    return 0;
}
