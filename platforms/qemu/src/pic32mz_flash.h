/*
 * PIC32MZ flash memory map: program flash and the two boot flash panels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_FLASH_H
#define HW_MIPS_PIC32MZ_FLASH_H

#include "exec/memory.h"

#define PIC32_PROGRAM_FLASH     0x1d000000
#define PIC32_BOOT_LOWER        0x1fc00000
#define PIC32_BOOT_UPPER        0x1fc20000
#define PIC32_BOOT_FLASH1       0x1fc40000
#define PIC32_BOOT_FLASH2       0x1fc60000
#define PIC32_BOOT_PANEL_SIZE   0x14000
#define PIC32_FACTORY_PAGE      0x1fc54000

typedef struct PIC32Flash {
    uint32_t size;                      /* of program flash, bytes */
    MemoryRegion panel[2];              /* halves of program flash */
    MemoryRegion boot[2];
    MemoryRegion boot_alias[2];         /* lower, upper */
    MemoryRegion factory;               /* ADC calibration, serial number */
    bool boot_swapped;
    bool program_swapped;
} PIC32Flash;

/* Maps erased flash of size bytes into system memory. */
void pic32_flash_init(PIC32Flash *flash, Object *owner, MemoryRegion *system,
                      uint32_t size);

/*
 * At a reset: the boot panel with the valid and higher sequence number
 * (BFxSEQ3) maps to the lower boot alias, the halves of program flash to
 * their own places.
 */
void pic32_flash_reset(PIC32Flash *flash);

/* NVMCON.PFSWAP: swaps the halves of program flash. */
void pic32_flash_swap_program(PIC32Flash *flash, bool swapped);

/* NVMCON.BFSWAP: swaps the boot flash aliases. */
void pic32_flash_swap_boot(PIC32Flash *flash, bool swapped);

/* Host memory behind a physical flash address; a PIC32FlashAt. */
uint8_t *pic32_flash_at(void *flash, uint32_t phys, uint32_t size);

/* The configuration words DEVCFG0 to DEVCFG3 of the lower boot alias. */
void pic32_flash_devcfg(PIC32Flash *flash, uint32_t devcfg[4]);

#endif
