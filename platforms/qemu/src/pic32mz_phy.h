/*
 * Ethernet PHY on the MII management bus
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PHY_H
#define HW_MIPS_PIC32MZ_PHY_H

#include "qemu/timer.h"
#include "migration/vmstate.h"

#define PIC32_PHY_REGS 32

typedef struct PIC32PhyModel PIC32PhyModel;

typedef struct PIC32Phy {
    const PIC32PhyModel *model;
    uint8_t address;
    void (*changed)(void *opaque);  /* link, loopback or isolation changed */
    void *opaque;

    uint16_t regs[PIC32_PHY_REGS];
    uint16_t partner;               /* the base page of who is at the other end */
    bool cable;                     /* plugged in, with a partner at the other end */
    bool link;
    bool link_lost;                 /* and nobody has read it since */
    uint8_t state;                  /* what the timer ends */
    QEMUTimer *timer;
} PIC32Phy;

/*
 * A PHY of a named model ("lan8740a", ...), powered but not yet reset. changed
 * is called with opaque. False, and an error, for a model that is not known.
 */
bool pic32_phy_init(PIC32Phy *phy, const char *model, uint8_t address,
                    void (*changed)(void *opaque), void *opaque, Error **errp);
/* Hardware reset: straps are read and auto-negotiation starts. */
void pic32_phy_reset(PIC32Phy *phy);

/*
 * MII management: a read of another address than the PHY's own finds the bus
 * pulled up.
 */
uint16_t pic32_phy_read(PIC32Phy *phy, uint8_t address, uint8_t reg);
void pic32_phy_write(PIC32Phy *phy, uint8_t address, uint8_t reg,
                     uint16_t value);

/* Cable in or out; calls changed when the link goes. */
void pic32_phy_set_cable(PIC32Phy *phy, bool cable);

/* Mbit/s on the cable and the MII: 10 or 100. */
unsigned pic32_phy_speed(const PIC32Phy *phy);
/* Frames pass between the MII and the cable. */
bool pic32_phy_passes(const PIC32Phy *phy);
/* Frames from the MII come back on it, and stay off the cable. */
bool pic32_phy_loops(const PIC32Phy *phy);

extern const VMStateDescription vmstate_pic32_phy;

#endif
