/*
 * PIC32MZ external bus interface (EBI)
 *
 * QEMU interface:
 *  + property "ram-size": bytes of RAM behind chip select 0; 0: none
 *  + sysbus MMIO region 0: the registers, 0x100 bytes
 *  + sysbus MMIO region 1: the window to the bus, 64 MiB
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_EBI_H
#define HW_MIPS_PIC32MZ_EBI_H

#include "qom/object.h"

#define TYPE_PIC32_EBI "pic32mz-ebi"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Ebi, PIC32_EBI)

#define PIC32_EBI_WINDOW_BASE   0x20000000
#define PIC32_EBI_WINDOW_SIZE   0x04000000

#endif
