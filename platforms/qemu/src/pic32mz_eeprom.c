/*
 * 24-series I2C EEPROM on a board
 *
 * Models what the data sheets of Microchip's 24LC and 24AA parts (and those of
 * the AT24C) have in common: one or two address bytes, blocks in the device
 * address (24c04 to 24c16), page writes that wrap round within their page, a
 * write cycle of 5 ms during which the part does not acknowledge.
 *
 * QEMU has a model of its own, at24c-eeprom. It is not used, because it forgets
 * its content with every reset of the chip and in every snapshot, knows two
 * address bytes only, and neither pages nor a write cycle.
 *
 * Left out: the write protect pin; a write is also made when the master is
 * reset, or goes on to another device, instead of giving the STOP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/i2c/i2c.h"
#include "migration/vmstate.h"
#include "pic32mz_eeprom.h"
#include "pic32mz_memory_part.h"

#define MAX_PAGE        128
#define WRITE_CYCLE     (5 * INT64_C(1000000))      /* ns */
#define BLOCK           256     /* bytes that one address byte reaches */

typedef struct EepromPart {
    const char *name;
    uint32_t size;
    uint8_t page;
    uint8_t address_bytes;
} EepromPart;

static const EepromPart parts[] = {
    { "24c01", 128, 8, 1 },
    { "24c02", 256, 8, 1 },
    { "24c04", 512, 16, 1 },
    { "24c08", 1 * KiB, 16, 1 },
    { "24c16", 2 * KiB, 16, 1 },
    { "24c32", 4 * KiB, 32, 2 },
    { "24c64", 8 * KiB, 32, 2 },
    { "24c128", 16 * KiB, 64, 2 },
    { "24c256", 32 * KiB, 64, 2 },
    { "24c512", 64 * KiB, 128, 2 },
};

struct PIC32Eeprom {
    I2CSlave parent_obj;

    char *part_name;
    const EepromPart *part;
    PIC32MemoryPart memory;

    uint8_t block;              /* of the device address, 24c04 to 24c16 */
    uint8_t address_bytes;      /* that have come since the start */
    uint32_t address;           /* the next byte to be read or written */
    uint8_t page[MAX_PAGE];     /* what is to be written ... */
    uint8_t written[MAX_PAGE];  /* ... and where something is */
    bool pending;
    int64_t ready;              /* virtual ns at which the write cycle ends */
};

const char *pic32_eeprom_part_name(unsigned n)
{
    return n < ARRAY_SIZE(parts) ? parts[n].name : NULL;
}

static unsigned eeprom_blocks(PIC32Eeprom *s)
{
    return s->part->address_bytes == 1 ? MAX(s->part->size / BLOCK, 1) : 1;
}

static bool eeprom_match(I2CSlave *candidate, uint8_t address, bool broadcast,
                         I2CNodeList *current_devs)
{
    PIC32Eeprom *s = PIC32_EEPROM(candidate);
    unsigned block = address - candidate->address;
    I2CNode *node;

    if (broadcast || address < candidate->address ||
        block >= eeprom_blocks(s)) {
        return false;
    }
    s->block = block;
    node = g_new0(I2CNode, 1);
    node->elt = candidate;
    QLIST_INSERT_HEAD(current_devs, node, next);
    return true;
}

static void eeprom_forget(PIC32Eeprom *s)
{
    s->address_bytes = 0;
    s->pending = false;
    memset(s->written, 0, sizeof(s->written));
}

static void eeprom_write_page(PIC32Eeprom *s)
{
    uint32_t base = s->address & ~(s->part->page - 1);
    unsigned i;

    for (i = 0; i < s->part->page; i++) {
        if (s->written[i]) {
            s->memory.data[base + i] = s->page[i];
        }
    }
    pic32_memory_part_changed(&s->memory, base, s->part->page);
    s->ready = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + WRITE_CYCLE;
}

static int eeprom_event(I2CSlave *slave, enum i2c_event event)
{
    PIC32Eeprom *s = PIC32_EEPROM(slave);

    switch (event) {
    case I2C_START_SEND:
    case I2C_START_RECV:
        eeprom_forget(s);       /* a write without its STOP is none */
        return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < s->ready ? -1 : 0;
    case I2C_FINISH:
        if (s->pending) {
            eeprom_write_page(s);
        }
        eeprom_forget(s);
        return 0;
    case I2C_NACK:
        return 0;
    default:
        return -1;
    }
}

static int eeprom_send(I2CSlave *slave, uint8_t byte)
{
    PIC32Eeprom *s = PIC32_EEPROM(slave);
    uint32_t in_page;

    if (s->address_bytes < s->part->address_bytes) {
        s->address = s->address_bytes++ ? s->address << 8 | byte : byte;
        if (s->address_bytes == s->part->address_bytes) {
            s->address = (s->address + s->block * BLOCK) % s->part->size;
        }
        return 0;
    }
    in_page = s->address % s->part->page;
    s->page[in_page] = byte;
    s->written[in_page] = true;
    s->pending = true;
    s->address = s->address - in_page + (in_page + 1) % s->part->page;
    return 0;
}

static uint8_t eeprom_receive(I2CSlave *slave)
{
    PIC32Eeprom *s = PIC32_EEPROM(slave);
    uint8_t byte = s->memory.data[s->address % s->part->size];

    s->address = (s->address + 1) % s->part->size;
    return byte;
}

static void eeprom_realize(DeviceState *dev, Error **errp)
{
    PIC32Eeprom *s = PIC32_EEPROM(dev);
    uint8_t address = I2C_SLAVE(dev)->address;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!g_strcmp0(parts[i].name, s->part_name)) {
            s->part = &parts[i];
        }
    }
    if (!s->part) {
        error_setg(errp, "no EEPROM part '%s'", s->part_name ?: "");
        return;
    }
    if (address % eeprom_blocks(s)) {
        error_setg(errp, "a %s takes %u addresses: expected a multiple of that,"
                   " found 0x%02x", s->part->name, eeprom_blocks(s), address);
        return;
    }
    pic32_memory_part_init(&s->memory, s->part->size, errp);
}

static const VMStateDescription vmstate_eeprom = {
    .name = TYPE_PIC32_EEPROM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_I2C_SLAVE(parent_obj, PIC32Eeprom),
        VMSTATE_PIC32_MEMORY_PART(memory, PIC32Eeprom),
        VMSTATE_UINT8(block, PIC32Eeprom),
        VMSTATE_UINT8(address_bytes, PIC32Eeprom),
        VMSTATE_UINT32(address, PIC32Eeprom),
        VMSTATE_UINT8_ARRAY(page, PIC32Eeprom, MAX_PAGE),
        VMSTATE_UINT8_ARRAY(written, PIC32Eeprom, MAX_PAGE),
        VMSTATE_BOOL(pending, PIC32Eeprom),
        VMSTATE_INT64(ready, PIC32Eeprom),
        VMSTATE_END_OF_LIST()
    }
};

static Property eeprom_properties[] = {
    DEFINE_PROP_STRING("part", PIC32Eeprom, part_name),
    DEFINE_PIC32_MEMORY_PART_PROPERTIES(memory, PIC32Eeprom),
    DEFINE_PROP_END_OF_LIST(),
};

static void eeprom_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    I2CSlaveClass *sc = I2C_SLAVE_CLASS(klass);

    dc->realize = eeprom_realize;
    dc->vmsd = &vmstate_eeprom;
    dc->desc = "24-series I2C EEPROM";
    dc->user_creatable = false;
    device_class_set_props(dc, eeprom_properties);
    sc->event = eeprom_event;
    sc->send = eeprom_send;
    sc->recv = eeprom_receive;
    sc->match_and_add = eeprom_match;
}

static const TypeInfo eeprom_types[] = {
    {
        .name = TYPE_PIC32_EEPROM,
        .parent = TYPE_I2C_SLAVE,
        .instance_size = sizeof(PIC32Eeprom),
        .class_init = eeprom_class_init,
    },
};

DEFINE_TYPES(eeprom_types)
