/*
 * PIC32MZ flash memory map: program flash and the two boot flash panels
 *
 * Models: DS60001214 (PIC32 Family Reference Manual, section 48, memory
 * organization and permissions) and DS60001193 (section 52, flash memory with
 * live update): the panels, the boot flash with its aliases, configuration
 * words, serial number. Contents survive every reset.
 *
 * Left out: ECC, code protection, the alternate configuration words (ADEVCFGx)
 * as a fallback.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "pic32mz_flash.h"

#define ERASED          0xff
#define SEQ3_OFFSET     0xfff0
#define DEVCFG3_OFFSET  0xffc0
#define FACTORY_SIZE    0x1000
#define DEVADC_WORDS    8       /* DEVADC0 to DEVADC4, DEVADC7 at word 7 */
#define DEVADC_VALUE    0x1c002010  /* made up: something that is not erased */
#define DEVSN0_OFFSET   0x20

static uint8_t *flash_ptr(MemoryRegion *mr)
{
    return memory_region_get_ram_ptr(mr);
}

/* No owner: that would have to be a device to migrate, and is the machine. */
static void flash_init_rom(MemoryRegion *mr, const char *name, uint32_t size,
                           MemoryRegion *system, hwaddr base)
{
    memory_region_init_rom(mr, NULL, name, size, &error_fatal);
    memset(flash_ptr(mr), ERASED, size);
    memory_region_add_subregion(system, base, mr);
}

void pic32_flash_init(PIC32Flash *s, Object *owner, MemoryRegion *system,
                      uint32_t size)
{
    static const hwaddr boot_base[] = { PIC32_BOOT_FLASH1, PIC32_BOOT_FLASH2 };
    static const hwaddr alias_base[] = { PIC32_BOOT_LOWER, PIC32_BOOT_UPPER };
    unsigned i;

    s->size = size;
    for (i = 0; i < 2; i++) {
        g_autofree char *panel = g_strdup_printf("pic32mz.program-flash%u",
                                                 i + 1);
        g_autofree char *boot = g_strdup_printf("pic32mz.boot-flash%u", i + 1);

        flash_init_rom(&s->panel[i], panel, size / 2, system,
                       PIC32_PROGRAM_FLASH + i * (size / 2));
        flash_init_rom(&s->boot[i], boot, PIC32_BOOT_PANEL_SIZE, system,
                       boot_base[i]);
    }
    for (i = 0; i < 2; i++) {
        memory_region_init_alias(&s->boot_alias[i], owner,
                                 i ? "pic32mz.boot-upper" : "pic32mz.boot-lower",
                                 &s->boot[i], 0, PIC32_BOOT_PANEL_SIZE);
        memory_region_add_subregion(system, alias_base[i], &s->boot_alias[i]);
    }
    flash_init_rom(&s->factory, "pic32mz.factory", FACTORY_SIZE, system,
                   PIC32_FACTORY_PAGE);
    for (i = 0; i < DEVADC_WORDS; i++) {
        if (i < 5 || i == 7) {
            stl_le_p(flash_ptr(&s->factory) + i * 4, DEVADC_VALUE + i);
        }
    }
    stl_le_p(flash_ptr(&s->factory) + DEVSN0_OFFSET, 0x50494333);
    stl_le_p(flash_ptr(&s->factory) + DEVSN0_OFFSET + 4, 0x324d5a00);
}

/* An alias changes its target: taken out, made anew, put in again. */
static void flash_map_boot(PIC32Flash *s, unsigned alias, unsigned panel)
{
    MemoryRegion *mr = &s->boot_alias[alias];
    MemoryRegion *system = mr->container;
    Object *owner = mr->owner;
    hwaddr base = mr->addr;
    g_autofree char *name = g_strdup(mr->name);

    memory_region_del_subregion(system, mr);
    object_unparent(OBJECT(mr));
    memory_region_init_alias(mr, owner, name, &s->boot[panel], 0,
                             PIC32_BOOT_PANEL_SIZE);
    memory_region_add_subregion(system, base, mr);
}

/*
 * Translated code jumps from page to page without a look at the memory map
 * (goto-tb-pages.patch): it is stale where panels change places.
 */
static void flash_forget_code(void)
{
    tb_flush(first_cpu);
}

void pic32_flash_swap_boot(PIC32Flash *s, bool swapped)
{
    if (s->boot_swapped != swapped) {
        s->boot_swapped = swapped;
        memory_region_transaction_begin();
        flash_map_boot(s, 0, swapped);
        flash_map_boot(s, 1, !swapped);
        memory_region_transaction_commit();
        flash_forget_code();
    }
}

void pic32_flash_swap_program(PIC32Flash *s, bool swapped)
{
    if (s->program_swapped != swapped) {
        s->program_swapped = swapped;
        memory_region_transaction_begin();
        memory_region_set_address(&s->panel[swapped], PIC32_PROGRAM_FLASH);
        memory_region_set_address(&s->panel[!swapped],
                                  PIC32_PROGRAM_FLASH + s->size / 2);
        memory_region_transaction_commit();
        flash_forget_code();
    }
}

/* BFxSEQ3: TSEQ counts if CSEQ is its complement; -1 if not. */
static int flash_boot_sequence(PIC32Flash *s, unsigned panel)
{
    uint32_t seq = ldl_le_p(flash_ptr(&s->boot[panel]) + SEQ3_OFFSET);
    uint16_t tseq = seq;
    uint16_t cseq = seq >> 16;

    return (tseq ^ cseq) == 0xffff ? tseq : -1;
}

void pic32_flash_reset(PIC32Flash *s)
{
    pic32_flash_swap_boot(s, flash_boot_sequence(s, 1) >
                             flash_boot_sequence(s, 0));
    pic32_flash_swap_program(s, false);
}

uint8_t *pic32_flash_at(void *opaque, uint32_t phys, uint32_t size)
{
    PIC32Flash *s = opaque;
    unsigned lower = s->boot_swapped;
    struct {
        hwaddr base;
        MemoryRegion *mr;
    } map[] = {
        { PIC32_PROGRAM_FLASH, &s->panel[s->program_swapped] },
        { PIC32_PROGRAM_FLASH + s->size / 2, &s->panel[!s->program_swapped] },
        { PIC32_BOOT_LOWER, &s->boot[lower] },
        { PIC32_BOOT_UPPER, &s->boot[!lower] },
        { PIC32_BOOT_FLASH1, &s->boot[0] },
        { PIC32_BOOT_FLASH2, &s->boot[1] },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(map); i++) {
        uint64_t length = memory_region_size(map[i].mr);

        if (phys >= map[i].base && phys - map[i].base < length &&
            size <= length - (phys - map[i].base)) {
            return flash_ptr(map[i].mr) + (phys - map[i].base);
        }
    }
    return NULL;
}

void pic32_flash_devcfg(PIC32Flash *s, uint32_t devcfg[4])
{
    const uint8_t *words = flash_ptr(&s->boot[s->boot_swapped]) +
                           DEVCFG3_OFFSET;
    unsigned n;

    for (n = 0; n < 4; n++) {
        devcfg[n] = ldl_le_p(words + (3 - n) * 4);
    }
}
