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

#include "qemu-plugin.h"
#include "pic32mz_watch.h"

/* _VERSION in bench/pic32bench/watch/spec.py and fuzz/coverage.py */
#define VERSION     3
#define BLOCK_INSNS 1024        /* more than there can be in a block */
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define PHYSICAL    0x1fffffff
#define KSEG0       0x80000000
#define UNMAPPED    0x40000000  /* how big KSEG0 and KSEG1 are together */

/* What is known of a byte of RAM. USED is next to FRESH: see watch.c. */
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

/* Registers of the core */
enum { REG_V0 = 2, REG_A0 = 4, REG_SP = 29, REG_RA = 31 };

typedef struct Range {
    uint32_t low, high;         /* the first byte, and the one behind */
} Range;

/* What is remembered of a store by its address in the code: overruns.c. */
typedef struct Site Site;

/* A store of which the code says what it indexes: overruns.c. */
typedef struct Base Base;

/* An instruction as it was translated, once a block that it is in. */
typedef struct Insn {
    Site *site;
    Base *base;                 /* NULL for nearly all */
    void *edge;                 /* of calls.c */
    uint32_t pc;
    uint16_t ahead;             /* instructions to the end of its block */
    uint8_t slot;               /* bytes back to its branch, 0: no slot */
    uint8_t reg;                /* that a call takes its target from */
} Insn;

/* containers.c. Memory that is there, and zero: else the emulator ends. */
void *allocate(size_t count, size_t size);

/* A list of any type of entries, which only grows; they may move. */
typedef struct List {
    void *entries;
    size_t count, room;
} List;

void *list_add(List *list, size_t size);

/* A table of entries that begin with two numbers; they never move. */
typedef struct Table {
    void **slots;
    size_t count, room;
} Table;

void *table_find(Table *table, uint32_t a, uint32_t b, size_t size);

extern uint8_t *ram_state;      /* of each byte */
extern uint32_t ram_size;

/* stacks.c */
void stacks_add(uint32_t low, uint32_t high, uint32_t reach,
                int64_t since);
void stacks_start(void);
void stacks_store(const Insn *insn, uint32_t address);
void stacks_write(FILE *out);

/* overruns.c: a store of `size` bytes, or a device's, over an object's end */
extern uint8_t *overruns_edge;  /* of each byte: stores to it matter here */
bool overruns_add_object(uint32_t low, uint32_t high);
void overruns_add_function(uint32_t low, uint32_t high, bool writer);
void overruns_add_base(uint32_t pc, uint32_t low);
void overruns_from(uint32_t pc);
void overruns_start(void);
void overruns_reset(void);
void overruns_translate(struct qemu_plugin_insn *insn, Insn *about);
void overruns_store(const Insn *insn, uint32_t address, uint32_t size);
void overruns_base_store(const Insn *insn, uint32_t address, uint32_t size);
void overruns_dma(const char *device, uint32_t begin, uint32_t address,
                  uint32_t len);
void overruns_write(FILE *out);

/* events.c: calls of some functions, with what they are given and return */
void events_add(uint32_t entry);
void events_reset(void);
void events_translate(struct qemu_plugin_insn *insn, Insn *about, bool first);
void events_write(FILE *out);

/* calls.c: how often what calls what */
extern bool calls_counted;
void calls_translate(struct qemu_plugin_insn *insn, Insn *about, uint32_t code,
                     bool micromips);
void calls_exception(uint32_t handler);
void calls_write(FILE *out);

/* coverage.c: instead of all the others. False: it has said what is wrong. */
bool coverage_install(qemu_plugin_id_t id, int fd);

/* Whether the host asks for what this plugin is; else it has said so. */
bool is_version(unsigned version, const char *plugin);

/* An instruction, with the major opcode in the uppermost bits. */
uint32_t insn_code(const struct qemu_plugin_insn *insn, bool micromips);

/* A section of the results: its name, how many entries of which size. */
void write_section(FILE *out, const char *name, const void *entries,
                   size_t count, size_t size);

#endif
