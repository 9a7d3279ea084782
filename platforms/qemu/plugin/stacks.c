/*
 * How deep stacks were used, and what was on them then
 *
 * Bytes of a stack below the lowest store have BYTE_CALL, so only a store
 * that goes deeper costs something. Below the stack, as far as it is to reach,
 * a store counts if the stack pointer is there, too: then it has overflowed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "watch.h"

/* A stack pointer that is further down is on another stack. */
#define FRAME_MOST 8192

typedef struct Stack {
    Range range;
    uint32_t reach;             /* at most range.low */
    int64_t since;              /* stores before this time do not count, ns */
    uint32_t lowest;
    PIC32WatchCore *core;       /* when it was stored to */
    uint8_t *bytes;             /* from `lowest` to the end, at their place */
} Stack;

static List stacks;

void stacks_add(uint32_t low, uint32_t high, uint32_t reach, int64_t since)
{
    Stack *stack = list_add(&stacks, sizeof(Stack));

    *stack = (Stack) {
        .range = { low, high }, .reach = reach, .since = since, .lowest = high,
        .core = pic32_watch_new_core(), .bytes = allocate(high - reach, 1),
    };
}

void stacks_start(void)
{
    Stack *all = stacks.entries;

    for (size_t i = 0; i < stacks.count; i++) {
        for (uint32_t at = all[i].reach; at < all[i].range.high; at++) {
            ram_state[at] |= BYTE_CALL;
        }
    }
}

static void stack_deeper(Stack *stack, const Insn *insn, uint32_t address)
{
    PIC32WatchMoment moment = pic32_watch_moment(insn->ahead);
    uint32_t offset = address - stack->reach;

    if (moment.time < stack->since) {
        return;
    }
    for (uint32_t at = address; at < stack->lowest; at++) {
        if (!overruns_edge[at]) {
            ram_state[at] &= ~BYTE_CALL;
        }
    }
    stack->lowest = address;
    pic32_watch_take_core(stack->core, insn->pc - insn->slot, insn->slot,
                          moment);
    memcpy(stack->bytes + offset, (const uint8_t *)pic32_watch_ram() + address,
           stack->range.high - address);
}

static bool overflows(const Stack *stack, uint32_t address)
{
    uint32_t sp = pic32_watch_gpr()[29];

    return sp - KSEG0 < UNMAPPED && (sp & PHYSICAL) >= stack->reach &&
           (sp & PHYSICAL) <= address && stack->lowest - address <= FRAME_MOST;
}

void stacks_store(const Insn *insn, uint32_t address)
{
    Stack *all = stacks.entries;

    for (size_t i = 0; i < stacks.count; i++) {
        if (address < all[i].lowest &&
            (address >= all[i].range.low || overflows(&all[i], address))) {
            stack_deeper(&all[i], insn, address);
        }
    }
}

void stacks_write(FILE *out)
{
    Stack *all = stacks.entries;

    for (size_t i = 0; i < stacks.count; i++) {
        char *core = pic32_watch_core_json(all[i].core);
        bool deep = all[i].lowest < all[i].range.high;

        write_section(out, "stack", &all[i].lowest, 1, sizeof(uint32_t));
        write_section(out, "core", core, deep ? strlen(core) : 0, 1);
        write_section(out, "bytes",
                      all[i].bytes + (all[i].lowest - all[i].reach),
                      all[i].range.high - all[i].lowest, 1);
        free(core);
    }
}
