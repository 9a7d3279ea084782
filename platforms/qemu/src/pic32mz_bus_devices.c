/*
 * Devices on a board's SPI and I2C buses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "pic32mz_bus_devices.h"
#include "pic32mz_eeprom.h"
#include "pic32mz_nor.h"

/* "PART@PLACE:rw=FILE" in its pieces. */
typedef struct BusDevice {
    const char *text;
    char *part;
    char *place;
    char *image;                /* NULL: none */
    bool keep;
} BusDevice;

static void bus_device_clear(BusDevice *device)
{
    g_free(device->part);
    g_free(device->place);
    g_free(device->image);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BusDevice, bus_device_clear)

/* A flash's select pin. */
typedef struct SelectPin {
    PIC32PinWatch watch;
    PIC32Spi *spi;
    qemu_irq line;
    PIC32Pin pin;
    bool selected;
} SelectPin;

static bool bus_device_parse(BusDevice *device, const char *name,
                             const char *place, Error **errp)
{
    const char *at = strchr(device->text, '@');
    const char *image = at ? strchr(at, ':') : NULL;

    if (!at || at == device->text) {
        error_setg(errp, "%s: '%s': expected PART@%s, such as %s", name,
                   device->text, place,
                   place[0] == 'P' ? "w25q80@RD4" : "24c02@0x50");
        return false;
    }
    device->part = g_strndup(device->text, at - device->text);
    device->place = image ? g_strndup(at + 1, image - at - 1)
                          : g_strdup(at + 1);
    if (!image) {
        return true;
    }
    device->keep = strstart(image, ":rw=", &image);
    if ((!device->keep && !strstart(image, ":ro=", &image)) || !*image) {
        error_setg(errp, "%s: '%s': expected ro=FILE or rw=FILE behind the "
                   "colon", name, device->text);
        return false;
    }
    device->image = g_strdup(image);
    return true;
}

static bool bus_device_known(const BusDevice *device, const char *name,
                             const char *(*part_name)(unsigned n),
                             Error **errp)
{
    g_autoptr(GString) known = g_string_new("");
    unsigned n;

    for (n = 0; part_name(n); n++) {
        if (!strcmp(part_name(n), device->part)) {
            return true;
        }
        g_string_append_printf(known, "%s%s", n ? ", " : "", part_name(n));
    }
    error_setg(errp, "%s: no part '%s' can be attached: there are %s", name,
               device->part, known->str);
    return false;
}

static void bus_device_set(DeviceState *dev, const BusDevice *device)
{
    qdev_prop_set_string(dev, "part", device->part);
    if (device->image) {
        qdev_prop_set_string(dev, "image", device->image);
        qdev_prop_set_bit(dev, "keep", device->keep);
    }
}

/* What is not driven low does not select: the board has a pull-up there. */
static void select_pin_output(void *opaque, PIC32Pin pin, int level)
{
    SelectPin *select = opaque;
    bool selected = level == 0;

    if (pin == select->pin && selected != select->selected) {
        select->selected = selected;
        pic32_spi_select(select->spi, selected);
        qemu_set_irq(select->line, !selected);
    }
}

static bool attach_flash(PIC32Spi *spi, PIC32Ports *ports, const char *name,
                         const char *text, Error **errp)
{
    g_auto(BusDevice) device = { .text = text };
    SelectPin *select;
    DeviceState *dev;
    PIC32Pin pin;

    if (!bus_device_parse(&device, name, "PIN", errp) ||
        !bus_device_known(&device, name, pic32_nor_part_name, errp)) {
        return false;
    }
    pin = pic32_pin_parse(device.place);
    if (!pic32_ports_has(ports, pin)) {
        error_setg(errp, "%s: '%s': the chip has no pin '%s'", name, text,
                   device.place);
        return false;
    }
    dev = qdev_new(TYPE_PIC32_NOR);
    bus_device_set(dev, &device);
    if (!ssi_realize_and_unref(dev, pic32_spi_bus(spi), errp)) {
        error_prepend(errp, "%s: ", name);
        return false;
    }
    select = g_new0(SelectPin, 1);
    select->spi = spi;
    select->pin = pin;
    select->line = qdev_get_gpio_in_named(dev, SSI_GPIO_CS, 0);
    select->watch.output = select_pin_output;
    select->watch.opaque = select;
    qemu_set_irq(select->line, 1);
    pic32_ports_watch(ports, &select->watch);
    return true;
}

bool pic32_attach_spi(PIC32Spi *spi, PIC32Ports *ports, const char *name,
                      const char *devices, Error **errp)
{
    g_auto(GStrv) texts = g_strsplit(devices ?: "", ";", -1);
    unsigned i;

    for (i = 0; texts[i]; i++) {
        if (!attach_flash(spi, ports, name, texts[i], errp)) {
            return false;
        }
    }
    return true;
}

static bool attach_eeprom(PIC32I2c *i2c, const char *name, const char *text,
                          Error **errp)
{
    g_auto(BusDevice) device = { .text = text };
    unsigned address;
    I2CSlave *slave;

    if (!bus_device_parse(&device, name, "ADDRESS", errp) ||
        !bus_device_known(&device, name, pic32_eeprom_part_name, errp)) {
        return false;
    }
    if (qemu_strtoui(device.place, NULL, 0, &address) || address < 0x08 ||
        address > 0x77) {
        error_setg(errp, "%s: '%s': expected a 7-bit address from 0x08 to 0x77,"
                   " found '%s'", name, text, device.place);
        return false;
    }
    slave = i2c_slave_new(TYPE_PIC32_EEPROM, address);
    bus_device_set(DEVICE(slave), &device);
    if (!i2c_slave_realize_and_unref(slave, pic32_i2c_bus(i2c), errp)) {
        error_prepend(errp, "%s: ", name);
        return false;
    }
    return true;
}

bool pic32_attach_i2c(PIC32I2c *i2c, const char *name, const char *devices,
                      Error **errp)
{
    g_auto(GStrv) texts = g_strsplit(devices ?: "", ";", -1);
    unsigned i;

    for (i = 0; texts[i]; i++) {
        if (!attach_eeprom(i2c, name, texts[i], errp)) {
            return false;
        }
    }
    if (i) {
        pic32_i2c_pull_up(i2c);
    }
    return true;
}
