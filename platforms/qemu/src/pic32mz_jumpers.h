/*
 * Jumpers on the board: wires from one pin of the chip to another
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_JUMPERS_H
#define HW_MIPS_PIC32MZ_JUMPERS_H

#include "hw/qdev-core.h"
#include "pic32mz_ports.h"

#define TYPE_PIC32_JUMPERS "pic32mz-jumpers"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Jumpers, PIC32_JUMPERS)

/* The pin at the other end of a pin's jumper, or PIC32_PIN_NONE. */
PIC32Pin pic32_jumpers_partner(PIC32Jumpers *s, PIC32Pin pin);

#endif
