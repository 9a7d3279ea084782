/*
 * PIC32MZ clocks: from ticks to the virtual time of a timer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_TICKS_H
#define HW_MIPS_PIC32MZ_TICKS_H

#include "hw/clock.h"

#define PIC32_TICKS_NEVER   (INT64_MAX / 2)     /* ns; not in this machine's life */

/*
 * The first whole ns by which a clock has made so many ticks: a timer set for
 * it finds them all done (clock_ticks_to_ns() rounds down). Above
 * PIC32_TICKS_NEVER it is only known to be that far away.
 */
static inline uint64_t pic32_ticks_to_ns(const Clock *clock, uint64_t ticks)
{
    uint64_t ns = clock_ticks_to_ns(clock, ticks);

    while (ns <= PIC32_TICKS_NEVER && clock_ns_to_ticks(clock, ns) < ticks) {
        ns++;
    }
    return ns;
}

#endif
