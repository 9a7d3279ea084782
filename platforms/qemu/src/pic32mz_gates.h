/*
 * PIC32MZ clock gates of the peripherals
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_GATES_H
#define HW_MIPS_PIC32MZ_GATES_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_PIC32_GATES "pic32mz-gates"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Gates, PIC32_GATES)

/*
 * Connects a clock input of a peripheral to source, with a gate between them.
 * Before the peripheral is realized and mapped; this device is realized last.
 */
void pic32_gates_connect(PIC32Gates *s, DeviceState *dev, const char *input,
                         Clock *source);

#endif
