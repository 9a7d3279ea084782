/*
 * PIC32MZ registers without a model: storage that counts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_STORAGE_H
#define HW_MIPS_PIC32MZ_STORAGE_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_PIC32_STORAGE "pic32mz-storage"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Storage, PIC32_STORAGE)

#define PIC32_SFR_BASE  0x1f800000
#define PIC32_SFR_SIZE  0x00100000

/* Distinct addresses without a register that are told apart. */
#define PIC32_STORAGE_RESERVED 64

typedef struct PIC32StorageWord {
    uint32_t offset;            /* of the register, from PIC32_SFR_BASE */
    uint32_t value;
    uint32_t reads;
    uint32_t writes;
    uint32_t first_pc;
} PIC32StorageWord;

/* mmio 0 lies under all modelled registers: the whole SFR space. */
struct PIC32Storage {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    uint16_t *register_of;      /* index + 1 into the chip's register table */
    PIC32StorageWord *word;     /* one a register of the table */
    PIC32StorageWord reserved[PIC32_STORAGE_RESERVED];
    uint32_t n_reserved;
};

/* JSON text: what was touched, registers first. The caller frees. */
char *pic32_storage_report(PIC32Storage *storage);

#endif
