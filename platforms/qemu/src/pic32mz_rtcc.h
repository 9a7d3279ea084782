/*
 * PIC32MZ real-time clock and calendar
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_RTCC_H
#define HW_MIPS_PIC32MZ_RTCC_H

#include "qom/object.h"

/*
 * mmio 0: RTCCON to ALRMDATE, 0x200 bytes. irq 0: alarm.
 * Clock inputs: "sosc", "lprc". Links: "cru", "ports".
 */
#define TYPE_PIC32_RTCC "pic32mz-rtcc"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Rtcc, PIC32_RTCC)

#endif
