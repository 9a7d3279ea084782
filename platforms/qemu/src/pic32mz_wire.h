/*
 * The wire: raw Ethernet frames in newline-delimited JSON on a chardev
 *
 * QEMU interface:
 *  + property "chardev": the host's end
 *  + link "inputs": through which frames come
 *  + link "eth": the Ethernet controller whose cable it is
 *  + link "panel": says that the machine stands still, see stop-on-frame
 *
 * From the host, one JSON object a line; times are ns of virtual time:
 *  {"frame":"<hex>"}           begins to arrive now
 *  {"frame":"<hex>","at":N}    begins to arrive at N
 *  {"frame":"<hex>","fcs":"<hex>"}
 *                              not padded, and with this FCS (as it travels,
 *                              four bytes): runts and damaged frames
 *  {"stop-on-frame":true}      from now on every sent frame stops the machine
 * To the host:
 *  {"t":N,"frame":"<hex>"}     the last bit of a frame left at N
 *  {"t":N,"error":"..."}       a line from the host made no sense
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_WIRE_H
#define HW_MIPS_PIC32MZ_WIRE_H

#include "qom/object.h"

#define TYPE_PIC32_WIRE "pic32mz-wire"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Wire, PIC32_WIRE)

#endif
