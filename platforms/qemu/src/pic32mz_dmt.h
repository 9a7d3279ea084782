/*
 * PIC32MZ deadman timer
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the timer's registers, 0x200 bytes
 *  + Clock input "sysclk": the core's clock; counts only without -icount
 *  + link "cru": the clock and reset unit: DEVCFG1, and whom to tell
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_DMT_H
#define HW_MIPS_PIC32MZ_DMT_H

#include "qom/object.h"

#define TYPE_PIC32_DMT "pic32mz-dmt"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Dmt, PIC32_DMT)

#endif
