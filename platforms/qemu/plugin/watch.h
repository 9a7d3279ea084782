/*
 * The plugin that watches RAM: what its parts share
 *
 * One core executes, so nothing here needs a lock: callbacks of instructions,
 * of DMA and of resets never run at the same time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pic32mz_watch.h"

/* What is known of a byte of RAM. USED is next to FRESH: see memory.c. */
enum {
    BYTE_FRESH = 0x01,          /* its last write was data, not a fill */
    BYTE_USED = 0x02,           /* it was read while it was fresh */
    BYTE_WRITTEN = 0x04,
    BYTE_FILLED = 0x08,
    BYTE_READ = 0x10,
    BYTE_DMA_WRITTEN = 0x20,
    BYTE_DMA_READ = 0x40,
    BYTE_CALL = 0x80,           /* a store is to be told to watch_store() */
};

typedef struct Range {
    uint32_t low, high;         /* the first byte, and the one behind */
} Range;

/* An instruction as it was translated, once a block that it is in. */
typedef struct Insn {
    uint32_t pc;
    uint16_t ahead;             /* instructions to the end of its block */
    uint8_t slot;               /* bytes back to its branch, 0: no slot */
} Insn;

/* A list of any type of entries, which only grows. */
typedef struct List {
    void *entries;
    size_t count, room, size;
} List;

void *list_add(List *list, size_t size);

extern uint8_t *ram_state;      /* of each byte */
extern uint32_t ram_size;

/* A store of `size` bytes to a byte with BYTE_CALL, physical address. */
void watch_store(const Insn *insn, uint32_t address, uint32_t size, bool fill);

/* stacks.c */
bool stacks_add(uint32_t low, uint32_t high, int64_t since);
void stacks_start(void);
void stacks_store(const Insn *insn, uint32_t address);
void stacks_write(FILE *out);

/* A section of the results: its name, how many entries of which size. */
void write_section(FILE *out, const char *name, const void *entries,
                   size_t count, size_t size);

#endif
