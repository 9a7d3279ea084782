/*
 * PIC32MZ watchdog timer
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: WDTCON, 0x200 bytes
 *  + Clock input "lprc": the low-power RC oscillator
 *  + link "cru": the clock and reset unit: DEVCFG1, and whom to tell
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_WDT_H
#define HW_MIPS_PIC32MZ_WDT_H

#include "qom/object.h"

#define TYPE_PIC32_WDT "pic32mz-wdt"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Wdt, PIC32_WDT)

#endif
