/*
 * PIC32MZ I2C
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_I2C_H
#define HW_MIPS_PIC32MZ_I2C_H

#include "hw/i2c/i2c.h"
#include "qom/object.h"
#include "pic32mz_ports.h"

#define TYPE_PIC32_I2C "pic32mz-i2c"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32I2c, PIC32_I2C)

#define PIC32_N_I2CS 5

/* Interrupt outputs: bus collision, slave, master. Clock input: "pbclk". */

/* What is soldered to the module's pins. */
I2CBus *pic32_i2c_bus(PIC32I2c *s);

/*
 * The chip's modules, index 0 is I2C1: one whose pins the board joins to
 * another's is its slave. The array must live as long as the module.
 */
void pic32_i2c_set_peers(PIC32I2c *s, PIC32I2c *const peers[PIC32_N_I2CS]);

/* The board has pull-ups on the module's SDA and SCL. */
void pic32_i2c_pull_up(PIC32I2c *s);

#endif
