/*
 * PIC32MZ registers without a model: storage that counts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_STORAGE_H
#define HW_MIPS_PIC32MZ_STORAGE_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_STORAGE "pic32mz-storage"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Storage, PIC32_STORAGE)

#define PIC32_SFR_BASE  0x1f800000
#define PIC32_SFR_SIZE  0x00100000

/* Distinct addresses without a register that are told apart. */
#define PIC32_STORAGE_RESERVED 64

/* mmio 0 lies under all modelled registers: the whole SFR space. */
struct PIC32Storage {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    uint16_t *register_of;      /* index + 1 into the chip's register table */
    uint32_t *value;            /* one a register of the table */
    uint32_t n_values;
    uint32_t reserved[PIC32_STORAGE_RESERVED];  /* offsets without a register */
    uint32_t n_reserved;
    PIC32SfrUses uses;          /* of the registers, then of the reserved */
};

typedef struct PIC32RegisterName {
    const char *name;
    uint32_t offset;            /* from PIC32_SFR_BASE */
    uint32_t reset;             /* value after a reset; undefined bits: 0 */
    bool aliases;               /* has CLR, SET and INV */
} PIC32RegisterName;

/* The chip's registers, those in flash last; NULL: no more. */
const PIC32RegisterName *pic32_storage_register(unsigned n);

/* The register that the word at this offset belongs to; NULL: none. */
const PIC32RegisterName *pic32_storage_register_at(PIC32Storage *storage,
                                                   uint32_t offset);

/* How a register, or an offset without one, was used; NULL: it was not. */
const PIC32SfrUse *pic32_storage_use(PIC32Storage *storage, uint32_t offset);

#endif
