/*
 * PIC32MZ special function registers: one helper for every register block
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/core/cpu.h"
#include "migration/qemu-file-types.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "pic32mz_sfr.h"

enum { ALIAS_REG, ALIAS_CLR, ALIAS_SET, ALIAS_INV };

uint32_t pic32_sfr_guest_pc(void)
{
    uint64_t data[TARGET_INSN_START_WORDS];

    if (!current_cpu || !current_cpu->running) {
        return 0;
    }
    if (current_cpu->mem_io_pc &&
        cpu_unwind_state_data(current_cpu, current_cpu->mem_io_pc, data)) {
        return data[0];
    }
    return CPU_GET_CLASS(current_cpu)->get_pc(current_cpu);
}

/* The register that an access goes to, counted; NULL: there is none. */
static const PIC32SfrDef *pic32_sfr_find(PIC32SfrBlock *block, hwaddr addr,
                                         bool is_write, unsigned *alias)
{
    const PIC32SfrDef *def = block->def[addr >> 2];
    hwaddr offset = def ? def->offset : addr;

    *alias = def ? ((addr & ~3) - def->offset) >> 2 : ALIAS_REG;
    pic32_sfr_count(&block->uses.use[offset >> 2], is_write);
    if (!def) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", memory_region_name(&block->iomem), addr);
    }
    return def;
}

uint32_t pic32_sfr_merge(uint32_t old, hwaddr addr, unsigned alias,
                         uint32_t data, unsigned size)
{
    unsigned shift = (addr & 3) * 8;
    uint32_t lanes = MAKE_64BIT_MASK(shift, size * 8);

    data = (data << shift) & lanes;
    switch (alias) {
    case ALIAS_CLR:
        return old & ~data;
    case ALIAS_SET:
        return old | data;
    case ALIAS_INV:
        return old ^ data;
    default:
        return (old & ~lanes) | data;
    }
}

static uint64_t pic32_sfr_read(void *opaque, hwaddr addr, unsigned size)
{
    PIC32SfrBlock *block = opaque;
    unsigned alias;
    const PIC32SfrDef *def = pic32_sfr_find(block, addr, false, &alias);
    uint32_t value;

    if (!def || alias != ALIAS_REG) {
        return 0;
    }
    value = block->ops && block->ops->read
            ? block->ops->read(block->opaque, def->offset, size)
            : pic32_sfr_get(block, def->offset);
    return value >> ((addr & 3) * 8);
}

static void pic32_sfr_write(void *opaque, hwaddr addr, uint64_t data,
                            unsigned size)
{
    PIC32SfrBlock *block = opaque;
    unsigned alias;
    const PIC32SfrDef *def = pic32_sfr_find(block, addr, true, &alias);
    uint32_t old, value;

    if (!def || (block->ops && block->ops->before_write &&
                 block->ops->before_write(block->opaque, addr, data, size))) {
        return;
    }
    old = pic32_sfr_get(block, def->offset);
    value = pic32_sfr_merge(old, addr, alias, data, size);
    value = (old & ~def->writable) | (value & def->writable);
    pic32_sfr_set(block, def->offset, value);
    if (block->ops && block->ops->write) {
        block->ops->write(block->opaque, def->offset, old, value);
    }
}

static const MemoryRegionOps pic32_sfr_mr_ops = {
    .read = pic32_sfr_read,
    .write = pic32_sfr_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

void pic32_sfr_init(PIC32SfrBlock *block, Object *owner, const char *name,
                    uint32_t size, const PIC32SfrDef *defs, unsigned n_defs,
                    const PIC32SfrOps *ops, void *opaque)
{
    unsigned i, word;

    block->defs = defs;
    block->n_defs = n_defs;
    block->n_words = size / 4;
    block->ops = ops;
    block->opaque = opaque;
    block->value = g_new0(uint32_t, block->n_words);
    block->def = g_new0(const PIC32SfrDef *, block->n_words);
    block->uses.n = block->n_words;
    block->uses.use = g_new0(PIC32SfrUse, block->n_words);
    block->inert = g_new0(bool, block->n_words);
    for (i = 0; i < n_defs; i++) {
        for (word = 0; word < (defs[i].plain ? 1 : 4); word++) {
            assert(defs[i].offset / 4 + word < block->n_words);
            block->def[defs[i].offset / 4 + word] = &defs[i];
        }
    }
    memory_region_init_io(&block->iomem, owner, &pic32_sfr_mr_ops, block, name,
                          size);
}

void pic32_sfr_mark_inert(PIC32SfrBlock *block, hwaddr offset)
{
    block->inert[offset >> 2] = true;
}

PIC32SfrBlock *pic32_sfr_block(MemoryRegion *mr)
{
    return mr->ops == &pic32_sfr_mr_ops ? mr->opaque : NULL;
}

void pic32_sfr_reset(PIC32SfrBlock *block)
{
    unsigned i;

    for (i = 0; i < block->n_defs; i++) {
        pic32_sfr_set(block, block->defs[i].offset, block->defs[i].reset);
    }
}

void pic32_sfr_refuse(PIC32SfrBlock *block, hwaddr offset, uint32_t keep,
                      const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: write to %s refused, %s\n",
                  memory_region_name(&block->iomem),
                  block->def[offset >> 2]->name, why);
    pic32_sfr_set(block, offset, keep);
}

/* Snapshots keep the registers that were touched, which are few. */

static int pic32_sfr_put_uses(QEMUFile *f, void *pv, size_t size,
                              const VMStateField *field, JSONWriter *vmdesc)
{
    PIC32SfrUses *uses = pv;
    uint32_t i, touched = 0;

    for (i = 0; i < uses->n; i++) {
        touched += uses->use[i].reads || uses->use[i].writes;
    }
    qemu_put_be32(f, touched);
    for (i = 0; i < uses->n; i++) {
        if (uses->use[i].reads || uses->use[i].writes) {
            qemu_put_be32(f, i);
            qemu_put_be64(f, uses->use[i].reads);
            qemu_put_be64(f, uses->use[i].writes);
            qemu_put_be32(f, uses->use[i].first_pc);
        }
    }
    return 0;
}

static int pic32_sfr_get_uses(QEMUFile *f, void *pv, size_t size,
                              const VMStateField *field)
{
    PIC32SfrUses *uses = pv;
    uint32_t touched = qemu_get_be32(f);

    memset(uses->use, 0, uses->n * sizeof(*uses->use));
    for (; touched; touched--) {
        uint32_t i = qemu_get_be32(f);

        if (i >= uses->n) {
            return -EINVAL;
        }
        uses->use[i].reads = qemu_get_be64(f);
        uses->use[i].writes = qemu_get_be64(f);
        uses->use[i].first_pc = qemu_get_be32(f);
    }
    return 0;
}

const VMStateInfo vmstate_info_pic32_sfr_uses = {
    .name = "pic32mz-sfr-uses",
    .get = pic32_sfr_get_uses,
    .put = pic32_sfr_put_uses,
};
