/*
 * 25-series serial NOR flash on a board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_NOR_H
#define HW_MIPS_PIC32MZ_NOR_H

#include "hw/ssi/ssi.h"
#include "qom/object.h"

/* Property "part": one of the names below. */
#define TYPE_PIC32_NOR "pic32mz-nor"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Nor, PIC32_NOR)

/* The name of part number n, from 0; NULL: there are no more. */
const char *pic32_nor_part_name(unsigned n);

#endif
