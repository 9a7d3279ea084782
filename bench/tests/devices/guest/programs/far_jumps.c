/* SPDX-License-Identifier: MIT
 * A jump straight to another page goes to what is there now: after a swap of the program panels that is other code at the
 * same address, though the caller, in boot flash, is the same (FRM section 52, DS60001193).
 */
#include "flash.h"

#define LOWER_PANEL     0x1D0F0000
#define UPPER_PANEL     0x1D1F0000
#define ROUNDS          4

typedef uint32_t function(void);

/* jal 0x9D0F0000, through the window of the same 256 MiB: the linker knows the uncached one only */
__asm__(
    ".section .reset\n.set push\n.set noreorder\n"
    "caller:\n"
    "   move    $t9, $ra\n"
    "   .word   0x0C000000 | 0x0D0F0000 >> 2\n"
    "   nop\n"
    "   jr      $t9\n"
    "   nop\n"
    ".set pop\n.text\n");
extern uint32_t caller[];

/* li $v0, number; jr $ra; nop */
static void program(uint32_t physical, uint32_t number)
{
    const uint32_t words[4] = { 0x24020000 | number, 0x03E00008, 0, 0 };

    CHECK(!program_quad_word(physical, words));
}

/* What the caller finds while the panels are swapped. */
static RAMCODE uint32_t call_swapped(function *far)
{
    uint32_t found;

    nvm_unlock();
    NVMCONSET = NVMCON_PFSWAP;
    found = far();
    found += far() << 8;
    nvm_unlock();
    NVMCONCLR = NVMCON_PFSWAP;
    return found;
}

int main(void)
{
    function *far = (function *)((uint32_t)caller - 0x20000000);
    uint32_t round;

    copy_ramcode();
    program(LOWER_PANEL, 1);
    program(UPPER_PANEL, 2);
    for (round = 0; round < ROUNDS; round++) {
        CHECK(far() == 1);
        CHECK(far() == 1);
        CHECK(IN_RAM(call_swapped)(far) == 0x202);
    }
    return 0;
}
