/*
 * A steady rectangular waveform, as PWM and clock outputs put it on a pin
 *
 * Its times are exact to 2^-32 ns, the unit of QEMU's clocks, so that no
 * rounding adds up, however long it runs. An edge shows at the first whole
 * nanosecond that is not before it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_WAVEFORM_H
#define HW_MIPS_PIC32MZ_WAVEFORM_H

#include "migration/vmstate.h"

typedef struct PIC32Waveform {
    int64_t start_ns;       /* virtual time of a rising edge ... */
    uint32_t start_frac;    /* ... and so many 2^-32 ns later */
    uint64_t period;        /* 2^-32 ns */
    uint64_t high;          /* 2^-32 ns of each period, from its start on */
} PIC32Waveform;

/* Its level at a virtual time: 0 or 1; 0 before it starts. */
int pic32_waveform_level(const PIC32Waveform *w, int64_t ns);

/* The virtual time of its first edge after ns; INT64_MAX: it has none. */
int64_t pic32_waveform_next_edge(const PIC32Waveform *w, int64_t ns);

/* Whether period and duty are the same. */
bool pic32_waveform_alike(const PIC32Waveform *w, const PIC32Waveform *other);

extern const VMStateDescription vmstate_pic32_waveform;

#endif
