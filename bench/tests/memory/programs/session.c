/* SPDX-License-Identifier: MIT
 * Known use of RAM: how much of each buffer matters, how deep the main stack and that of an interrupt go.
 *
 * -DGROWN=N: the frame of one function is N bytes bigger. -DOVERRUN: a message is one byte longer than its buffer.
 * -DENDED: the end of one is marked, a byte behind its buffer.
 * -DDEPTH=N: so many calls in one another, of 64 bytes and more each.
 */
#include <stddef.h>

#include "guest.h"

#ifndef GROWN
#define GROWN 0
#endif
#ifndef DEPTH
#define DEPTH 4
#endif
#define NOINLINE __attribute__((noinline, noclone))

uint8_t message[4096];                  /* 100 bytes are written, the first 60 of them read */
uint8_t cleared[512];                   /* only ever cleared */
uint8_t written[512];                   /* 200 bytes are written, none is read */
uint8_t packet[16] __attribute__((aligned(16)));
uint8_t behind_packet[16];
uint8_t common_buffer[64];              /* -fcommon: 8 bytes */
uint32_t isr_stack[128];
volatile uint32_t sink;

NOINLINE void *memset(void *to, int value, size_t size);
NOINLINE void fill(uint8_t *to, uint32_t count);
NOINLINE void end(uint32_t count);
NOINLINE uint32_t look(const uint8_t *from, uint32_t count);
NOINLINE uint32_t in_function(void);
NOINLINE uint32_t deep(uint32_t levels);
NOINLINE void in_interrupt(void);
void handler(void);

void *memset(void *to, int value, size_t size)
{
    volatile uint8_t *byte = to;

    while (size--) {
        *byte++ = value;
    }
    return to;
}

void fill(uint8_t *to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ((volatile uint8_t *)to)[i] = i + 1;    /* a byte too many is this line's */
    }
}

void end(uint32_t count)
{
    ((volatile uint8_t *)packet)[count] = 0;    /* the last, and behind it */
}

uint32_t look(const uint8_t *from, uint32_t count)
{
    uint32_t sum = 0;

    while (count--) {
        sum += *(const volatile uint8_t *)from++;
    }
    return sum;
}

uint32_t in_function(void)
{
    static uint8_t seen[300];           /* a static local: 10 bytes */

    fill(seen, 10);
    return look(seen, 10);
}

uint32_t deep(uint32_t levels)
{
    volatile uint8_t room[64 + GROWN];

    room[0] = levels;
    return levels ? deep(levels - 1) + room[0] : look(message, 60);
}

void in_interrupt(void)
{
    volatile uint32_t room[20];

    room[0] = IFS(VECTOR_SOFTWARE_0);
    IFSCLR(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    sink = room[0];
}

/* On a stack of its own; the core keeps the stack pointer of what it interrupts. */
__asm__(".text\n\t.set noat\n\t.globl handler\n\t.ent handler\nhandler:\n\t"
        "move $k1, $sp\n\tla $k0, isr_stack + 512\n\taddiu $sp, $k0, -96\n\tsw $k1, 88($sp)\n\t"
        "sw $at, 16($sp)\n\tsw $v0, 20($sp)\n\tsw $v1, 24($sp)\n\tsw $a0, 28($sp)\n\tsw $a1, 32($sp)\n\t"
        "sw $a2, 36($sp)\n\tsw $a3, 40($sp)\n\tsw $t0, 44($sp)\n\tsw $t1, 48($sp)\n\tsw $t2, 52($sp)\n\t"
        "sw $t3, 56($sp)\n\tsw $t4, 60($sp)\n\tsw $t5, 64($sp)\n\tsw $t6, 68($sp)\n\tsw $t7, 72($sp)\n\t"
        "sw $t8, 76($sp)\n\tsw $t9, 80($sp)\n\tsw $ra, 84($sp)\n\tjal in_interrupt\n\tnop\n\t"
        "lw $at, 16($sp)\n\tlw $v0, 20($sp)\n\tlw $v1, 24($sp)\n\tlw $a0, 28($sp)\n\tlw $a1, 32($sp)\n\t"
        "lw $a2, 36($sp)\n\tlw $a3, 40($sp)\n\tlw $t0, 44($sp)\n\tlw $t1, 48($sp)\n\tlw $t2, 52($sp)\n\t"
        "lw $t3, 56($sp)\n\tlw $t4, 60($sp)\n\tlw $t5, 64($sp)\n\tlw $t6, 68($sp)\n\tlw $t7, 72($sp)\n\t"
        "lw $t8, 76($sp)\n\tlw $t9, 80($sp)\n\tlw $ra, 84($sp)\n\tlw $sp, 88($sp)\n\teret\n\tnop\n\t"
        ".end handler\n\t.set at");

int main(void)
{
    memset(message, 0, sizeof message);
    memset(cleared, 0, sizeof cleared);
    fill(message, 100);
    fill(written, 200);
    sink = look(cleared, sizeof cleared) + in_function();
    fill(common_buffer, 8);
    sink = look(common_buffer, 8);
#ifdef OVERRUN
    fill(packet, sizeof packet + 1);
#else
    fill(packet, sizeof packet);
#endif
#ifdef ENDED
    end(sizeof packet);
#endif
    fill(behind_packet, sizeof behind_packet);
    sink = deep(DEPTH);
    INTCON = INTCON_MVEC;
    attach(VECTOR_SOFTWARE_0, handler, 3, 0);
    interrupts_on();
    IFSSET(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    return 0;
}
