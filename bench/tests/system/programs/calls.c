/* SPDX-License-Identifier: MIT
 * Calls of every shape, over and over, with an interrupt in their midst: for the backtrace at each instruction.
 * Built with -DISA=micromips or -DISA=nomicromips.
 */
#include "guest.h"

#define SHAPE __attribute__((noinline, noclone, ISA))

static volatile uint32_t interrupts, sink;

SHAPE uint32_t leaf(uint32_t n);
SHAPE uint32_t with_locals(uint32_t n);
SHAPE uint32_t with_frame_pointer(uint32_t n);
SHAPE uint32_t recursive(uint32_t n);
SHAPE void in_interrupt(void);

SHAPE uint32_t leaf(uint32_t n)
{
    return (n ^ n >> 3) + 5;
}

SHAPE uint32_t with_locals(uint32_t n)
{
    volatile uint32_t local[20];

    if (n > 100) {
        return n;
    }
    local[n % 20] = leaf(n);
    IFSSET(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    return local[n % 20] + interrupts;
}

SHAPE uint32_t with_frame_pointer(uint32_t n)
{
    volatile char *space = __builtin_alloca(n + 8);

    space[n] = 1;
    return with_locals(n) + space[n];
}

SHAPE uint32_t recursive(uint32_t n)
{
    sink = n ? recursive(n - 1) : with_frame_pointer(7);
    return sink ^ n;
}

SHAPE void in_interrupt(void)
{
    interrupts = interrupts + leaf(interrupts);
}

/* MIPS32 whatever the rest is: exceptions enter in that. */
static void __attribute__((interrupt, nomicromips)) handler(void)
{
    IFSCLR(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    in_interrupt();
}

int main(void)
{
    INTCON = INTCON_MVEC;
    attach(VECTOR_SOFTWARE_0, handler, 3, 0);
    interrupts_on();
    for (;;) {
        sink = recursive(1);
    }
}
