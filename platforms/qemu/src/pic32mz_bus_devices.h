/*
 * Devices on a board's SPI and I2C buses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_BUS_DEVICES_H
#define HW_MIPS_PIC32MZ_BUS_DEVICES_H

#include "pic32mz_i2c.h"
#include "pic32mz_ports.h"
#include "pic32mz_spi.h"

/*
 * Solders devices to a bus of the chip, as the machine properties spi1 to spi6
 * and i2c1 to i2c5 say: "PART@SELECT", "PART@ADDRESS", each with ":ro=FILE" or
 * ":rw=FILE" behind it or not, and ";" between two. name is the property's.
 */
bool pic32_attach_spi(PIC32Spi *spi, PIC32Ports *ports, const char *name,
                      const char *devices, Error **errp);
bool pic32_attach_i2c(PIC32I2c *i2c, const char *name, const char *devices,
                      Error **errp);

#endif
