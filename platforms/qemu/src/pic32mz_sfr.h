/*
 * PIC32MZ special function registers: one helper for every register block
 *
 * A register sits at REG, its aliases REGCLR, REGSET and REGINV at +4, +8
 * and +C (PIC32 Family Reference Manual, section 1.4.1, DS61115). Every
 * register can be read and written by byte, half-word and word; a narrow
 * write touches its own byte lanes only. Aliases read as 0.
 *
 * Every access of the guest is counted, with the PC of the first one: see
 * pic32mz_sfr_report.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_SFR_H
#define HW_MIPS_PIC32MZ_SFR_H

#include "exec/memory.h"
#include "migration/vmstate.h"

/* One special function register, as its device declares it. */
typedef struct PIC32SfrDef {
    const char *name;
    uint16_t offset;        /* from the start of the block, multiple of 4 */
    uint32_t reset;         /* value after a reset */
    uint32_t writable;      /* bits that a guest write changes */
    bool plain;             /* true: no CLR, SET and INV aliases */
} PIC32SfrDef;

typedef struct PIC32SfrOps {
    /*
     * A guest write of size bytes at addr is about to change a stored value:
     * a register that counts by itself is stored as it is now, so that the
     * bits and bytes which are not written keep. True: that was all, nothing
     * is stored. NULL: nothing to do.
     */
    bool (*before_write)(void *opaque, hwaddr addr, uint32_t data,
                         unsigned size);
    /*
     * The value that the guest reads; offset is that of the register.
     * NULL: the stored value. May have side effects (a FIFO's read).
     */
    uint32_t (*read)(void *opaque, hwaddr offset, unsigned size);
    /*
     * The guest wrote. old is the stored value before, value the new one
     * after alias, byte lanes and writable bits are applied; it is already
     * stored when this is called. NULL: storing is all there is to do.
     */
    void (*write)(void *opaque, hwaddr offset, uint32_t old, uint32_t value);
} PIC32SfrOps;

/* How the guest has used a register; its aliases count as the register. */
typedef struct PIC32SfrUse {
    uint64_t reads;
    uint64_t writes;
    uint32_t first_pc;      /* 0: not by the core (DMA, a debugger) */
} PIC32SfrUse;

typedef struct PIC32SfrUses {
    PIC32SfrUse *use;
    uint32_t n;
} PIC32SfrUses;

/* The PC of the instruction that accesses a device now; 0: it is not a core. */
uint32_t pic32_sfr_guest_pc(void);

/* Counts an access; true: it is the first. */
static inline bool pic32_sfr_count(PIC32SfrUse *use, bool is_write)
{
    bool first = !(use->reads | use->writes);

    if (unlikely(first)) {
        use->first_pc = pic32_sfr_guest_pc();
    }
    if (is_write) {
        use->writes++;
    } else {
        use->reads++;
    }
    return first;
}

typedef struct PIC32SfrBlock {
    MemoryRegion iomem;
    const PIC32SfrDef *defs;
    unsigned n_defs;
    uint32_t n_words;
    const PIC32SfrOps *ops;
    void *opaque;
    uint32_t *value;                /* one a word, indexed by offset / 4 */
    const PIC32SfrDef **def;        /* the register a word belongs to */
    PIC32SfrUses uses;              /* one a word; of an alias unused */
    bool *inert;                    /* one a word */
} PIC32SfrBlock;

/*
 * Sets up block.iomem of size bytes (a multiple of 4) with these registers.
 * The defs must outlive the block. opaque goes to the ops.
 */
void pic32_sfr_init(PIC32SfrBlock *block, Object *owner, const char *name,
                    uint32_t size, const PIC32SfrDef *defs, unsigned n_defs,
                    const PIC32SfrOps *ops, void *opaque);

/*
 * What a write of size bytes (data) leaves in a register: addr is that of the
 * register (alias 0) or its CLR, SET or INV (alias 1, 2, 3), plus the byte.
 */
uint32_t pic32_sfr_merge(uint32_t old, hwaddr addr, unsigned alias,
                         uint32_t data, unsigned size);

/* Gives every register its reset value. */
void pic32_sfr_reset(PIC32SfrBlock *block);

/* The stored value of a register, with no side effect. */
static inline uint32_t pic32_sfr_get(const PIC32SfrBlock *block, hwaddr offset)
{
    return block->value[offset >> 2];
}

/* Sets the stored value, read-only bits included; no callback is called. */
static inline void pic32_sfr_set(PIC32SfrBlock *block, hwaddr offset,
                                 uint32_t value)
{
    block->value[offset >> 2] = value;
}

/*
 * For a write callback: puts keep back into a register that is locked, and
 * tells the log why.
 */
void pic32_sfr_refuse(PIC32SfrBlock *block, hwaddr offset, uint32_t keep,
                      const char *why);

/*
 * For a device that has a register only to keep what is written: nothing comes
 * of it, and it is reported as storage.
 */
void pic32_sfr_mark_inert(PIC32SfrBlock *block, hwaddr offset);

/* The block behind a memory region; NULL: it is none. */
PIC32SfrBlock *pic32_sfr_block(MemoryRegion *mr);

extern const VMStateInfo vmstate_info_pic32_sfr_uses;

/* For a device's VMStateDescription: all values of a PIC32SfrBlock member. */
#define VMSTATE_PIC32_SFR(_field, _state) \
    VMSTATE_VARRAY_UINT32(_field.value, _state, _field.n_words, 0, \
                          vmstate_info_uint32, uint32_t), \
    VMSTATE_PIC32_SFR_USES(_field.uses, _state)

#define VMSTATE_PIC32_SFR_USES(_field, _state) \
    VMSTATE_SINGLE(_field, _state, 0, vmstate_info_pic32_sfr_uses, \
                   PIC32SfrUses)

#endif
