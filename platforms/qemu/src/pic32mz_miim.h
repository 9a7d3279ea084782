/*
 * PIC32MZ MII management: the serial bus between the Ethernet MAC and its PHY
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_MIIM_H
#define HW_MIPS_PIC32MZ_MIIM_H

#include "hw/clock.h"
#include "qemu/timer.h"
#include "pic32mz_phy.h"
#include "pic32mz_sfr.h"

typedef struct PIC32Miim {
    PIC32SfrBlock *regs;        /* the Ethernet controller's */
    PIC32Phy *phy;
    Clock *pbclk;
    uint8_t op;                 /* what the timer ends */
    uint8_t phyaddr;            /* latched when it began */
    uint8_t regaddr;
    QEMUTimer *timer;
} PIC32Miim;

void pic32_miim_init(PIC32Miim *miim, PIC32SfrBlock *regs, PIC32Phy *phy,
                     Clock *pbclk);
void pic32_miim_reset(PIC32Miim *miim);
/* The guest wrote one of MCFG, MCMD, MADR and MWTD. */
void pic32_miim_write(PIC32Miim *miim, hwaddr offset, uint32_t value);

extern const VMStateDescription vmstate_pic32_miim;

#endif
