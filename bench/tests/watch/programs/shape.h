/* SPDX-License-Identifier: MIT
 * What the programs share. Built with -DISA=micromips or -DISA=nomicromips.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "guest.h"

/* A function that stays one, in the instruction set that is looked at. */
#define SHAPE __attribute__((noinline, noclone, ISA))

#define MICROMIPS_micromips 1
#define MICROMIPS_nomicromips 0
#define JOIN(a, b) a##b
#define IS(isa) JOIN(MICROMIPS_, isa)
#define IS_MICROMIPS IS(ISA)

/* An object where the linker puts it: right behind the one before. */
#define OBJECT(type, name, count)                                                               \
    extern volatile type name[count];                                                           \
    __asm__(".section .bss.objects, \"aw\", @nobits\n\t.globl " #name "\n\t.type " #name ", @object\n\t"  \
            ".size " #name ", " #count " * " SIZE_##type "\n" #name ":\n\t.space " #count " * " SIZE_##type    \
            "\n\t.previous")
#define SIZE_uint8_t "1"
#define SIZE_uint32_t "4"
#define ALIGN(bytes) __asm__(".section .bss.objects\n\t.balign " #bytes "\n\t.previous")

#endif
