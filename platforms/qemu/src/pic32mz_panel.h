/*
 * The panel: what hands and eyes reach on the board, as JSON lines
 *
 * The contract is in platforms/qemu/README.md.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PANEL_H
#define HW_MIPS_PIC32MZ_PANEL_H

#include "hw/qdev-core.h"

#define TYPE_PIC32_PANEL "pic32mz-panel"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Panel, PIC32_PANEL)

/*
 * A sysbus device without registers. Properties: chardev; ports, eth and cru:
 * the devices that it reaches, each may be left unset.
 * All functions may be called with panel NULL: nobody is looking then.
 */

/* The chip has come out of reset; cause as in the contract. */
void pic32_panel_reset(PIC32Panel *panel, const char *cause);

/*
 * Makes the machine stand still before its next instruction, then says
 * "stopped". frame: because a frame has left. From any thread, BQL held.
 */
void pic32_panel_stop(PIC32Panel *panel, bool frame);

/* Does a "run" line that has come on another serial port. */
void pic32_panel_take_run(PIC32Panel *panel, QDict *line);

#endif
