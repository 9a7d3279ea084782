/*
 * PIC32MZ clock and reset unit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CRU_H
#define HW_MIPS_PIC32MZ_CRU_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "m5150.h"
#include "pic32mz_cfg.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_CRU "pic32mz-cru"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Cru, PIC32_CRU)

#define PIC32_PBCLKS 8

typedef enum PIC32ResetCause {
    PIC32_RESET_POWER_ON,
    PIC32_RESET_MCLR,
    PIC32_RESET_SOFTWARE,
    PIC32_RESET_WATCHDOG,
    PIC32_RESET_DEADMAN,
} PIC32ResetCause;

/*
 * mmio 0: oscillators, resets and clock dividers, 0x200 bytes.
 * Clock outputs: "sysclk", "pbclk1" to "pbclk8", "frc", "lprc", "sosc".
 */
struct PIC32Cru {
    SysBusDevice parent_obj;

    PIC32SfrBlock osc;
    M5150CPU *cpu;
    PIC32Cfg *cfg;
    uint32_t posc_hz;
    uint32_t sosc_hz;
    uint32_t cause;             /* PIC32ResetCause of the last reset */
    uint32_t next_cause;        /* of the next one */
    uint32_t nmi_cause;         /* of the NMI that counts down to a reset */
    QEMUTimer *switch_timer;    /* clock switch under way */
    QEMUTimer *nmi_timer;       /* RNMICON.NMICNT runs down */
    Clock *sysclk;
    Clock *pbclk[PIC32_PBCLKS];
    Clock *frc;
    Clock *lprc;
    Clock *sosc;
    Clock *posc;
};

/* Resets the whole chip; RCON tells the cause afterwards. */
void pic32_cru_reset(PIC32Cru *cru, PIC32ResetCause cause);

/* The cause of the last reset; of the one about to begin; a cause's name. */
PIC32ResetCause pic32_cru_reset_cause(PIC32Cru *cru);
PIC32ResetCause pic32_cru_next_cause(PIC32Cru *cru);
const char *pic32_cru_reset_name(PIC32ResetCause cause);

/* A watchdog or the deadman timer ran out: NMI, then reset (RNMICON). */
void pic32_cru_nmi(PIC32Cru *cru, PIC32ResetCause cause);

#endif
