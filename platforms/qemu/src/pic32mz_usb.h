/*
 * PIC32MZ Hi-Speed USB, with nothing plugged in
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the core's registers (USBCSR0 ...), 0x1000 bytes
 *  + sysbus MMIO region 1: USBCRCON, 0x10 bytes
 *  + sysbus IRQs: 0 general (USBIF), 1 DMA (USBDMAIF); both stay low
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_USB_H
#define HW_MIPS_PIC32MZ_USB_H

#include "qom/object.h"

#define TYPE_PIC32_USB "pic32mz-usb"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Usb, PIC32_USB)

#endif
