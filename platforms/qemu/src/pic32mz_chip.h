/*
 * PIC32MZ EF family: what a chip's name says
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CHIP_H
#define HW_MIPS_PIC32MZ_CHIP_H

typedef struct PIC32Chip {
    uint32_t flash_size;    /* program flash, bytes */
    uint32_t ram_size;      /* bytes */
    uint32_t devid;
    uint32_t pins;
    bool crypto;            /* has the crypto engine */
} PIC32Chip;

/* Takes a name such as PIC32MZ2048EFH144 apart; false if there is none such. */
bool pic32_chip_parse(const char *name, PIC32Chip *chip);

#endif
