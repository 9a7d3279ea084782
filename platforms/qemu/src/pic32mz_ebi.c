/*
 * PIC32MZ external bus interface (EBI)
 *
 * Models DS60001320 (PIC32MZ EF data sheet) chapter 24 and DS60001245 (PIC32
 * Family Reference Manual, section 47): the chip selects, and RAM that a board
 * may have behind the first. What another chip select has is not known, so
 * writes go nowhere and reads find the bus high. Where no chip select is, an
 * access is a bus error.
 *
 * Left out: the timing of EBISMTx and EBIFTRPD, bus widths, the ready pins,
 * NOR flash, the pins of CFGEBIA and CFGEBIC and their levels.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_ebi.h"
#include "pic32mz_sfr.h"

REG32(EBICS0, 0x14)
    FIELD(EBICS, CSADDR, 16, 16)
REG32(EBICS1, 0x18)
REG32(EBICS2, 0x1c)
REG32(EBICS3, 0x20)
REG32(EBIMSK0, 0x54)
    FIELD(EBIMSK, MEMSIZE, 0, 5)
    FIELD(EBIMSK, MEMTYPE, 5, 3)
    FIELD(EBIMSK, REGSEL, 8, 3)
REG32(EBIMSK1, 0x58)
REG32(EBIMSK2, 0x5c)
REG32(EBIMSK3, 0x60)
REG32(EBISMT0, 0x94)
REG32(EBISMT1, 0x98)
REG32(EBISMT2, 0x9c)
REG32(EBIFTRPD, 0xa0)
REG32(EBISMCON, 0xa4)

#define MMIO_SIZE       0x100
#define N_SELECTS       4
#define MEMSIZE_MAX     10              /* 32 MiB; 1 is 64 KiB, 0 is off */

struct PIC32Ebi {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    uint64_t ram_size;
    MemoryRegion window;
    MemoryRegion bus;                   /* the whole window, below the RAM */
    MemoryRegion ram;
    MemoryRegion ram_in_window;
    bool told;                          /* that nothing is on the bus */
};

/* Bytes that a chip select covers; 0: it is not used. */
static uint64_t ebi_select_size(PIC32Ebi *s, unsigned i)
{
    uint32_t mask = pic32_sfr_get(&s->regs, A_EBIMSK0 + 4 * i);
    uint32_t size = FIELD_EX32(mask, EBIMSK, MEMSIZE);

    return size && size <= MEMSIZE_MAX ? (32 * KiB) << size : 0;
}

static hwaddr ebi_select_base(PIC32Ebi *s, unsigned i)
{
    return pic32_sfr_get(&s->regs, A_EBICS0 + 4 * i) & R_EBICS_CSADDR_MASK;
}

static bool ebi_selected(PIC32Ebi *s, hwaddr offset)
{
    hwaddr address = PIC32_EBI_WINDOW_BASE + offset;
    unsigned i;

    for (i = 0; i < N_SELECTS; i++) {
        if (address - ebi_select_base(s, i) < ebi_select_size(s, i)) {
            return true;
        }
    }
    return false;
}

static MemTxResult ebi_access(PIC32Ebi *s, hwaddr offset)
{
    if (!ebi_selected(s, offset)) {
        return MEMTX_DECODE_ERROR;
    }
    if (!s->told) {
        s->told = true;
        qemu_log_mask(LOG_UNIMP, "EBI: nothing is on the bus at 0x%08x: "
                      "writes are lost, reads find ones\n",
                      (uint32_t)(PIC32_EBI_WINDOW_BASE + offset));
    }
    return MEMTX_OK;
}

static MemTxResult ebi_bus_read(void *opaque, hwaddr offset, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    *data = UINT64_MAX;
    return ebi_access(opaque, offset);
}

static MemTxResult ebi_bus_write(void *opaque, hwaddr offset, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    return ebi_access(opaque, offset);
}

static const MemoryRegionOps ebi_bus_ops = {
    .read_with_attrs = ebi_bus_read,
    .write_with_attrs = ebi_bus_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* The RAM is where chip select 0 is, as far as that reaches. */
static void ebi_place_ram(PIC32Ebi *s)
{
    hwaddr base = ebi_select_base(s, 0) - PIC32_EBI_WINDOW_BASE;
    uint64_t size = MIN(ebi_select_size(s, 0), s->ram_size);

    if (!s->ram_size) {
        return;
    }
    memory_region_transaction_begin();
    memory_region_set_enabled(&s->ram_in_window,
                              size && base < PIC32_EBI_WINDOW_SIZE);
    if (size && base < PIC32_EBI_WINDOW_SIZE) {
        memory_region_set_size(&s->ram_in_window,
                               MIN(size, PIC32_EBI_WINDOW_SIZE - base));
        memory_region_set_address(&s->ram_in_window, base);
    }
    memory_region_transaction_commit();
}

static void ebi_write(void *opaque, hwaddr offset, uint32_t old, uint32_t value)
{
    if (offset == A_EBICS0 || offset == A_EBIMSK0) {
        ebi_place_ram(opaque);
    }
}

#define EBI_SELECT(n, address)                                              \
    { "EBICS" #n, A_EBICS##n, (address), R_EBICS_CSADDR_MASK, true }
#define EBI_MASK(n, value) { "EBIMSK" #n, A_EBIMSK##n, (value), 0x7ff, true }
#define EBI_TIMING(n) { "EBISMT" #n, A_EBISMT##n, 0x041c2d4b, 0x07ffffff, true }

static const PIC32SfrDef ebi_defs[] = {
    EBI_SELECT(0, 0x20000000), EBI_SELECT(1, 0x10000000),
    EBI_SELECT(2, 0x20400000), EBI_SELECT(3, 0x10400000),
    EBI_MASK(0, 0x020), EBI_MASK(1, 0x020),
    EBI_MASK(2, 0x120), EBI_MASK(3, 0x120),
    EBI_TIMING(0), EBI_TIMING(1), EBI_TIMING(2),
    { "EBIFTRPD", A_EBIFTRPD, 0x00c8, 0x0fff, true },
    { "EBISMCON", A_EBISMCON, 0x0201, 0xff81, true },
};

static const PIC32SfrOps ebi_ops = {
    .write = ebi_write,
};

static void ebi_reset_enter(Object *obj, ResetType type)
{
    PIC32Ebi *s = PIC32_EBI(obj);

    pic32_sfr_reset(&s->regs);
    s->told = false;
    ebi_place_ram(s);
}

static void ebi_realize(DeviceState *dev, Error **errp)
{
    PIC32Ebi *s = PIC32_EBI(dev);

    if (s->ram_size > PIC32_EBI_WINDOW_SIZE) {
        error_setg(errp, "RAM behind EBI: %" PRIu64 " bytes, expected at most "
                   "%u", s->ram_size, PIC32_EBI_WINDOW_SIZE);
        return;
    }
    if (s->ram_size) {
        Error *err = NULL;

        memory_region_init_ram(&s->ram, OBJECT(s), "pic32mz-ebi.ram",
                               s->ram_size, &err);
        if (err) {
            error_propagate(errp, err);
            return;
        }
        memory_region_init_alias(&s->ram_in_window, OBJECT(s), "ebi-ram",
                                 &s->ram, 0, s->ram_size);
        memory_region_add_subregion_overlap(&s->window, 0, &s->ram_in_window,
                                            1);
    }
}

static void ebi_init(Object *obj)
{
    PIC32Ebi *s = PIC32_EBI(obj);

    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_EBI, MMIO_SIZE, ebi_defs,
                   ARRAY_SIZE(ebi_defs), &ebi_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    memory_region_init(&s->window, obj, "ebi-window", PIC32_EBI_WINDOW_SIZE);
    memory_region_init_io(&s->bus, obj, &ebi_bus_ops, s, "ebi-bus",
                          PIC32_EBI_WINDOW_SIZE);
    memory_region_add_subregion(&s->window, 0, &s->bus);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->window);
}

static int ebi_post_load(void *opaque, int version_id)
{
    ebi_place_ram(opaque);
    return 0;
}

static const VMStateDescription vmstate_ebi = {
    .name = TYPE_PIC32_EBI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ebi_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Ebi),
        VMSTATE_BOOL(told, PIC32Ebi),
        VMSTATE_END_OF_LIST()
    }
};

static Property ebi_properties[] = {
    DEFINE_PROP_SIZE("ram-size", PIC32Ebi, ram_size, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void ebi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_ebi;
    dc->desc = "PIC32MZ external bus interface";
    dc->realize = ebi_realize;
    device_class_set_props(dc, ebi_properties);
    rc->phases.enter = ebi_reset_enter;
}

static const TypeInfo ebi_types[] = {
    {
        .name = TYPE_PIC32_EBI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Ebi),
        .instance_init = ebi_init,
        .class_init = ebi_class_init,
    },
};

DEFINE_TYPES(ebi_types)
