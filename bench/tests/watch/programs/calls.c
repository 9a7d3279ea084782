/* SPDX-License-Identifier: MIT
 * Calls of every kind, and an allocator whose calls nest and are interrupted: test_calls.py counts with it.
 */
#include "shape.h"

#define TURNS 5

typedef uint32_t Function(uint32_t);

SHAPE uint32_t leaf(uint32_t n);
SHAPE uint32_t through_pointer(uint32_t n);
SHAPE uint32_t tail(uint32_t n);
SHAPE uint32_t take(uint32_t size, uint32_t b, uint32_t c, uint32_t d);
SHAPE uint32_t deep(uint32_t n);
SHAPE uint32_t deepest(uint32_t n);
SHAPE void in_interrupt(void);

static volatile uint32_t interrupts, sink, heap;
static Function *volatile pointer;

SHAPE uint32_t leaf(uint32_t n)
{
    return (n ^ n >> 3) + 5;
}

SHAPE uint32_t through_pointer(uint32_t n)
{
    return pointer(n) + 1;
}

SHAPE __attribute__((optimize("O2"))) uint32_t tail(uint32_t n)
{
    heap++;
    return leaf(n + 1);
}

/* An allocator that asks itself for more, and is interrupted on its way */
SHAPE uint32_t take(uint32_t size, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t block = heap;

    heap += size;
    if (size > 64) {
        return take(size / 2, b, c, d + 1) - size;
    }
    IFSSET(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    return block + b + c + leaf(0) - leaf(0);
}

SHAPE void in_interrupt(void)
{
    sink = take(8, 0, 0, 99);
}

/* MIPS32 whatever the rest is: exceptions enter in that. */
static void __attribute__((interrupt, nomicromips)) handler(void)
{
    IFSCLR(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    if (interrupts++ % 2 == 0) {
        in_interrupt();
    }
}

/* The deepest use of the stack is in the interrupt that comes here. */
SHAPE uint32_t deepest(uint32_t n)
{
    volatile uint32_t local[50];

    local[n] = n;
    local[0] = leaf(local[n]);
    interrupts = 0;
    IFSSET(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    return local[0];
}

SHAPE uint32_t deep(uint32_t n)
{
    volatile char space[40];

    space[n] = 1;
    return n ? deep(n - 1) + space[n] : deepest(n + 1) + space[n];
}

int main(void)
{
    INTCON = INTCON_MVEC;
    pointer = leaf;
    heap = 1000;
    attach(VECTOR_SOFTWARE_0, handler, 3, 0);
    interrupts_on();
    for (unsigned i = 0; i < TURNS; i++) {
        sink = leaf(i);
        sink = through_pointer(i);
        sink = tail(i);
        interrupts = 0;
        sink = take(100 + i, 10, 20, 30);
    }
    interrupts = 1;
    sink = take(4, 1, 2, 3);
    sink = deep(3);
    for (unsigned i = 0; i < 3; i++) {
        sink = take(1, 0, 0, 0);
    }
    return 0;
}
