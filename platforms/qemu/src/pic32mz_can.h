/*
 * PIC32MZ CAN module, and the wire that CAN modules share
 *
 * QEMU interface of the module, "pic32mz-can":
 *  + sysbus MMIO region 0: the module's registers, PIC32_CAN_SIZE bytes
 *  + sysbus IRQ 0: the module's interrupt, a level
 *  + Clock input "pbclk": PBCLK5
 *  + property "index": 1 or 2, names the pins (C1TX) and the log's lines
 *  + link "wire": the bus that the module's transceiver is on; must be set
 *  + link "pps": peripheral pin select; none: both pins are always routed
 *
 * QEMU interface of the wire, "pic32mz-can-wire":
 *  + link "canbus": a QEMU can-bus object, the world outside; may be unset
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CAN_H
#define HW_MIPS_PIC32MZ_CAN_H

#include "qom/object.h"

#define TYPE_PIC32_CAN "pic32mz-can"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Can, PIC32_CAN)

#define TYPE_PIC32_CAN_WIRE "pic32mz-can-wire"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32CanWire, PIC32_CAN_WIRE)

#define PIC32_CAN_SIZE 0x1000

#endif
