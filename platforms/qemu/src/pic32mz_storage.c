/*
 * PIC32MZ registers without a model: storage that counts
 *
 * Lies under the modelled peripherals. A register of the chip that has no
 * model keeps what is written to it, CLR, SET and INV aliases included, and
 * the accesses are counted with the PC of the first one. An address without
 * a register reads as 0 and is counted as reserved.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "migration/vmstate.h"
#include "pic32mz_storage.h"

#include "pic32mz_registers.h"

#define N_REGISTERS ARRAY_SIZE(pic32_registers)

const PIC32RegisterName *pic32_storage_register(unsigned n)
{
    return n < N_REGISTERS ? &pic32_registers[n] : NULL;
}

const PIC32RegisterName *pic32_storage_register_at(PIC32Storage *s,
                                                   uint32_t offset)
{
    uint16_t index = s->register_of[offset >> 2];

    return index ? &pic32_registers[index - 1] : NULL;
}

/* The use of an address without a register; -1: it has not been used. */
static int storage_reserved(PIC32Storage *s, uint32_t offset)
{
    unsigned i;

    for (i = 0; i < s->n_reserved; i++) {
        if (s->reserved[i] == offset) {
            return N_REGISTERS + i;
        }
    }
    return -1;
}

const PIC32SfrUse *pic32_storage_use(PIC32Storage *s, uint32_t offset)
{
    uint16_t index = s->register_of[offset >> 2];
    int i = index ? index - 1 : storage_reserved(s, offset);

    return i < 0 ? NULL : &s->uses.use[i];
}

/* Past the last place, addresses without a register share it. */
static int storage_new_reserved(PIC32Storage *s, uint32_t offset)
{
    if (s->n_reserved == PIC32_STORAGE_RESERVED) {
        return N_REGISTERS + PIC32_STORAGE_RESERVED - 1;
    }
    s->reserved[s->n_reserved] = offset;
    return N_REGISTERS + s->n_reserved++;
}

/* The register that an access goes to, counted; -1: there is none. */
static int storage_find(PIC32Storage *s, hwaddr addr, bool is_write,
                        unsigned *alias)
{
    const PIC32RegisterName *reg = pic32_storage_register_at(s, addr);
    uint32_t offset = reg ? reg->offset : addr & ~3;
    int i = reg ? reg - pic32_registers : storage_reserved(s, offset);

    if (i < 0) {
        i = storage_new_reserved(s, offset);
    }
    if (pic32_sfr_count(&s->uses.use[i], is_write)) {
        qemu_log_mask(LOG_UNIMP, "%s: %s at 0x%08x is %s, first access by PC "
                      "0x%08x\n", TYPE_PIC32_STORAGE,
                      reg ? reg->name : "address",
                      (uint32_t)(PIC32_SFR_BASE + addr),
                      reg ? "storage only" : "no register",
                      s->uses.use[i].first_pc);
    }
    *alias = ((addr & ~3) - offset) >> 2;
    return reg ? i : -1;
}

static uint64_t storage_read(void *opaque, hwaddr addr, unsigned size)
{
    PIC32Storage *s = opaque;
    unsigned alias;
    int i = storage_find(s, addr, false, &alias);

    return i < 0 || alias ? 0 : s->value[i] >> ((addr & 3) * 8);
}

static void storage_write(void *opaque, hwaddr addr, uint64_t data,
                          unsigned size)
{
    PIC32Storage *s = opaque;
    unsigned alias;
    int i = storage_find(s, addr, true, &alias);

    if (i >= 0) {
        s->value[i] = pic32_sfr_merge(s->value[i], addr, alias, data, size);
    }
}

static const MemoryRegionOps storage_ops = {
    .read = storage_read,
    .write = storage_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void storage_reset(DeviceState *dev)
{
    PIC32Storage *s = PIC32_STORAGE(dev);
    unsigned i;

    /* the counts are about the whole run, the values about this power cycle */
    for (i = 0; i < N_REGISTERS; i++) {
        s->value[i] = pic32_registers[i].reset;
    }
}

static void storage_init(Object *obj)
{
    PIC32Storage *s = PIC32_STORAGE(obj);
    unsigned i, alias;

    s->register_of = g_new0(uint16_t, PIC32_SFR_SIZE / 4);
    s->n_values = N_REGISTERS;
    s->value = g_new0(uint32_t, N_REGISTERS);
    s->uses.n = N_REGISTERS + PIC32_STORAGE_RESERVED;
    s->uses.use = g_new0(PIC32SfrUse, s->uses.n);
    for (i = 0; i < N_REGISTERS; i++) {
        unsigned first = pic32_registers[i].offset >> 2;

        if (pic32_registers[i].offset >= PIC32_SFR_SIZE) {
            continue;                               /* a word of flash */
        }
        for (alias = 0; alias < (pic32_registers[i].aliases ? 4 : 1); alias++) {
            s->register_of[first + alias] = i + 1;
        }
    }
    memory_region_init_io(&s->iomem, obj, &storage_ops, s, TYPE_PIC32_STORAGE,
                          PIC32_SFR_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->iomem);
}

static const VMStateDescription vmstate_storage = {
    .name = TYPE_PIC32_STORAGE,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (VMStateField[]) {
        VMSTATE_VARRAY_UINT32(value, PIC32Storage, n_values, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_UINT32_ARRAY(reserved, PIC32Storage, PIC32_STORAGE_RESERVED),
        VMSTATE_UINT32(n_reserved, PIC32Storage),
        VMSTATE_PIC32_SFR_USES(uses, PIC32Storage),
        VMSTATE_END_OF_LIST()
    }
};

static void storage_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->reset = storage_reset;
    dc->vmsd = &vmstate_storage;
}

static const TypeInfo storage_types[] = {
    {
        .name = TYPE_PIC32_STORAGE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Storage),
        .instance_init = storage_init,
        .class_init = storage_class_init,
    },
};

DEFINE_TYPES(storage_types)
