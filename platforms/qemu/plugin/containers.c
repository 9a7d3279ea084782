/*
 * Lists that grow, and tables
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "watch.h"

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fprintf(stderr, "watch: out of memory\n");
        exit(1);
    }
    return memory;
}

void *list_add(List *list, size_t size)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->entries = realloc(list->entries, list->room * size);
        if (!list->entries) {
            fprintf(stderr, "watch: out of memory\n");
            exit(1);
        }
    }
    return (char *)list->entries + list->count++ * size;
}

static size_t hash(uint32_t a, uint32_t b, size_t room)
{
    return ((a >> 1) * UINT64_C(0x9e3779b97f4a7c15) ^
            (b >> 1) * UINT64_C(0xc2b2ae3d27d4eb4f)) >> 20 & (room - 1);
}

static void **table_slot(void **slots, size_t room, uint32_t a, uint32_t b)
{
    size_t at = hash(a, b, room);

    while (slots[at] && (((uint32_t *)slots[at])[0] != a ||
                         ((uint32_t *)slots[at])[1] != b)) {
        at = (at + 1) & (room - 1);
    }
    return &slots[at];
}

void *table_find(Table *table, uint32_t a, uint32_t b, size_t size)
{
    void **slot;

    if (table->count * 2 >= table->room) {
        size_t room = table->room ? table->room * 2 : 1024;
        void **slots = allocate(room, sizeof(*slots));

        for (size_t i = 0; i < table->room; i++) {
            uint32_t *entry = table->slots[i];

            if (entry) {
                *table_slot(slots, room, entry[0], entry[1]) = entry;
            }
        }
        free(table->slots);
        table->slots = slots;
        table->room = room;
    }
    slot = table_slot(table->slots, table->room, a, b);
    if (!*slot) {
        *slot = allocate(1, size);
        ((uint32_t *)*slot)[0] = a;
        ((uint32_t *)*slot)[1] = b;
        table->count++;
    }
    return *slot;
}
