/*
 * PIC32MZ 12-bit high-speed SAR ADC
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_ADC_H
#define HW_MIPS_PIC32MZ_ADC_H

#include "hw/sysbus.h"

#define TYPE_PIC32_ADC "pic32mz-adc"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Adc, PIC32_ADC)

#define PIC32_ADC_INPUTS    45      /* AN0 to AN44 */
#define PIC32_ADC_UNITS     6       /* ADC0 to ADC4, and the shared ADC7 */

/*
 * Interrupt outputs: PIC32_ADC_IRQ_DATA0 + n is that of input ANn. Those of
 * the converters follow each other as in the vectors: ADC0 to ADC4, ADC7.
 */
enum {
    PIC32_ADC_IRQ_GLOBAL,
    PIC32_ADC_IRQ_FIFO,
    PIC32_ADC_IRQ_COMPARATOR1,
    PIC32_ADC_IRQ_FILTER1 = PIC32_ADC_IRQ_COMPARATOR1 + 6,
    PIC32_ADC_IRQ_FAULT = PIC32_ADC_IRQ_FILTER1 + 6,
    PIC32_ADC_IRQ_EOS,
    PIC32_ADC_IRQ_ARDY,
    PIC32_ADC_IRQ_URDY,
    PIC32_ADC_IRQ_EARLY,
    PIC32_ADC_IRQ_EARLY0,
    PIC32_ADC_IRQ_WARM0 = PIC32_ADC_IRQ_EARLY0 + PIC32_ADC_UNITS,
    PIC32_ADC_IRQ_DATA0 = PIC32_ADC_IRQ_WARM0 + PIC32_ADC_UNITS,
    PIC32_ADC_IRQS = PIC32_ADC_IRQ_DATA0 + PIC32_ADC_INPUTS,
};

/*
 * Properties: package, the number of pins; ports: where the voltages come
 * from; evic: whose events trigger. Clocks: pbclk, sysclk, frc, refclk.
 * GPIO inputs "cout": the outputs of the two analog comparators.
 */

#endif
