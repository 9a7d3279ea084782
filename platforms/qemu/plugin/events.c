/*
 * Calls of some functions: when, with what, and what came of it
 *
 * A call ends where its return address is reached with the stack pointer that
 * it began with, so calls within calls and interrupts do not matter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include "watch.h"

#define PENDING 256             /* calls at a time; the oldest are given up */

/* As it is written: little endian, like the host */
typedef struct Event {
    int64_t time, end;          /* -1: it has not returned */
    uint32_t function, ra, sp, arguments[4], result;
} Event;

static List entries;            /* of uint32_t */
static List events;             /* of Event */
static size_t pending[PENDING];
static unsigned pending_count;

void events_add(uint32_t entry)
{
    *(uint32_t *)list_add(&entries, sizeof(uint32_t)) = entry;
}

void events_reset(void)
{
    pending_count = 0;
}

static void forget(unsigned which)
{
    memmove(&pending[which], &pending[which + 1],
            (--pending_count - which) * sizeof(pending[0]));
}

static void on_entry(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;
    const uint32_t *gpr = pic32_watch_gpr();
    Event *event = events.entries;

    (void)vcpu;
    for (unsigned i = 0; i < pending_count; i++) {
        const Event *open = &event[pending[i]];

        /* a loop that goes back to the first instruction */
        if (open->function == insn->pc && open->ra == (gpr[REG_RA] & ~1) &&
            open->sp == gpr[REG_SP]) {
            return;
        }
    }
    if (pending_count == PENDING) {
        forget(0);
    }
    pending[pending_count++] = events.count;
    event = list_add(&events, sizeof(Event));
    *event = (Event) {
        .time = pic32_watch_moment(insn->ahead).time, .end = -1,
        .function = insn->pc, .ra = gpr[REG_RA] & ~1, .sp = gpr[REG_SP],
    };
    memcpy(event->arguments, &gpr[REG_A0], sizeof(event->arguments));
}

static void on_block(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;
    Event *all = events.entries;

    (void)vcpu;
    for (unsigned i = pending_count; i-- > 0;) {
        Event *event = &all[pending[i]];
        const uint32_t *gpr = pic32_watch_gpr();

        if (event->ra == insn->pc && event->sp == gpr[REG_SP]) {
            event->end = pic32_watch_moment(insn->ahead).time;
            event->result = gpr[REG_V0];
            forget(i);
        }
    }
}

void events_translate(struct qemu_plugin_insn *insn, Insn *about, bool first)
{
    const uint32_t *all = entries.entries;

    if (!entries.count) {
        return;
    }
    if (first) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_block,
                                               QEMU_PLUGIN_CB_R_REGS, about);
    }
    for (size_t i = 0; i < entries.count; i++) {
        if (((all[i] ^ about->pc) & PHYSICAL) == 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, on_entry, QEMU_PLUGIN_CB_R_REGS, about);
        }
    }
}

void events_write(FILE *out)
{
    write_section(out, "events", events.entries, events.count, sizeof(Event));
}
