/*
 * PIC32MZ UART
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the UART's registers, 0x200 bytes
 *  + sysbus IRQs, levels that hold while the condition holds:
 *    0 error (UxEIF), 1 receiver (UxRXIF), 2 transmitter (UxTXIF)
 *  + Clock input "pbclk": the peripheral bus clock (PBCLK2)
 *  + property "index": 1 to 6, names the pins (U2TX) and the log's lines
 *  + property "chardev": the other end of the line
 *  + link "pps": peripheral pin select; none: both pins are always routed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_UART_H
#define HW_MIPS_PIC32MZ_UART_H

#include "qom/object.h"

#define TYPE_PIC32_UART "pic32mz-uart"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Uart, PIC32_UART)

#endif
