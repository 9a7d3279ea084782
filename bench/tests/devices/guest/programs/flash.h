/* SPDX-License-Identifier: MIT
 * Self-programming of flash: what must not be fetched from the panel that is written lies in section `ramcode` and runs
 * from its copy in RAM (FRM section 52, DS60001193).
 */
#ifndef FLASH_H
#define FLASH_H

#include "guest.h"

#define NVMCON      SFR(0x1F800600)
#define NVMCONCLR   SFR(0x1F800604)
#define NVMCONSET   SFR(0x1F800608)
#define NVMKEY      SFR(0x1F800610)
#define NVMADDR     SFR(0x1F800620)
#define NVMDATA(n)  SFR(0x1F800630 + (n) * 0x10)
#define NVMBWPCLR   SFR(0x1F800694)
#define NVMCON_WR   (1 << 15)
#define NVMCON_WREN (1 << 14)
#define NVMCON_ERRORS (3 << 12)
#define NVMCON_PFSWAP (1 << 7)
#define NVMCON_BFSWAP (1 << 6)
#define NVM_QUAD_WORD   2
#define NVM_PAGE_ERASE  4

extern const uint32_t __start_ramcode[], __stop_ramcode[];
static uint32_t ram_copy[64];

#define RAMCODE __attribute__((section("ramcode"), noinline, noclone))
/* The copy of a ramcode function, through the uncached window. */
#define IN_RAM(function) \
    ((__typeof__(&function))((uint32_t)ram_copy + 0x20000000 + (uint32_t)&function - (uint32_t)__start_ramcode))

static inline void copy_ramcode(void)
{
    volatile uint32_t *to = (volatile uint32_t *)((uint32_t)ram_copy + 0x20000000);
    const uint32_t *from;

    for (from = __start_ramcode; from < __stop_ramcode; from++) {
        *to++ = *from;
    }
}

static inline __attribute__((always_inline)) void nvm_unlock(void)
{
    NVMKEY = 0;
    NVMKEY = 0xAA996655;
    NVMKEY = 0x556699AA;
}

/* Runs an operation on what NVMADDR and NVMDATA hold; returns the error bits. */
static RAMCODE uint32_t nvm_operation(uint32_t operation)
{
    NVMCON = NVMCON_WREN | operation;
    nvm_unlock();
    NVMCONSET = NVMCON_WR;
    while (NVMCON & NVMCON_WR) {
    }
    NVMCONCLR = NVMCON_WREN;
    return NVMCON & NVMCON_ERRORS;
}

static inline uint32_t program_quad_word(uint32_t physical, const uint32_t words[4])
{
    uint32_t i;

    NVMADDR = physical;
    for (i = 0; i < 4; i++) {
        NVMDATA(i) = words[i];
    }
    return IN_RAM(nvm_operation)(NVM_QUAD_WORD);
}

#endif
