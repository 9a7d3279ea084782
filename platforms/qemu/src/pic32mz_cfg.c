/*
 * PIC32MZ system configuration: configuration words, key, locks, device ID
 *
 * CFGCON, DEVID, SYSKEY and PMDx as in the data sheet, DS60001320, chapters
 * 33 and 34. What PMDx disables is in pic32mz_gates.c.
 *
 * Left out: CFGEBIx and CFGPG are registers without an effect.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "pic32mz_cfg.h"

REG32(CFGCON, 0x000)
    FIELD(CFGCON, JTAGEN, 3, 1)
    FIELD(CFGCON, ECCCON, 4, 2)
    FIELD(CFGCON, PGLOCK, 11, 1)
    FIELD(CFGCON, PMDLOCK, 12, 1)
    FIELD(CFGCON, IOLOCK, 13, 1)
    FIELD(CFGCON, OCACLK, 16, 1)
    FIELD(CFGCON, ICACLK, 17, 1)
    FIELD(CFGCON, CPUPRI, 24, 1)
    FIELD(CFGCON, DMAPRI, 25, 1)
REG32(DEVID, 0x020)
REG32(SYSKEY, 0x030)
REG32(PMD1, 0x040)
REG32(PMD2, 0x050)
REG32(PMD3, 0x060)
REG32(PMD4, 0x070)
REG32(PMD5, 0x080)
REG32(PMD6, 0x090)
REG32(PMD7, 0x0a0)
REG32(CFGEBIA, 0x0c0)
REG32(CFGEBIC, 0x0d0)
REG32(CFGPG, 0x0e0)

/* Fields of the configuration words */
FIELD(DEVCFG0, JTAGEN, 2, 1)
FIELD(DEVCFG0, FECCCON, 8, 2)
FIELD(DEVCFG3, PGL1WAY, 27, 1)
FIELD(DEVCFG3, PMDL1WAY, 28, 1)
FIELD(DEVCFG3, IOL1WAY, 29, 1)

/* CFGCON bits that only the unlock sequence opens; JTAGEN and such are free */
#define CFGCON_LOCKED   (R_CFGCON_PGLOCK_MASK | R_CFGCON_PMDLOCK_MASK | \
                         R_CFGCON_IOLOCK_MASK | R_CFGCON_OCACLK_MASK | \
                         R_CFGCON_ICACLK_MASK | R_CFGCON_CPUPRI_MASK | \
                         R_CFGCON_DMAPRI_MASK)

#define CFG_SIZE        0x100

#define SYSKEY1         0xaa996655
#define SYSKEY2         0x556699aa

static const PIC32SfrDef cfg_defs[] = {
    { "CFGCON", A_CFGCON, 0x00000009, 0x030339bd, true },
    { "DEVID", A_DEVID, 0, 0, true },
    { "SYSKEY", A_SYSKEY, 0, UINT32_MAX, true },
    { "PMD1", A_PMD1, 0, 0x00001001, false },
    { "PMD2", A_PMD2, 0, 0x00000003, false },
    { "PMD3", A_PMD3, 0, 0x01ff01ff, false },
    { "PMD4", A_PMD4, 0, 0x000001ff, false },
    { "PMD5", A_PMD5, 0, 0x311f3f3f, false },
    { "PMD6", A_PMD6, 0, 0x10830f01, false },
    { "PMD7", A_PMD7, 0, 0x00100010, false },
    { "CFGEBIA", A_CFGEBIA, 0, 0x80ffffff, false },
    { "CFGEBIC", A_CFGEBIC, 0, 0xee0333f3, false },
    { "CFGPG", A_CFGPG, 0, 0xc0f3f333, false },
};

bool pic32_cfg_unlocked(PIC32Cfg *s)
{
    return s->key_state == 2;
}

bool pic32_cfg_iolock(PIC32Cfg *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->sfr, A_CFGCON), CFGCON, IOLOCK);
}

bool pic32_cfg_ocaclk(PIC32Cfg *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->sfr, A_CFGCON), CFGCON, OCACLK);
}

bool pic32_cfg_icaclk(PIC32Cfg *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->sfr, A_CFGCON), CFGCON, ICACLK);
}

void pic32_cfg_add_notifier(PIC32Cfg *s, Notifier *notifier)
{
    notifier_list_add(&s->notifiers, notifier);
}

uint32_t pic32_cfg_pmd(PIC32Cfg *s, unsigned n)
{
    return pic32_sfr_get(&s->sfr, A_PMD1 + (n - 1) * (A_PMD2 - A_PMD1));
}

void pic32_cfg_watch_pmd(PIC32Cfg *s, Notifier *watch)
{
    notifier_list_add(&s->pmd_watches, watch);
}

uint32_t pic32_cfg_devcfg(PIC32Cfg *s, unsigned n)
{
    return s->devcfg[n];
}

void pic32_cfg_latch_devcfg(PIC32Cfg *s, const uint32_t devcfg[4])
{
    memcpy(s->devcfg, devcfg, sizeof(s->devcfg));
}

static void cfg_write_syskey(PIC32Cfg *s, uint32_t value)
{
    if (value == SYSKEY1) {
        s->key_state = 1;
    } else {
        s->key_state = value == SYSKEY2 && s->key_state == 1 ? 2 : 0;
    }
}

static uint32_t cfg_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Cfg *s = opaque;

    if (offset == A_SYSKEY) {
        return pic32_cfg_unlocked(s);
    }
    return pic32_sfr_get(&s->sfr, offset);
}

/* CFGCON locks that stay set until a reset: DEVCFG3.PGL1WAY and its like. */
static uint32_t cfg_one_way(PIC32Cfg *s)
{
    uint32_t mask = 0;

    if (FIELD_EX32(s->devcfg[3], DEVCFG3, PGL1WAY)) {
        mask |= R_CFGCON_PGLOCK_MASK;
    }
    if (FIELD_EX32(s->devcfg[3], DEVCFG3, PMDL1WAY)) {
        mask |= R_CFGCON_PMDLOCK_MASK;
    }
    if (FIELD_EX32(s->devcfg[3], DEVCFG3, IOL1WAY)) {
        mask |= R_CFGCON_IOLOCK_MASK;
    }
    return mask;
}

static void cfg_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Cfg *s = opaque;
    uint32_t cfgcon = pic32_sfr_get(&s->sfr, A_CFGCON);

    if (offset == A_SYSKEY) {
        cfg_write_syskey(s, value);
    } else if (offset == A_CFGCON && !pic32_cfg_unlocked(s) &&
               ((old ^ value) & CFGCON_LOCKED)) {
        pic32_sfr_refuse(&s->sfr, offset,
                   (old & CFGCON_LOCKED) | (value & ~CFGCON_LOCKED),
                   "SYSKEY is locked");
    } else if (offset == A_CFGCON && (old & ~value & cfg_one_way(s))) {
        pic32_sfr_refuse(&s->sfr, offset, value | (old & cfg_one_way(s)),
                   "DEVCFG3 lets this lock be set once only");
    } else if (offset >= A_PMD1 && offset <= A_PMD7) {
        if (FIELD_EX32(cfgcon, CFGCON, PMDLOCK)) {
            pic32_sfr_refuse(&s->sfr, offset, old, "CFGCON.PMDLOCK is set");
        } else if (value != old) {
            notifier_list_notify(&s->pmd_watches, s);
        }
    } else if (offset == A_CFGPG && FIELD_EX32(cfgcon, CFGCON, PGLOCK)) {
        pic32_sfr_refuse(&s->sfr, offset, old, "CFGCON.PGLOCK is set");
    }
    if (offset == A_CFGCON) {
        notifier_list_notify(&s->notifiers, NULL);
    }
}

static const PIC32SfrOps cfg_ops = {
    .read = cfg_read,
    .write = cfg_write,
};

static void cfg_reset(DeviceState *dev)
{
    PIC32Cfg *s = PIC32_CFG(dev);
    uint32_t value;

    s->key_state = 0;
    pic32_sfr_reset(&s->sfr);
    pic32_sfr_set(&s->sfr, A_DEVID, s->devid);
    value = pic32_sfr_get(&s->sfr, A_CFGCON);
    value = FIELD_DP32(value, CFGCON, JTAGEN,
                       FIELD_EX32(s->devcfg[0], DEVCFG0, JTAGEN));
    value = FIELD_DP32(value, CFGCON, ECCCON,
                       FIELD_EX32(s->devcfg[0], DEVCFG0, FECCCON));
    pic32_sfr_set(&s->sfr, A_CFGCON, value);
    notifier_list_notify(&s->pmd_watches, s);
}

static void cfg_init(Object *obj)
{
    PIC32Cfg *s = PIC32_CFG(obj);

    notifier_list_init(&s->notifiers);
    pic32_sfr_init(&s->sfr, obj, TYPE_PIC32_CFG, CFG_SIZE, cfg_defs,
                   ARRAY_SIZE(cfg_defs), &cfg_ops, s);
    pic32_sfr_mark_inert(&s->sfr, A_CFGPG);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->sfr.iomem);
    notifier_list_init(&s->pmd_watches);
}

static const VMStateDescription vmstate_cfg = {
    .name = TYPE_PIC32_CFG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(sfr, PIC32Cfg),
        VMSTATE_UINT32_ARRAY(devcfg, PIC32Cfg, 4),
        VMSTATE_UINT8(key_state, PIC32Cfg),
        VMSTATE_END_OF_LIST()
    }
};

static Property cfg_properties[] = {
    DEFINE_PROP_UINT32("devid", PIC32Cfg, devid, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void cfg_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->reset = cfg_reset;
    dc->vmsd = &vmstate_cfg;
    device_class_set_props(dc, cfg_properties);
}

static const TypeInfo cfg_types[] = {
    {
        .name = TYPE_PIC32_CFG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Cfg),
        .instance_init = cfg_init,
        .class_init = cfg_class_init,
    },
};

DEFINE_TYPES(cfg_types)
