/*
 * PIC32MZ SPI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_SPI_H
#define HW_MIPS_PIC32MZ_SPI_H

#include "hw/ssi/ssi.h"
#include "qom/object.h"

#define TYPE_PIC32_SPI "pic32mz-spi"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Spi, PIC32_SPI)

#define PIC32_N_SPIS 6

/*
 * Interrupt outputs: fault, receive, transmit. Clock inputs: "pbclk" and
 * "refclk" (MCLKSEL), which may be left unconnected.
 */

/* What is soldered to the module's pins. */
SSIBus *pic32_spi_bus(PIC32Spi *s);

/* The board has selected a device on the bus (true), or let go of it. */
void pic32_spi_select(PIC32Spi *s, bool selected);

/*
 * The chip's modules, index 0 is SPI1: a slave is clocked by the one whose
 * pins are joined to its own. The array must live as long as the module.
 */
void pic32_spi_set_peers(PIC32Spi *s, PIC32Spi *const peers[PIC32_N_SPIS]);

#endif
