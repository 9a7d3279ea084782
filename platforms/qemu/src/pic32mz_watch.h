/*
 * What a TCG plugin of ours learns from the machine, beyond QEMU's own plugin
 * interface: registers, virtual time, DMA, exceptions and resets
 *
 * The plugin (platforms/qemu/plugin/) includes this file too, so it needs no
 * header of QEMU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_WATCH_H
#define HW_MIPS_PIC32MZ_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* What happens outside of instructions. Addresses of memory are physical. */
typedef struct PIC32WatchOps {
    /* A device moved these bytes, of a transfer that began at `begin`. */
    void (*dma)(const char *device, uint32_t begin, uint32_t address,
                uint32_t len, bool is_write);
    /* An interrupt or exception: the core goes on at `handler`. */
    void (*exception)(uint32_t handler);
    /* The chip is in reset; RAM is lost when its power was. */
    void (*reset)(bool power_on);
} PIC32WatchOps;

/* There is one plugin that does it; the operations stay the caller's. */
void pic32_watch_attach(const PIC32WatchOps *ops);

/* Bytes of RAM, which begins at physical 0. 0: this is another machine. */
uint32_t pic32_watch_ram_size(void);
const void *pic32_watch_ram(void);

/* Where a virtual address that a TLB maps is, or UINT32_MAX. */
uint32_t pic32_watch_physical(uint32_t address);

/* While a block is translated: how many bytes before each of its first
 * instructions the branch is whose delay slot it is, 0: it is in none. */
void pic32_watch_slots(uint8_t *back, unsigned count);
/* Whether it is of microMIPS instructions. */
bool pic32_watch_micromips(void);

/* Instructions executed and virtual time, ns, before the instruction that is
 * the `ahead`th from the end of its block. 0: at the end, or outside of code. */
typedef struct PIC32WatchMoment {
    uint64_t instructions;
    int64_t time;
} PIC32WatchMoment;
PIC32WatchMoment pic32_watch_moment(unsigned ahead);

/* The 32 registers of the current set, in a callback. */
const uint32_t *pic32_watch_gpr(void);

/* All registers, to be had as JSON (the machine's property `core`) later. */
typedef struct M5150Core PIC32WatchCore;
PIC32WatchCore *pic32_watch_new_core(void);
void pic32_watch_take_core(PIC32WatchCore *core, uint32_t pc, bool slot,
                           PIC32WatchMoment moment);
/* The caller frees it with free(). */
char *pic32_watch_core_json(const PIC32WatchCore *core);

/* For the machine's own files */
extern const PIC32WatchOps *pic32_watch_ops;

#endif
