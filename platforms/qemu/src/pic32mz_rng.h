/*
 * PIC32MZ random number generator
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the generator's registers, 0x100 bytes
 *  + Clock input "pbclk": the peripheral bus clock (PBCLK5)
 *  + property "seed": chooses the stream that the true random number
 *    generator gives
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_RNG_H
#define HW_MIPS_PIC32MZ_RNG_H

#include "qom/object.h"

#define TYPE_PIC32_RNG "pic32mz-rng"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Rng, PIC32_RNG)

#endif
