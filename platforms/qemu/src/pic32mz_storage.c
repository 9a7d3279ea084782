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
#include "hw/core/cpu.h"
#include "migration/vmstate.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qlist.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "pic32mz_sfr.h"
#include "pic32mz_storage.h"

typedef struct PIC32RegisterName {
    const char *name;
    uint32_t offset;            /* from PIC32_SFR_BASE */
    bool aliases;               /* has CLR, SET and INV */
} PIC32RegisterName;

#include "pic32mz_registers.h"

#define N_REGISTERS ARRAY_SIZE(pic32_registers)

static uint32_t storage_guest_pc(void)
{
    uint64_t data[TARGET_INSN_START_WORDS];

    if (!current_cpu) {
        return 0;
    }
    if (current_cpu->mem_io_pc &&
        cpu_unwind_state_data(current_cpu, current_cpu->mem_io_pc, data)) {
        return data[0];
    }
    return CPU_GET_CLASS(current_cpu)->get_pc(current_cpu);
}

/* The word of an address without a register; past the last they share one. */
static PIC32StorageWord *storage_reserved_word(PIC32Storage *s, uint32_t offset)
{
    unsigned i;

    for (i = 0; i < s->n_reserved; i++) {
        if (s->reserved[i].offset == offset) {
            return &s->reserved[i];
        }
    }
    if (s->n_reserved == PIC32_STORAGE_RESERVED) {
        return &s->reserved[PIC32_STORAGE_RESERVED - 1];
    }
    s->reserved[s->n_reserved].offset = offset;
    return &s->reserved[s->n_reserved++];
}

/* The word that counts an access: the register's own, also for an alias. */
static PIC32StorageWord *storage_word(PIC32Storage *s, hwaddr addr,
                                      const PIC32RegisterName **reg,
                                      unsigned *alias)
{
    uint16_t index = s->register_of[addr >> 2];
    PIC32StorageWord *word;

    if (index) {
        *reg = &pic32_registers[index - 1];
        *alias = ((addr & ~3) - (*reg)->offset) >> 2;
        word = &s->word[index - 1];
    } else {
        *reg = NULL;
        *alias = 0;
        word = storage_reserved_word(s, addr & ~3);
    }
    if (!word->reads && !word->writes) {
        word->first_pc = storage_guest_pc();
        qemu_log_mask(LOG_UNIMP, "%s: %s at 0x%08x is %s, first access by PC "
                      "0x%08x\n", TYPE_PIC32_STORAGE,
                      *reg ? (*reg)->name : "address",
                      (uint32_t)(PIC32_SFR_BASE + addr),
                      *reg ? "storage only" : "no register", word->first_pc);
    }
    return word;
}

static uint64_t storage_read(void *opaque, hwaddr addr, unsigned size)
{
    const PIC32RegisterName *reg;
    unsigned alias;
    PIC32StorageWord *word = storage_word(opaque, addr, &reg, &alias);

    word->reads++;
    return reg && !alias ? word->value >> ((addr & 3) * 8) : 0;
}

static void storage_write(void *opaque, hwaddr addr, uint64_t data,
                          unsigned size)
{
    const PIC32RegisterName *reg;
    unsigned alias;
    PIC32StorageWord *word = storage_word(opaque, addr, &reg, &alias);

    word->writes++;
    if (reg) {
        word->value = pic32_sfr_merge(word->value, addr, alias, data, size);
    }
}

static const MemoryRegionOps storage_ops = {
    .read = storage_read,
    .write = storage_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void storage_report_word(QList *list, const PIC32StorageWord *word,
                                const char *name)
{
    QDict *entry;

    if (!word->reads && !word->writes) {
        return;
    }
    entry = qdict_new();
    if (name) {
        qdict_put_str(entry, "register", name);
    }
    qdict_put_str(entry, "kind", name ? "storage" : "reserved");
    qdict_put_int(entry, "address", PIC32_SFR_BASE + word->offset);
    qdict_put_int(entry, "reads", word->reads);
    qdict_put_int(entry, "writes", word->writes);
    qdict_put_int(entry, "first-pc", word->first_pc);
    qlist_append(list, entry);
}

char *pic32_storage_report(PIC32Storage *s)
{
    QList *list = qlist_new();
    GString *json;
    unsigned i;

    for (i = 0; i < N_REGISTERS; i++) {
        storage_report_word(list, &s->word[i], pic32_registers[i].name);
    }
    for (i = 0; i < s->n_reserved; i++) {
        storage_report_word(list, &s->reserved[i], NULL);
    }
    json = qobject_to_json(QOBJECT(list));
    qobject_unref(list);
    return g_string_free(json, false);
}

static void storage_reset(DeviceState *dev)
{
    PIC32Storage *s = PIC32_STORAGE(dev);
    unsigned i;

    /* the counts are about the whole run, the values about this power cycle */
    for (i = 0; i < N_REGISTERS; i++) {
        s->word[i].value = 0;
    }
}

static void storage_init(Object *obj)
{
    PIC32Storage *s = PIC32_STORAGE(obj);
    unsigned i, alias;

    s->register_of = g_new0(uint16_t, PIC32_SFR_SIZE / 4);
    s->word = g_new0(PIC32StorageWord, N_REGISTERS);
    for (i = 0; i < N_REGISTERS; i++) {
        unsigned first = pic32_registers[i].offset >> 2;

        s->word[i].offset = pic32_registers[i].offset;
        for (alias = 0; alias < (pic32_registers[i].aliases ? 4 : 1); alias++) {
            s->register_of[first + alias] = i + 1;
        }
    }
    memory_region_init_io(&s->iomem, obj, &storage_ops, s, TYPE_PIC32_STORAGE,
                          PIC32_SFR_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->iomem);
}

static const VMStateDescription vmstate_storage_word = {
    .name = "pic32mz-storage-word",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT32(offset, PIC32StorageWord),
        VMSTATE_UINT32(value, PIC32StorageWord),
        VMSTATE_UINT32(reads, PIC32StorageWord),
        VMSTATE_UINT32(writes, PIC32StorageWord),
        VMSTATE_UINT32(first_pc, PIC32StorageWord),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_storage = {
    .name = TYPE_PIC32_STORAGE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_STRUCT_VARRAY_POINTER_KNOWN(word, PIC32Storage, N_REGISTERS, 0,
                                            vmstate_storage_word,
                                            PIC32StorageWord),
        VMSTATE_STRUCT_ARRAY(reserved, PIC32Storage, PIC32_STORAGE_RESERVED, 0,
                             vmstate_storage_word, PIC32StorageWord),
        VMSTATE_UINT32(n_reserved, PIC32Storage),
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
