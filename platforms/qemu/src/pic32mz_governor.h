/*
 * The governor: keeps virtual time from leading wall time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_GOVERNOR_H
#define HW_MIPS_PIC32MZ_GOVERNOR_H

#include "hw/qdev-core.h"
#include "m5150.h"
#include "pic32mz_eth.h"
#include "pic32mz_peers.h"

#define TYPE_PIC32_GOVERNOR "pic32mz-governor"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Governor, PIC32_GOVERNOR)

/*
 * Links "cpu": the core to hold; "eth": where peers are seen. With hosts on the
 * cable that answer in their own time, "answer-time" is how long that may take:
 * until then every frame, of whichever side, is like a peer. No part of the
 * chip: a peer on the host lives in wall time, and the guest's time-outs must
 * not run out before it has had the time to answer.
 */
struct PIC32Governor {
    DeviceState parent_obj;

    M5150CPU *cpu;
    PIC32Eth *eth;
    PIC32Peers peers;
    uint32_t answer_time_ms;    /* after a frame an answer may come, or more */
    int64_t answered;           /* until then */
    bool unplugged;
    bool paced;                 /* asked for: see below */
    bool awaited;
    bool pacing;                /* what comes of it */
    bool fresh;                 /* pacing begins at the next tick */
    QEMUTimer *tick;
    int64_t offset;             /* virtual time less wall time, allowed */
    int64_t last;               /* the last tick, virtual ns */
    int64_t paced_ns;           /* virtual time that was paced so far */
};

/*
 * From now on virtual time passes no faster than wall time, whether the
 * guest waits or polls. Off: as fast as this computer can.
 */
void pic32_governor_set_paced(PIC32Governor *governor, bool paced);

/*
 * Somebody waits for what the board does: until that is over, it is paced
 * only while a peer on the host is in a conversation with it.
 */
void pic32_governor_set_awaited(PIC32Governor *governor, bool awaited);

/* Peers that the board can hear: none while its cable is out. */
unsigned pic32_governor_peers(PIC32Governor *governor);

/* The chip was reset, and with it its connections. */
void pic32_governor_reset(PIC32Governor *governor);

#endif
