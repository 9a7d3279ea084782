/*
 * PIC32MZ clock and reset unit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CRU_H
#define HW_MIPS_PIC32MZ_CRU_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "m5150.h"
#include "pic32mz_cfg.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_CRU "pic32mz-cru"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Cru, PIC32_CRU)

#define PIC32_PBCLKS    8
#define PIC32_REFCLKS   4

typedef enum PIC32ResetCause {
    PIC32_RESET_POWER_ON,
    PIC32_RESET_BROWN_OUT,
    PIC32_RESET_MCLR,
    PIC32_RESET_SOFTWARE,
    PIC32_RESET_WATCHDOG,
    PIC32_RESET_DEADMAN,
} PIC32ResetCause;

typedef enum PIC32PowerMode {
    PIC32_POWER_RUN,
    PIC32_POWER_IDLE,           /* the core waits, all else goes on */
    PIC32_POWER_SLEEP,          /* SYSCLK and PBCLKs stand still */
} PIC32PowerMode;

typedef enum PIC32Crystal {
    PIC32_CRYSTAL_POSC,
    PIC32_CRYSTAL_SOSC,
    PIC32_CRYSTALS
} PIC32Crystal;

/*
 * mmio 0: oscillators, resets and clock dividers, 0x200 bytes.
 * Clock outputs: "sysclk", "pbclk1" to "pbclk8", "refclk1" to "refclk4",
 * "frc", "lprc", "sosc", "posc", "spll". Properties to read: "refclk1-period"
 * to "refclk4-period", in units of 2^-32 ns; 0: it stands.
 */
struct PIC32Cru {
    SysBusDevice parent_obj;

    PIC32SfrBlock osc;
    M5150CPU *cpu;
    PIC32Cfg *cfg;
    PIC32Pps *pps;
    uint32_t posc_hz;
    uint32_t sosc_hz;
    uint32_t cause;             /* PIC32ResetCause of the last reset */
    uint32_t next_cause;        /* of the next one */
    uint32_t nmi_cause;         /* of the NMI that counts down to a reset */
    uint8_t mode;               /* PIC32PowerMode */
    bool stalled;               /* SYSCLK's oscillator has failed unwatched */
    bool on_frc;                /* two-speed start-up: until COSC runs */
    bool mclr_low;
    bool crystal_stopped[PIC32_CRYSTALS];
    uint32_t core_hz;
    uint32_t refo_divider[PIC32_REFCLKS];   /* in use; 1/512ths */
    uint64_t refo_shown[PIC32_REFCLKS];     /* period on the pin; 0: none */
    QEMUTimer *switch_timer;    /* clock switch under way */
    QEMUTimer *nmi_timer;       /* RNMICON.NMICNT runs down */
    QEMUTimer *wake_timer;      /* the oscillator starts after sleep */
    NotifierList mode_watches;
    Notifier pmd_watch;
    Clock *sysclk;
    Clock *pbclk[PIC32_PBCLKS];
    Clock *refclk[PIC32_REFCLKS];
    Clock *frc;
    Clock *lprc;
    Clock *sosc;
    Clock *posc;
    Clock *spll;
};

/* REFCLKO1, REFCLKO3 and REFCLKO4 are where pin select puts them. */
void pic32_cru_connect_pins(PIC32Cru *cru, PIC32Pps *pps);

/* Resets the whole chip; RCON tells the cause afterwards. */
void pic32_cru_reset(PIC32Cru *cru, PIC32ResetCause cause);

/* The cause of the last reset; of the one about to begin; a cause's name. */
PIC32ResetCause pic32_cru_reset_cause(PIC32Cru *cru);
PIC32ResetCause pic32_cru_next_cause(PIC32Cru *cru);
const char *pic32_cru_reset_name(PIC32ResetCause cause);

/* The reset pin, a short push of it, and whether it holds the chip in reset. */
void pic32_cru_set_mclr(PIC32Cru *cru, bool level);
void pic32_cru_push_mclr(PIC32Cru *cru);
bool pic32_cru_in_reset(PIC32Cru *cru);

/* A watchdog or the deadman timer ran out: NMI, then reset (RNMICON). */
void pic32_cru_nmi(PIC32Cru *cru, PIC32ResetCause cause);

/* A general NMI, as INTCON.NMIKEY asks for it; it resets nothing. */
void pic32_cru_general_nmi(PIC32Cru *cru);

/* A crystal of the board stops, or oscillates again. */
void pic32_cru_set_crystal(PIC32Cru *cru, PIC32Crystal crystal, bool runs);

/* Run, idle or sleep; the watch is told after every change of it. */
PIC32PowerMode pic32_cru_mode(PIC32Cru *cru);
void pic32_cru_watch_mode(PIC32Cru *cru, Notifier *watch);

#endif
