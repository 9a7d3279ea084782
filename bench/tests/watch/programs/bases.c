/* SPDX-License-Identifier: MIT
 * Single stores right behind the object that the code indexes, where the next begins; and many that only look like
 * it. test_bases.py knows them.
 */
#include "shape.h"

#define SIZE_Record "16"
#define ELEMENTS_BEFORE(type, name, bytes)                                                      \
    extern volatile type before_##name[];                                                       \
    __asm__(".globl before_" #name "\n\t.set before_" #name ", " #name " - " #bytes "\n\t"            \
            ".size before_" #name ", 0")

typedef struct Record {
    uint32_t number;
    uint8_t name[8], rest[4];
} Record;

OBJECT(uint8_t, text, 16);
OBJECT(uint8_t, behind_text, 16);
OBJECT(uint32_t, words, 6);
OBJECT(uint32_t, behind_words, 5);
OBJECT(uint8_t, pairs, 20);
OBJECT(uint8_t, behind_pairs, 12);
OBJECT(uint8_t, grid, 32);
OBJECT(uint8_t, behind_grid, 16);
OBJECT(uint8_t, chosen, 12);
OBJECT(uint8_t, behind_chosen, 16);
OBJECT(uint8_t, hoisted, 16);
OBJECT(uint8_t, behind_hoisted, 24);
OBJECT(uint8_t, places, 3);
ALIGN(4);
OBJECT(uint8_t, tiny, 8);
OBJECT(uint8_t, behind_tiny, 8);
OBJECT(Record, records, 4);
OBJECT(Record, behind_records, 2);
/* what is used as it should be */
OBJECT(uint32_t, scalar, 1);
OBJECT(uint32_t, from_one, 8);
OBJECT(Record, record, 1);
OBJECT(Record, records_from_one, 4);
OBJECT(uint8_t, line, 48);
OBJECT(uint8_t, digits, 12);
OBJECT(uint8_t, header, 20);
OBJECT(uint8_t, after_header, 44);
OBJECT(Record, member, 2);
OBJECT(uint8_t, left, 16);
OBJECT(uint8_t, right, 16);
OBJECT(uint8_t, matrix, 32);
OBJECT(uint8_t, from_end, 20);
OBJECT(uint8_t, last, 16);
/* These with a constant taken off their index, as compilers may have it: that is where the one before begins. */
ELEMENTS_BEFORE(uint32_t, from_one, 4);
ELEMENTS_BEFORE(Record, records_from_one, 16);
ELEMENTS_BEFORE(uint8_t, digits, 48);
ELEMENTS_BEFORE(uint8_t, after_header, 20);

static uint8_t *volatile place;

SHAPE void end_text(uint32_t n);
SHAPE void end_text(uint32_t n)
{
    text[n] = 0;
}

SHAPE void put_word(uint32_t n, uint32_t value);
SHAPE void put_word(uint32_t n, uint32_t value)
{
    words[n] = value;
}

SHAPE void put_pair(uint32_t n);
SHAPE void put_pair(uint32_t n)
{
    ((volatile uint16_t *)pairs)[n] = n;
}

SHAPE void put_cell(uint32_t row, uint32_t column);
SHAPE void put_cell(uint32_t row, uint32_t column)
{
    ((volatile uint8_t (*)[8])grid)[row][column] = row;
}

SHAPE void put_if(uint32_t n, uint32_t value);
SHAPE void put_if(uint32_t n, uint32_t value)
{
    if (value & 1) {
        chosen[n] = value;
    } else {
        chosen[0] = value;
    }
}

SHAPE void put_ordered(const volatile uint8_t *order, const volatile uint8_t *end);
SHAPE void put_ordered(const volatile uint8_t *order, const volatile uint8_t *end)
{
    for (; order < end; order++) {
        hoisted[*order] = 1;
    }
}

SHAPE void put_tiny(uint32_t n);
SHAPE void put_tiny(uint32_t n)
{
    tiny[n] = n;
}

SHAPE void put_record(uint32_t n);
SHAPE void put_record(uint32_t n)
{
    records[n].number = n;
}

/* --- nothing wrong with these */

SHAPE void put_from_one(uint32_t n);
SHAPE void put_from_one(uint32_t n)
{
    from_one[n - 1] = n;
    records_from_one[n - 1].number = n;
    before_from_one[n] = n;
    before_records_from_one[n].number = n;
}

SHAPE void put_digit(uint32_t c);
SHAPE void put_digit(uint32_t c)
{
    digits[c - '0'] = c;
    before_digits[c] = c;
}

SHAPE void put_after_header(uint32_t n);
SHAPE void put_after_header(uint32_t n)
{
    after_header[n - 20] = n;
    before_after_header[n] = n;
}

SHAPE void put_member(uint32_t i, uint32_t n);
SHAPE void put_member(uint32_t i, uint32_t n)
{
    member[i].name[n] = n;
    member[i].rest[n & 3] = n;
}

SHAPE void put_alternately(uint32_t n);
SHAPE void put_alternately(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        left[i] = i;
        right[i] = i;
    }
    left[n - 1] = 0;
    right[n - n] = 0;
}

SHAPE void put_either(uint32_t n, uint32_t which);
SHAPE void put_either(uint32_t n, uint32_t which)
{
    volatile uint8_t *at = which ? right : left;

    at[n] = which;
}

SHAPE void put_matrix(uint32_t row, uint32_t column);
SHAPE void put_matrix(uint32_t row, uint32_t column)
{
    ((volatile uint8_t (*)[8])matrix)[row][column] = row;
}

SHAPE void put_from_end(uint32_t n);
SHAPE void put_from_end(uint32_t n)
{
    from_end[20 - n] = n;
}

SHAPE void put_by_pointer(uint32_t n);
SHAPE void put_by_pointer(uint32_t n)
{
    uint8_t *at = (uint8_t *)left + n;

    while (n--) {
        *--at = n;
    }
    place = (uint8_t *)right;
    place[n + 1] = 0;
}

/* All of left and right, in strides that are not known */
SHAPE void put_strides(uint32_t start, uint32_t stride);
SHAPE void put_strides(uint32_t start, uint32_t stride)
{
    for (volatile uint8_t *at = left + start; at < right + 16; at += stride) {
        *at = 1;
    }
}

SHAPE void work(void);
SHAPE void work(void)
{
    for (uint32_t n = 1; n <= 2; n++) {
        put_from_one(n);
        put_after_header(20 + 8 * n);
        put_after_header(20);
        put_digit('0' + n - 1);
        put_member(n - 1, 7);
        put_alternately(16);
        put_either(0, n - 1);
        put_either(15, n - 1);
        put_matrix(3, 7);
        put_matrix(n, n);
        put_from_end(n);
        put_from_end(20);
        put_by_pointer(16);
        put_strides(0, 16);
        put_tiny(n);
    }
    places[0] = 3;
    places[1] = 1;
    places[2] = 16;
#ifdef WRONG
    end_text(16);
    put_word(6, 1);
    put_pair(10);
    put_cell(4, 0);
    put_if(12, 1);
    put_ordered(places, places + 3);
    put_tiny(8);
    put_record(4);
#else
    end_text(15);
    put_word(5, 1);
    put_pair(9);
    put_cell(3, 7);
    put_if(11, 1);
    put_ordered(places, places + 2);
    put_tiny(7);
    put_record(3);
#endif
}

int main(void)
{
    work();
    return 0;
}
