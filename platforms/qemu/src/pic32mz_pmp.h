/*
 * PIC32MZ parallel master port
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the module's registers, 0x200 bytes
 *  + sysbus IRQs: 0 end of a cycle (PMPIF), 1 error (PMPEIF, never raised)
 *  + Clock input "pbclk": PBCLK2
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PMP_H
#define HW_MIPS_PIC32MZ_PMP_H

#include "qom/object.h"

#define TYPE_PIC32_PMP "pic32mz-pmp"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Pmp, PIC32_PMP)

#endif
