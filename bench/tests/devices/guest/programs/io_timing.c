/* SPDX-License-Identifier: MIT
 * An instruction that reads a register takes the same time whenever it runs: the first time, when the emulator finds
 * out that it does I/O, and later, when it knows; in the middle of a block, in a delay slot, in compressed code, and after
 * other code was written over it, in RAM and in flash.
 * Time: 200 ms
 */
#include "flash.h"

#define T2CON       SFR(0x1F840200)
#define TMR2        SFR(0x1F840210)
#define PR2         SFR(0x1F840220)
#define ON          (1 << 15)

#define READS       24
#define PERIOD      5           /* reads after which whole instructions are whole ticks: 5 * 8 ns are 4 * 10 ns */
#define PAGE        0x1D100000  /* of the upper panel */

typedef void reader(volatile uint32_t *tmr, uint32_t *times, uint32_t n);

static uint32_t times[READS];
static uint32_t ram_code[32];

/* In the middle of a block, in the delay slot of a branch back, in that of a branch forward. */
__asm__(
    ".text\n.set push\n.set noreorder\n"
    "in_block:\n"
    "1: addiu   $a2, $a2, -1\n"
    "   lw      $t0, 0($a0)\n"
    "   addiu   $a1, $a1, 4\n"
    "   sw      $t0, -4($a1)\n"
    "   bnez    $a2, 1b\n"
    "   nop\n"
    "   jr      $ra\n"
    "   nop\n"
    "in_slot:\n"
    "   lw      $t0, 0($a0)\n"
    "1: sw      $t0, 0($a1)\n"
    "   addiu   $a2, $a2, -1\n"
    "   addiu   $a1, $a1, 4\n"
    "   bnez    $a2, 1b\n"
    "   lw      $t0, 0($a0)\n"
    "   jr      $ra\n"
    "   nop\n"
    "in_other_slot:\n"
    "1: addiu   $a2, $a2, -1\n"
    "   b       2f\n"
    "   lw      $t0, 0($a0)\n"
    "   nop\n"
    "2: sw      $t0, 0($a1)\n"
    "   bnez    $a2, 1b\n"
    "   addiu   $a1, $a1, 4\n"
    "   jr      $ra\n"
    "end_of_code:\n"
    "   nop\n"
    ".set pop\n");
extern uint32_t in_block[], in_slot[], in_other_slot[], end_of_code[];

static void __attribute__((noinline, micromips)) compressed(volatile uint32_t *tmr, uint32_t *at, uint32_t n)
{
    while (n--) {
        *at++ = *tmr;
    }
}

/* Ticks for PERIOD reads, if it is always the same; else 0. */
static uint32_t ticks(reader *read)
{
    uint32_t i, period;

    read(&TMR2, times, READS);
    period = (times[PERIOD] - times[0]) & 0xFFFF;
    for (i = 1; i + PERIOD < READS; i++) {
        if (((times[i + PERIOD] - times[i]) & 0xFFFF) != period) {
            return 0;
        }
    }
    return period;
}

/* The timer's ticks that PERIOD rounds of so many instructions take. */
#define TICKS_OF(instructions) (4 * (instructions))

static reader *in_ram(const uint32_t *code, const uint32_t *end)
{
    volatile uint32_t *to = ram_code;

    while (code < end) {
        *to++ = *code++;
    }
    return (reader *)ram_code;
}

static reader *in_flash(const uint32_t *code, const uint32_t *end)
{
    uint32_t at;

    NVMADDR = PAGE;
    CHECK(!IN_RAM(nvm_operation)(NVM_PAGE_ERASE));
    for (at = PAGE; code < end; at += 16, code += 4) {
        CHECK(!program_quad_word(at, code));
    }
    return (reader *)(0x80000000 + PAGE);
}

int main(void)
{
    reader *volatile in_micromips = compressed;
    unsigned round;

    copy_ramcode();
    PR2 = 0xFFFF;
    T2CON = ON;

    for (round = 0; round < 2; round++) {
        CHECK(ticks((reader *)in_block) == TICKS_OF(6));
        CHECK(ticks((reader *)in_slot) == TICKS_OF(5));
        CHECK(ticks((reader *)in_other_slot) == TICKS_OF(6));
        CHECK(ticks(in_micromips) != 0);
    }
    for (round = 0; round < 3; round++) {
        CHECK(ticks(in_ram(in_block, in_slot)) == TICKS_OF(6));
        CHECK(ticks(in_ram(in_slot, in_other_slot)) == TICKS_OF(5));
        CHECK(ticks(in_ram(in_other_slot, end_of_code + 1)) == TICKS_OF(6));
    }
    for (round = 0; round < 2; round++) {
        CHECK(ticks(in_flash(in_block, in_slot)) == TICKS_OF(6));
        CHECK(ticks(in_flash(in_slot, in_other_slot)) == TICKS_OF(5));
        CHECK(ticks(in_flash(in_other_slot, end_of_code + 1)) == TICKS_OF(6));
    }
    return 0;
}
