/*
 * PIC32MZ analog comparators and comparator voltage reference
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_COMPARATOR_H
#define HW_MIPS_PIC32MZ_COMPARATOR_H

#include "hw/sysbus.h"

#define TYPE_PIC32_COMPARATOR "pic32mz-comparator"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Comparator, PIC32_COMPARATOR)

#define PIC32_COMPARATORS   2

/*
 * mmio 0: CM1CON, CM2CON, CMSTAT; mmio 1: CVRCON. irq 0 and 1: an output has
 * changed as its EVPOL says. GPIO outputs "cout": the outputs themselves.
 * Properties: package, the number of pins; ports; pps.
 */

#endif
