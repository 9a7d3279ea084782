/* SPDX-License-Identifier: MIT
 * A story told to three heaps, with failures and leaks planted in it: a first-fit allocator of its own (frame_new), a C
 * library whose calls go through one another, and FreeRTOS's heap_1, which never takes anything back. SECOND_LIFE: the
 * program resets the chip once and tells it again.
 */
#include <stddef.h>

#include "guest.h"

#define NOINLINE __attribute__((noinline, noclone))
#define FRAME_ARENA 1024
#define HEAP_ARENA 2048
#define RSWRST SFR(0x1F801250)

struct frame {
    uint32_t size;              /* bytes behind this head; bit 0: taken */
};

uint8_t frame_arena[FRAME_ARENA] __attribute__((aligned(8)));
static uint32_t frames_ready;

NOINLINE void *frame_new(void *owner, uint32_t size);
NOINLINE void frame_done(void *frame);
NOINLINE void *malloc(size_t size);
NOINLINE void *calloc(size_t count, size_t size);
NOINLINE void *realloc(void *block, size_t size);
NOINLINE void free(void *block);
NOINLINE void *_malloc_r(void *state, size_t size);
NOINLINE void *sbrk(ptrdiff_t more);
NOINLINE void *pvPortMalloc(size_t size);
NOINLINE void greedy(void);
NOINLINE void leaky(void);

static struct frame *next(struct frame *frame)
{
    return (struct frame *)((uint8_t *)(frame + 1) + (frame->size & ~1u));
}

/* The size is the second argument. */
void *frame_new(void *owner, uint32_t size)
{
    struct frame *end = (struct frame *)(frame_arena + FRAME_ARENA), *frame = (struct frame *)frame_arena;

    (void)owner;
    if (!frames_ready) {
        frames_ready = 1;
        frame->size = FRAME_ARENA - sizeof *frame;
    }
    size = (size + 7) & ~7u;
    for (; frame < end; frame = next(frame)) {
        while (!(frame->size & 1) && next(frame) < end && !(next(frame)->size & 1)) {
            frame->size += sizeof *frame + next(frame)->size;
        }
        if (!(frame->size & 1) && frame->size >= size) {
            if (frame->size >= size + 2 * sizeof *frame) {
                uint32_t rest = frame->size - size - sizeof *frame;

                frame->size = size;
                next(frame)->size = rest;
            }
            frame->size |= 1;
            return frame + 1;
        }
    }
    return NULL;
}

void frame_done(void *frame)
{
    ((struct frame *)frame - 1)->size &= ~1u;
}

static uint8_t heap_arena[HEAP_ARENA] __attribute__((aligned(8)));
static uint32_t heap_end;

void *sbrk(ptrdiff_t more)
{
    void *old = heap_arena + heap_end;

    if (more > (ptrdiff_t)(HEAP_ARENA - heap_end)) {
        return (void *)-1;
    }
    heap_end += (uint32_t)more;
    return old;
}

void *_malloc_r(void *state, size_t size)
{
    uint32_t *block = sbrk((ptrdiff_t)(((size + 7) & ~7u) + 8));

    (void)state;
    if (block == (void *)-1) {
        return NULL;
    }
    block[0] = size;
    return block + 2;
}

void *malloc(size_t size)
{
    return _malloc_r(NULL, size);       /* a jump */
}

void *calloc(size_t count, size_t size)
{
    uint8_t *block = malloc(count * size);

    for (size_t i = 0; block && i < count * size; i++) {
        ((volatile uint8_t *)block)[i] = 0;
    }
    return block;
}

void *realloc(void *block, size_t size)
{
    uint8_t *other;
    uint32_t old = block ? ((uint32_t *)block)[-2] : 0;

    if (block && size <= ((old + 7) & ~7u)) {
        ((uint32_t *)block)[-2] = size;
        return block;
    }
    other = malloc(size);
    for (uint32_t i = 0; other && i < old; i++) {
        ((volatile uint8_t *)other)[i] = ((uint8_t *)block)[i];
    }
    if (other && block) {
        free(block);
    }
    return other;
}

void free(void *block)
{
    (void)block;                        /* what came back is not used again */
    __asm__ volatile("");
}

static uint8_t ucHeap[512] __attribute__((aligned(8)));
size_t xNextFreeByte;

void *pvPortMalloc(size_t size)
{
    void *block = ucHeap + xNextFreeByte;

    size = (size + 7) & ~7u;
    if (size > sizeof ucHeap - xNextFreeByte) {
        return NULL;
    }
    xNextFreeByte += size;
    return block;
}

/* Asks three times for more than there is. */
void greedy(void)
{
    for (int i = 0; i < 3; i++) {
        CHECK(frame_new(NULL, 2000) == NULL);
    }
    CHECK(malloc(5000) == NULL);
    CHECK(calloc(100, 100) == NULL);
    CHECK(pvPortMalloc(600) == NULL);
}

/* Never gives back five frames of 24 bytes and a block of 40. */
void leaky(void)
{
    for (int i = 0; i < 5; i++) {
        CHECK(frame_new(NULL, 24) != NULL);
    }
    CHECK(malloc(40) != NULL);
}

static void story(void)
{
    void *a = frame_new(NULL, 100), *b = frame_new(NULL, 300), *c;

    frame_done(a);
    c = frame_new(NULL, 50);            /* where a was: 350 bytes */
    frame_done(b);
    a = frame_new(NULL, 400);           /* 450 at the most */
    frame_done(a);
    frame_done(c);
    frame_done(c);                      /* once too often */
    leaky();                            /* 120 stay */

    a = malloc(100);
    b = calloc(10, 20);                 /* 300 */
    a = realloc(a, 60);                 /* 260, in place */
    b = realloc(b, 240);                /* 500 while it is copied, then 300 */
    free(a);
    free(b);
    leaky();                            /* and 120 more, with 40 in each heap */
    free(realloc(NULL, 8));

    pvPortMalloc(64);
    pvPortMalloc(33);
    greedy();
}

int main(void)
{
#ifdef SECOND_LIFE
    static uint32_t life;

    frames_ready = heap_end = xNextFreeByte = 0;
    if (!life++) {
        story();
        unlock();
        RSWRST = 1;
        (void)RSWRST;
        for (;;) {
        }
    }
#endif
    story();
    return 0;
}
