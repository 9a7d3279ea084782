/*
 * The governor: keeps virtual time from leading wall time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_GOVERNOR_H
#define HW_MIPS_PIC32MZ_GOVERNOR_H

#include "hw/qdev-core.h"
#include "m5150.h"

#define TYPE_PIC32_GOVERNOR "pic32mz-governor"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Governor, PIC32_GOVERNOR)

/*
 * Link "cpu": the core to hold. No part of the chip: a peer on the host
 * lives in wall time, and the guest's time-outs must not run out before it
 * has had the time to answer.
 */
struct PIC32Governor {
    DeviceState parent_obj;

    M5150CPU *cpu;
    bool paced;
    QEMUTimer *tick;
    int64_t offset;             /* virtual time less wall time, allowed */
};

/*
 * From now on virtual time passes no faster than wall time, whether the
 * guest waits or polls. Off: as fast as this computer can.
 */
void pic32_governor_set_paced(PIC32Governor *governor, bool paced);

#endif
