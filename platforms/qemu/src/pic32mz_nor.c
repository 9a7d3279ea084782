/*
 * 25-series serial NOR flash on a board
 *
 * Models what the data sheets of the families have in common (Winbond W25Q,
 * Macronix MX25L, Micron M25P, Cypress S25FL1, GigaDevice GD25Q, ISSI IS25LP,
 * Adesto AT25) and the two ways of Microchip: SST25VF programs single bytes or
 * words by address increment, SST26VF wakes up protected until ULBPR.
 *
 * QEMU has a model of its own, m25p80. It is not used, because there a guest
 * can erase beyond the end of its storage, its content is in no snapshot, it
 * is never busy, and writes go through that the parts refuse: firmware that
 * does not wait or forgets WREN would pass here and fail on the board.
 *
 * Programming and erasing take their typical time; WIP shows it.
 *
 * Left out: more than 16 MiB, more than one data line, SFDP and unique ID (they
 * read as erased), the SEC, CMP and SRP bits, the single blocks of SST26
 * protection, suspend and resume, the HOLD and WP pins, hardware end-of-write
 * on SO (EBSY does nothing).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/ssi/ssi.h"
#include "migration/vmstate.h"
#include "pic32mz_memory_part.h"
#include "pic32mz_nor.h"

#define PAGE            256
#define US              INT64_C(1000)
#define MS              (1000 * US)

/* How a part programs and protects. */
typedef enum NorKind {
    NOR_PAGES,              /* page program, nothing protected at first */
    NOR_SST25,              /* bytes and words, BP bits set at first */
    NOR_SST26,              /* pages; all protected until ULBPR */
} NorKind;

typedef struct NorPart {
    const char *name;
    uint32_t id;            /* JEDEC: manufacturer, type, capacity */
    uint32_t size;
    NorKind kind;
    bool small_sectors;     /* has the erase commands for 4 and 32 KiB */
} NorPart;

static const NorPart parts[] = {
    { "at25df041a", 0x1f4401, 512 * KiB, NOR_PAGES, true },
    { "at25sf081", 0x1f8501, 1 * MiB, NOR_PAGES, true },
    { "gd25q16", 0xc84015, 2 * MiB, NOR_PAGES, true },
    { "gd25q32", 0xc84016, 4 * MiB, NOR_PAGES, true },
    { "gd25q64", 0xc84017, 8 * MiB, NOR_PAGES, true },
    { "is25lp032", 0x9d6016, 4 * MiB, NOR_PAGES, true },
    { "is25lp064", 0x9d6017, 8 * MiB, NOR_PAGES, true },
    { "is25lp128", 0x9d6018, 16 * MiB, NOR_PAGES, true },
    { "m25p16", 0x202015, 2 * MiB, NOR_PAGES, false },
    { "m25p32", 0x202016, 4 * MiB, NOR_PAGES, false },
    { "m25p80", 0x202014, 1 * MiB, NOR_PAGES, false },
    { "mx25l12835f", 0xc22018, 16 * MiB, NOR_PAGES, true },
    { "mx25l1606e", 0xc22015, 2 * MiB, NOR_PAGES, true },
    { "mx25l3206e", 0xc22016, 4 * MiB, NOR_PAGES, true },
    { "mx25l6406e", 0xc22017, 8 * MiB, NOR_PAGES, true },
    { "s25fl116k", 0x014015, 2 * MiB, NOR_PAGES, true },
    { "s25fl132k", 0x014016, 4 * MiB, NOR_PAGES, true },
    { "s25fl164k", 0x014017, 8 * MiB, NOR_PAGES, true },
    { "sst25vf016b", 0xbf2541, 2 * MiB, NOR_SST25, true },
    { "sst25vf032b", 0xbf254a, 4 * MiB, NOR_SST25, true },
    { "sst25vf040b", 0xbf258d, 512 * KiB, NOR_SST25, true },
    { "sst25vf080b", 0xbf258e, 1 * MiB, NOR_SST25, true },
    { "sst26vf016b", 0xbf2641, 2 * MiB, NOR_SST26, true },
    { "sst26vf032b", 0xbf2642, 4 * MiB, NOR_SST26, true },
    { "sst26vf064b", 0xbf2643, 8 * MiB, NOR_SST26, true },
    { "w25q128", 0xef4018, 16 * MiB, NOR_PAGES, true },
    { "w25q16", 0xef4015, 2 * MiB, NOR_PAGES, true },
    { "w25q32", 0xef4016, 4 * MiB, NOR_PAGES, true },
    { "w25q64", 0xef4017, 8 * MiB, NOR_PAGES, true },
    { "w25q80", 0xef4014, 1 * MiB, NOR_PAGES, true },
};

/* Typical times of the W25Q and SST data sheets. */
static const struct {
    int64_t program, sector, block, chip;
} times[] = {
    [NOR_PAGES] = { 700 * US, 45 * MS, 150 * MS, 5000 * MS },
    [NOR_SST25] = { 10 * US, 18 * MS, 18 * MS, 35 * MS },
    [NOR_SST26] = { 1000 * US, 20 * MS, 20 * MS, 40 * MS },
};

enum {
    WRSR = 0x01, PROGRAM = 0x02, READ = 0x03, WRDI = 0x04, RDSR = 0x05,
    WREN = 0x06, FAST_READ = 0x0b, RDSR3 = 0x15, ERASE_4K = 0x20,
    WRSR2 = 0x31, RDSR2 = 0x35, EWSR = 0x50, ERASE_32K = 0x52, SFDP = 0x5a,
    ERASE_CHIP_60 = 0x60, RESET_ENABLE = 0x66, EBSY = 0x70, DBSY = 0x80,
    READ_ID = 0x90, ULBPR = 0x98, RESET = 0x99, JEDEC_ID = 0x9f, WAKE = 0xab,
    PROGRAM_WORDS = 0xad, POWER_DOWN = 0xb9, ERASE_CHIP = 0xc7,
    ERASE_64K = 0xd8,
};

enum {
    SR_WIP = 0x01,
    SR_WEL = 0x02,
    SR_BP = 0x1c,               /* BP2 to BP0 */
    SR_TB = 0x20,               /* BP counts from the bottom */
    SR_SEC = 0x40,
    SR_AAI = 0x40,              /* of SST25: address increment goes on */
    SR_SRP = 0x80,
    SR_WIP_SST26 = 0x80,        /* SST26 shows WIP twice */
};

struct PIC32Nor {
    SSIPeripheral parent_obj;

    char *part_name;
    const NorPart *part;
    PIC32MemoryPart memory;

    uint8_t sr;                 /* status without WIP */
    uint8_t sr2;
    int64_t ready;              /* virtual ns at which WIP ends */
    bool unlocked;              /* of SST26: ULBPR was given */
    bool asleep;                /* deep power down */
    bool reset_enabled;

    uint8_t command;
    uint32_t count;             /* bytes since the select pin fell */
    uint32_t address;
    uint8_t page[PAGE];         /* what a page program has collected */
    uint32_t collected;         /* bytes given to it */
};

const char *pic32_nor_part_name(unsigned n)
{
    return n < ARRAY_SIZE(parts) ? parts[n].name : NULL;
}

static bool nor_busy(PIC32Nor *s)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < s->ready;
}

static uint8_t nor_wip(PIC32Nor *s)
{
    return s->part->kind == NOR_SST26 ? SR_WIP | SR_WIP_SST26 : SR_WIP;
}

/* The bits of the status register that WRSR writes. */
static uint8_t nor_writable(PIC32Nor *s)
{
    return s->part->kind == NOR_SST26 ? 0
           : s->part->kind == NOR_SST25 ? SR_BP | SR_SRP
           : SR_BP | SR_TB | SR_SEC | SR_SRP;
}

static void nor_refuse(PIC32Nor *s, const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: command 0x%02x refused, %s\n",
                  s->part->name, s->command, why);
}

static bool nor_protected(PIC32Nor *s, uint32_t address)
{
    unsigned bp = (s->sr & SR_BP) >> 2;
    uint32_t unit = MAX(64 * KiB, s->part->size / 64);
    uint64_t size;

    if (s->part->kind == NOR_SST26) {
        return !s->unlocked;
    }
    if (!bp) {
        return false;
    }
    size = bp == 7 || s->part->kind == NOR_SST25 ? s->part->size
           : MIN((uint64_t)unit << (bp - 1), s->part->size);
    return s->sr & SR_TB ? address < size : address >= s->part->size - size;
}

/* Whether a write to this address may begin now; each needs a WREN. */
static bool nor_may_write(PIC32Nor *s, uint32_t address)
{
    if (!(s->sr & SR_WEL)) {
        nor_refuse(s, "without WREN");
        return false;
    }
    if (nor_protected(s, address)) {
        nor_refuse(s, "the block is protected");
        s->sr &= ~SR_WEL;
        return false;
    }
    return true;
}

static void nor_begin(PIC32Nor *s, int64_t duration)
{
    s->ready = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + duration;
    if (s->part->kind != NOR_SST25 || !(s->sr & SR_AAI)) {
        s->sr &= ~SR_WEL;
    }
}

static void nor_erase(PIC32Nor *s, uint32_t size, int64_t duration)
{
    uint32_t first = s->address & ~(size - 1);
    uint32_t address;

    if (size < 64 * KiB && !s->part->small_sectors) {
        nor_refuse(s, "this part has 64 KiB sectors only");
        return;
    }
    for (address = first; address < first + size; address += 4 * KiB) {
        if (!nor_may_write(s, address)) {
            return;
        }
    }
    memset(s->memory.data + first, 0xff, size);
    pic32_memory_part_changed(&s->memory, first, size);
    nor_begin(s, duration);
}

static void nor_program_byte(PIC32Nor *s, uint32_t address, uint8_t byte)
{
    s->memory.data[address] &= byte;
    pic32_memory_part_changed(&s->memory, address, 1);
}

/* Select has risen after PROGRAM: within its page an address wraps round. */
static void nor_program_page(PIC32Nor *s)
{
    uint32_t base = s->address & ~(PAGE - 1);
    unsigned i;

    if (!s->collected || !nor_may_write(s, s->address)) {
        return;
    }
    for (i = 0; i < PAGE; i++) {
        s->memory.data[base + i] &= s->page[i];
    }
    pic32_memory_part_changed(&s->memory, base, PAGE);
    nor_begin(s, times[s->part->kind].program);
}

/* Two bytes to the address and the one behind it; the next two follow. */
static void nor_program_words(PIC32Nor *s)
{
    if (s->collected != 2 || !nor_may_write(s, s->address)) {
        return;
    }
    s->address &= ~1;
    s->sr |= SR_AAI;
    nor_program_byte(s, s->address, s->page[0]);
    nor_program_byte(s, s->address + 1, s->page[1]);
    nor_begin(s, times[s->part->kind].program);
    s->address = (s->address + 2) & (s->part->size - 1);
    if (!s->address) {
        s->sr &= ~(SR_AAI | SR_WEL);
    }
}

static void nor_write_status(PIC32Nor *s)
{
    if (!(s->sr & SR_WEL)) {
        nor_refuse(s, "without WREN");
        return;
    }
    if (s->command == WRSR2) {
        s->sr2 = s->page[0];
    } else {
        s->sr = (s->sr & ~nor_writable(s)) | (s->page[0] & nor_writable(s));
        if (s->collected > 1) {
            s->sr2 = s->page[1];
        }
    }
    nor_begin(s, times[s->part->kind].program);
}

static void nor_wake_up(PIC32Nor *s)
{
    s->sr = s->part->kind == NOR_SST25 ? SR_BP : 0;
    s->sr2 = 0;
    s->ready = 0;
    s->unlocked = false;
    s->asleep = false;
    s->reset_enabled = false;
    s->command = 0;
    s->count = 0;
    s->collected = 0;
}

/* Select has risen: now a command that writes begins. */
static void nor_execute(PIC32Nor *s)
{
    bool addressed = s->count >= 4;
    bool enabled = s->reset_enabled;

    s->reset_enabled = false;
    switch (s->command) {
    case WREN:
    case EWSR:
        s->sr |= SR_WEL;
        break;
    case WRDI:
        s->sr &= ~SR_WEL;
        if (s->part->kind == NOR_SST25) {
            s->sr &= ~SR_AAI;
        }
        break;
    case WRSR:
    case WRSR2:
        if (s->collected) {
            nor_write_status(s);
        }
        break;
    case PROGRAM:
        if (s->part->kind != NOR_SST25) {
            nor_program_page(s);
        } else if (s->collected && nor_may_write(s, s->address)) {
            nor_program_byte(s, s->address, s->page[0]);
            nor_begin(s, times[s->part->kind].program);
        }
        break;
    case PROGRAM_WORDS:
        if (s->part->kind == NOR_SST25) {
            nor_program_words(s);
        }
        break;
    case ERASE_4K:
    case ERASE_32K:
    case ERASE_64K:
        if (addressed) {
            nor_erase(s, s->command == ERASE_4K ? 4 * KiB
                         : s->command == ERASE_32K ? 32 * KiB : 64 * KiB,
                      s->command == ERASE_4K ? times[s->part->kind].sector
                                             : times[s->part->kind].block);
        }
        break;
    case ERASE_CHIP:
    case ERASE_CHIP_60:
        s->address = 0;
        nor_erase(s, s->part->size, times[s->part->kind].chip);
        break;
    case ULBPR:
        if (s->part->kind == NOR_SST26 && s->sr & SR_WEL) {
            s->unlocked = true;
            s->sr &= ~SR_WEL;
        }
        break;
    case POWER_DOWN:
        s->asleep = true;
        break;
    case WAKE:
        s->asleep = false;
        break;
    case RESET_ENABLE:
        s->reset_enabled = true;
        break;
    case RESET:
        if (enabled) {
            nor_wake_up(s);
        }
        break;
    }
}

static uint8_t nor_id(PIC32Nor *s, uint32_t n)
{
    return n < 3 ? s->part->id >> (16 - 8 * n) : 0;
}

/* Byte n of a command, from 1, that the part answers; 0xff: it does not. */
static uint8_t nor_answer(PIC32Nor *s, uint32_t n)
{
    uint32_t head = s->command == FAST_READ ? 5 : 4;

    switch (s->command) {
    case RDSR:
        return s->sr | (nor_busy(s) ? nor_wip(s) : 0);
    case RDSR2:
        return s->sr2;
    case RDSR3:
        return 0;
    case JEDEC_ID:
        return nor_id(s, n - 1);
    case READ_ID:       /* manufacturer and device, in turn */
    case WAKE:
        if (n < 4) {
            break;
        }
        if (s->command == READ_ID && (n + s->address) % 2 == 0) {
            return nor_id(s, 0);
        }
        return s->part->kind == NOR_PAGES ? nor_id(s, 2) - 1 : nor_id(s, 2);
    case READ:
    case FAST_READ:
        if (n >= head) {
            return s->memory.data[(s->address + n - head) &
                                  (s->part->size - 1)];
        }
        break;
    }
    return 0xff;
}

static bool nor_has_address(PIC32Nor *s)
{
    switch (s->command) {
    case PROGRAM_WORDS:
        return s->part->kind == NOR_SST25 && !(s->sr & SR_AAI);
    case PROGRAM:
    case READ:
    case FAST_READ:
    case READ_ID:
    case ERASE_4K:
    case ERASE_32K:
    case ERASE_64K:
        return true;
    default:
        return false;
    }
}

static void nor_collect(PIC32Nor *s, uint8_t byte)
{
    uint32_t at = s->collected;

    if (s->command == PROGRAM && s->part->kind != NOR_SST25) {
        at = (s->address + s->collected) % PAGE;
    } else if (at >= PAGE) {
        return;
    }
    s->page[at] = byte;
    s->collected++;
}

static uint32_t nor_transfer(SSIPeripheral *ss, uint32_t word)
{
    PIC32Nor *s = PIC32_NOR(ss);
    uint32_t n = s->count;
    uint8_t byte = word, answer = 0xff;

    s->count = MIN(n, UINT32_MAX - 1) + 1;
    if (n == 0) {
        s->command = byte;
        if (nor_has_address(s)) {
            s->address = 0;
        }
        return 0xff;
    }
    if ((s->asleep && s->command != WAKE) ||
        (nor_busy(s) && s->command != RDSR)) {
        return 0xff;
    }
    answer = nor_answer(s, n);
    if (nor_has_address(s) && n <= 3) {
        s->address = (s->address << 8 | byte) & (s->part->size - 1);
    } else {
        nor_collect(s, byte);
    }
    return answer;
}

static int nor_select(SSIPeripheral *ss, bool high)
{
    PIC32Nor *s = PIC32_NOR(ss);

    if (high && s->count) {
        if (nor_busy(s)) {
            if (s->command != RDSR) {
                nor_refuse(s, "the part is busy (WIP)");
            }
        } else if (!s->asleep || s->command == WAKE) {
            nor_execute(s);
        }
    }
    s->count = 0;
    s->collected = 0;
    memset(s->page, 0xff, sizeof(s->page));
    return 0;
}

static void nor_realize(SSIPeripheral *ss, Error **errp)
{
    PIC32Nor *s = PIC32_NOR(ss);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!g_strcmp0(parts[i].name, s->part_name)) {
            s->part = &parts[i];
        }
    }
    if (!s->part) {
        error_setg(errp, "no flash part '%s'", s->part_name ?: "");
        return;
    }
    if (pic32_memory_part_init(&s->memory, s->part->size, errp)) {
        memset(s->page, 0xff, sizeof(s->page));
        nor_wake_up(s);
    }
}

static const VMStateDescription vmstate_nor = {
    .name = TYPE_PIC32_NOR,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_SSI_PERIPHERAL(parent_obj, PIC32Nor),
        VMSTATE_PIC32_MEMORY_PART(memory, PIC32Nor),
        VMSTATE_UINT8(sr, PIC32Nor),
        VMSTATE_UINT8(sr2, PIC32Nor),
        VMSTATE_INT64(ready, PIC32Nor),
        VMSTATE_BOOL(unlocked, PIC32Nor),
        VMSTATE_BOOL(asleep, PIC32Nor),
        VMSTATE_BOOL(reset_enabled, PIC32Nor),
        VMSTATE_UINT8(command, PIC32Nor),
        VMSTATE_UINT32(count, PIC32Nor),
        VMSTATE_UINT32(address, PIC32Nor),
        VMSTATE_UINT8_ARRAY(page, PIC32Nor, PAGE),
        VMSTATE_UINT32(collected, PIC32Nor),
        VMSTATE_END_OF_LIST()
    }
};

static Property nor_properties[] = {
    DEFINE_PROP_STRING("part", PIC32Nor, part_name),
    DEFINE_PIC32_MEMORY_PART_PROPERTIES(memory, PIC32Nor),
    DEFINE_PROP_END_OF_LIST(),
};

static void nor_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    SSIPeripheralClass *sc = SSI_PERIPHERAL_CLASS(klass);

    dc->vmsd = &vmstate_nor;
    dc->desc = "25-series serial flash";
    dc->user_creatable = false;
    device_class_set_props(dc, nor_properties);
    sc->realize = nor_realize;
    sc->transfer = nor_transfer;
    sc->set_cs = nor_select;
    sc->cs_polarity = SSI_CS_LOW;
}

static const TypeInfo nor_types[] = {
    {
        .name = TYPE_PIC32_NOR,
        .parent = TYPE_SSI_PERIPHERAL,
        .instance_size = sizeof(PIC32Nor),
        .class_init = nor_class_init,
    },
};

DEFINE_TYPES(nor_types)
