/*
 * 24-series I2C EEPROM on a board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_EEPROM_H
#define HW_MIPS_PIC32MZ_EEPROM_H

#include "hw/i2c/i2c.h"
#include "qom/object.h"

/* Property "part": one of the names below; "address": as of any I2C slave. */
#define TYPE_PIC32_EEPROM "pic32mz-eeprom"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Eeprom, PIC32_EEPROM)

/* The name of part number n, from 0; NULL: there are no more. */
const char *pic32_eeprom_part_name(unsigned n);

#endif
