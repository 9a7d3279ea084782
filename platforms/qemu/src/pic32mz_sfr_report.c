/*
 * What the firmware leaned on: the registers it touched, and those there are
 *
 * Walks the special function registers as they are mapped: a register in the
 * block of a device is modelled, unless the device says that it is inert; what
 * is left to pic32mz_storage.c is storage, or reserved where the chip has no
 * register. Configuration words and serial number lie in flash, whose reads
 * are not counted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qlist.h"
#include "pic32mz_sfr_report.h"

typedef struct PIC32SfrReport {
    PIC32Storage *storage;
    bool map;                   /* the chip's registers, and no counts */
    QList *list;
} PIC32SfrReport;

/* reg is NULL where the chip's table has none, name NULL where nobody has. */
static void report_add(PIC32SfrReport *r, const PIC32RegisterName *reg,
                       const char *name, const char *kind, MemoryRegion *mr,
                       hwaddr addr, const PIC32SfrUse *use)
{
    QDict *entry;

    if (r->map ? !reg : !use || (!use->reads && !use->writes)) {
        return;
    }
    entry = qdict_new();
    if (reg || name) {
        qdict_put_str(entry, "register", reg ? reg->name : name);
    }
    qdict_put_str(entry, "kind", kind);
    qdict_put_str(entry, "device", memory_region_name(mr));
    qdict_put_int(entry, "address", addr);
    if (!r->map) {
        qdict_put_int(entry, "reads", use->reads);
        qdict_put_int(entry, "writes", use->writes);
        qdict_put_int(entry, "first-pc", use->first_pc);
    }
    qlist_append(r->list, entry);
}

/* The word at offset of block; aliases count as their register. */
static void report_block_word(PIC32SfrReport *r, PIC32SfrBlock *block,
                              hwaddr offset, const PIC32RegisterName *reg,
                              hwaddr addr)
{
    const PIC32SfrDef *def = block->def[offset >> 2];

    if (!def) {
        report_add(r, reg, NULL, "reserved", &block->iomem, addr,
                   &block->uses.use[offset >> 2]);
    } else if (def->offset == offset) {
        report_add(r, reg, def->name,
                   block->inert[offset >> 2] ? "storage" : "modelled",
                   &block->iomem, addr, &block->uses.use[offset >> 2]);
    }
}

static void report_section(PIC32SfrReport *r, MemoryRegion *mr, hwaddr offset,
                           hwaddr addr, hwaddr end)
{
    PIC32SfrBlock *block = pic32_sfr_block(mr);
    const PIC32RegisterName *reg;

    for (; addr < end; addr += 4, offset += 4) {
        uint32_t sfr = addr - PIC32_SFR_BASE;

        reg = pic32_storage_register_at(r->storage, sfr);
        if (block) {
            report_block_word(r, block, offset, reg, addr);
        } else if (mr != &r->storage->iomem) {
            report_add(r, reg, NULL, "modelled", mr, addr, NULL);
        } else if (!reg || reg->offset == sfr) {
            report_add(r, reg, NULL, reg ? "storage" : "reserved", mr, addr,
                       pic32_storage_use(r->storage, sfr));
        }
    }
}

static void report_sfrs(PIC32SfrReport *r)
{
    hwaddr addr = PIC32_SFR_BASE, end = PIC32_SFR_BASE + PIC32_SFR_SIZE;

    while (addr < end) {
        MemoryRegionSection section = memory_region_find(get_system_memory(),
                                                         addr, end - addr);
        hwaddr next = addr + int128_get64(section.size);

        report_section(r, section.mr, section.offset_within_region, addr, next);
        memory_region_unref(section.mr);
        addr = next;
    }
}

static void report_flash_words(PIC32SfrReport *r)
{
    const PIC32RegisterName *reg;
    unsigned i;

    for (i = 0; (reg = pic32_storage_register(i)); i++) {
        hwaddr addr = PIC32_SFR_BASE + reg->offset;
        MemoryRegionSection section;

        if (reg->offset < PIC32_SFR_SIZE) {
            continue;
        }
        section = memory_region_find(get_system_memory(), addr, 4);
        if (section.mr) {
            report_add(r, reg, NULL, "modelled", section.mr, addr, NULL);
            memory_region_unref(section.mr);
        }
    }
}

static char *report_text(PIC32Storage *storage, bool map)
{
    PIC32SfrReport r = { .storage = storage, .map = map, .list = qlist_new() };
    GString *json;

    report_sfrs(&r);
    report_flash_words(&r);
    json = qobject_to_json(QOBJECT(r.list));
    qobject_unref(r.list);
    return g_string_free(json, false);
}

char *pic32_sfr_report(PIC32Storage *storage)
{
    return report_text(storage, false);
}

char *pic32_sfr_map(PIC32Storage *storage)
{
    return report_text(storage, true);
}
