/*
 * PIC32MZ prefetch module
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x100 bytes
 *  + sysbus IRQ 0: PREFETCH, level: PFMSEC while PFMSECEN
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PREFETCH_H
#define HW_MIPS_PIC32MZ_PREFETCH_H

#include "qom/object.h"

#define TYPE_PIC32_PREFETCH "pic32mz-prefetch"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Prefetch, PIC32_PREFETCH)

#endif
