/*
 * PIC32MZ system configuration: configuration words, key, locks, device ID
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CFG_H
#define HW_MIPS_PIC32MZ_CFG_H

#include "hw/sysbus.h"
#include "qemu/notify.h"
#include "qom/object.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_CFG "pic32mz-cfg"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Cfg, PIC32_CFG)

/*
 * mmio 0: CFGCON, DEVID, SYSKEY, PMDx, CFGEBIx, CFGPG, 0x100 bytes.
 * Property "devid".
 */
struct PIC32Cfg {
    SysBusDevice parent_obj;

    PIC32SfrBlock sfr;
    uint32_t devid;
    uint32_t devcfg[4];         /* as latched by the last reset */
    NotifierList pmd_watches;
    uint8_t key_state;          /* words of the unlock sequence seen */
    NotifierList notifiers;
};

/* True between the SYSKEY unlock sequence and the next other SYSKEY write. */
bool pic32_cfg_unlocked(PIC32Cfg *cfg);

/* CFGCON.IOLOCK: set means that peripheral pin select must not be written. */
bool pic32_cfg_iolock(PIC32Cfg *cfg);

/* CFGCON.OCACLK and ICACLK: the alternate time bases are selected. */
bool pic32_cfg_ocaclk(PIC32Cfg *cfg);
bool pic32_cfg_icaclk(PIC32Cfg *cfg);

/* Told after every write of CFGCON; the data it gets is NULL. */
void pic32_cfg_add_notifier(PIC32Cfg *cfg, Notifier *notifier);

/* PMD1 to PMD7; the watch is told after every write and reset of them. */
uint32_t pic32_cfg_pmd(PIC32Cfg *cfg, unsigned n);
void pic32_cfg_watch_pmd(PIC32Cfg *cfg, Notifier *watch);

/* DEVCFG0 to DEVCFG3 as latched by the last reset. */
uint32_t pic32_cfg_devcfg(PIC32Cfg *cfg, unsigned n);

/* Latches the configuration words; the machine calls it before a reset. */
void pic32_cfg_latch_devcfg(PIC32Cfg *cfg, const uint32_t devcfg[4]);

#endif
