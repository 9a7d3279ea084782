/*
 * PIC32MZ DMA controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_DMA_H
#define HW_MIPS_PIC32MZ_DMA_H

#include "qom/object.h"

#define TYPE_PIC32_DMA "pic32mz-dma"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Dma, PIC32_DMA)

/*
 * Sysbus interrupts: one a channel. Its start and abort events are those of
 * the interrupt controller in the link "evic"; transactions are timed by the
 * clock input "sysclk".
 */
#define PIC32_DMA_CHANNELS  8

#endif
