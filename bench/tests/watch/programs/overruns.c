/* SPDX-License-Identifier: MIT
 * Stores over the end of objects, one of each kind, and much that only looks like it. test_overruns.py knows them.
 */
#include "shape.h"

#define DMACON          SFR(0x1F811000)
#define CHANNEL(reg)    SFR(0x1F811060 + (reg))

ALIGN(16);
OBJECT(uint8_t, padded, 10);            /* 6 bytes of padding behind it */
ALIGN(16);
OBJECT(uint8_t, walked, 16);
OBJECT(uint8_t, behind_walked, 16);
OBJECT(uint32_t, words, 8);
OBJECT(uint32_t, behind_words, 8);
OBJECT(uint8_t, odd, 6);
OBJECT(uint8_t, behind_odd, 10);
OBJECT(uint8_t, copied, 16);
OBJECT(uint8_t, behind_copied, 16);
OBJECT(uint8_t, cleared, 16);
OBJECT(uint8_t, behind_cleared, 16);
OBJECT(uint8_t, below, 16);
OBJECT(uint8_t, downward, 16);
OBJECT(uint8_t, received, 16);
OBJECT(uint8_t, behind_received, 16);
/* what is used as it should be */
OBJECT(uint8_t, first, 8);
OBJECT(uint8_t, second, 8);
OBJECT(uint8_t, third, 8);
OBJECT(uint32_t, one, 1);
OBJECT(uint32_t, two, 1);
OBJECT(uint32_t, three, 1);
OBJECT(uint32_t, from, 8);
OBJECT(uint32_t, to, 8);
OBJECT(uint8_t, last, 16);

static volatile uint8_t *const neighbours[] = { first, second, third };
static volatile uint32_t *const numbers[] = { one, two, three };

/* Like the C library's: words, then bytes */
SHAPE void copy(volatile uint8_t *to_, const volatile uint8_t *from_, uint32_t size);
SHAPE void copy(volatile uint8_t *to_, const volatile uint8_t *from_, uint32_t size)
{
    for (; size >= 4; size -= 4, to_ += 4, from_ += 4) {
        *(volatile uint32_t *)to_ = *(const volatile uint32_t *)from_;
    }
    for (; size; size--) {
        *to_++ = *from_++;
    }
}

SHAPE void clear(volatile uint8_t *at, uint32_t size);
SHAPE void clear(volatile uint8_t *at, uint32_t size)
{
    while (size--) {
        *at++ = 0;
    }
}

SHAPE void into_padding(uint32_t count);
SHAPE void into_padding(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        padded[i] = i;
    }
}

SHAPE void into_bytes(uint32_t count);
SHAPE void into_bytes(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        walked[i] = i;
    }
}

SHAPE void into_words(uint32_t count);
SHAPE void into_words(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        words[i] = i;
    }
}

SHAPE void half_beyond(volatile uint8_t *at);
SHAPE void half_beyond(volatile uint8_t *at)
{
    *(volatile uint32_t *)at = 5;
}

SHAPE void go_down(int32_t start);
SHAPE void go_down(int32_t start)
{
    for (int32_t i = start; i >= -1; i--) {
        downward[i] = i;
    }
}

SHAPE void by_dma(uint32_t bytes);
SHAPE void by_dma(uint32_t bytes)
{
    DMACON = 1 << 15;
    CHANNEL(0x30) = (uint32_t)from & 0x1FFFFFFF;
    CHANNEL(0x40) = (uint32_t)received & 0x1FFFFFFF;
    CHANNEL(0x50) = bytes;
    CHANNEL(0x60) = bytes;
    CHANNEL(0x90) = bytes;
    CHANNEL(0x00) = 1 << 7;
    CHANNEL(0x10) = 1 << 7;             /* CFORCE */
    while (CHANNEL(0x00) & 1 << 7) {
    }
}

/* --- nothing wrong with these */

SHAPE void each_neighbour(uint32_t value);
SHAPE void each_neighbour(uint32_t value)
{
    for (unsigned i = 0; i < 3; i++) {
        volatile uint8_t *at = neighbours[i];

        for (unsigned j = 0; j < 8; j++) {
            at[j] = value;
        }
    }
}

SHAPE void each_number(uint32_t value);
SHAPE void each_number(uint32_t value)
{
    for (unsigned i = 0; i < 3; i++) {
        *numbers[i] = value;
    }
}

SHAPE void one_after_another(void);
SHAPE void one_after_another(void)
{
    copy(first, (const volatile uint8_t *)from, 8);
    copy(second, (const volatile uint8_t *)from, 8);
    copy(third, (const volatile uint8_t *)from, 8);
    clear(first, 8);
    clear(second, 8);
    clear(third, 8);
}

SHAPE void by_hand(uint32_t value);
SHAPE void by_hand(uint32_t value)
{
    one[0] = value;
    two[0] = value;
    three[0] = value;
    for (unsigned i = 0; i < 8; i++) {
        to[i] = from[i];
    }
    from[7] = value;
    to[0] = value;
}

/* As start-up code does */
SHAPE void clear_all(void);
SHAPE void clear_all(void)
{
    for (volatile uint8_t *at = padded; at < last + 16; at++) {
        *at = 0;
    }
}

SHAPE void work(void);
SHAPE void work(void)
{
    for (unsigned turn = 0; turn < 2; turn++) {
        each_neighbour(turn);
        each_number(turn);
        one_after_another();
        by_hand(turn);
        by_dma(16);
        into_padding(10);
        into_bytes(16);
        into_words(8);
    }
#ifdef WRONG
    into_padding(11);
    into_bytes(17);
    into_words(9);
    half_beyond(odd + 4);
    copy(copied, (const volatile uint8_t *)from, 17);
    clear(cleared, 17);
    go_down(15);
    by_dma(20);
#endif
}

int main(void)
{
    clear_all();
    work();
    return 0;
}
