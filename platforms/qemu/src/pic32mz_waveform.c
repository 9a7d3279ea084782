/*
 * A steady rectangular waveform, as PWM and clock outputs put it on a pin
 *
 * This is no part of the chip: what a waveform is worth to the ports, which
 * then need not simulate every edge of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_waveform.h"

/* Units from the waveform's start to ns. */
static __int128 waveform_since(const PIC32Waveform *w, int64_t ns)
{
    return ((__int128)ns - w->start_ns) * (1LL << 32) - w->start_frac;
}

int pic32_waveform_level(const PIC32Waveform *w, int64_t ns)
{
    __int128 since = waveform_since(w, ns);

    if (since < 0 || !w->period) {
        return 0;
    }
    return (uint64_t)(since % w->period) < w->high;
}

int64_t pic32_waveform_next_edge(const PIC32Waveform *w, int64_t ns)
{
    __int128 since = waveform_since(w, ns), edge, wait;
    uint64_t position;

    if (!w->high || w->high >= w->period) {
        return since < 0 && w->high ? w->start_ns + !!w->start_frac : INT64_MAX;
    }
    if (since < 0) {
        edge = 0;
    } else {
        position = since % w->period;
        edge = since - position + (position < w->high ? w->high : w->period);
    }
    wait = (edge + w->start_frac + UINT32_MAX) >> 32;
    return wait > INT64_MAX - w->start_ns ? INT64_MAX
                                          : w->start_ns + (int64_t)wait;
}

bool pic32_waveform_alike(const PIC32Waveform *w, const PIC32Waveform *other)
{
    return w->period == other->period && w->high == other->high;
}

const VMStateDescription vmstate_pic32_waveform = {
    .name = "pic32mz-waveform",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_INT64(start_ns, PIC32Waveform),
        VMSTATE_UINT32(start_frac, PIC32Waveform),
        VMSTATE_UINT64(period, PIC32Waveform),
        VMSTATE_UINT64(high, PIC32Waveform),
        VMSTATE_END_OF_LIST()
    }
};
