/* SPDX-License-Identifier: MIT */
/*
 * Configuration words DEVCFG3..DEVCFG0, read by the chip at reset. DS60001320 34.1.
 * Values: erased bits are 1; the fields that matter are spelled out.
 */
#include <stdint.h>

/* DEVCFG3: FETHIO = 1 default Ethernet pins, FMIIEN = 0 RMII, FUSBIDIO = 0, the 1WAY locks on. */
#define DEVCFG3_FMIIEN    (1u << 24)
#define DEVCFG3_FUSBIDIO  (1u << 30)
#define DEVCFG3 (0xFFFFFFFFu & ~DEVCFG3_FMIIEN & ~DEVCFG3_FUSBIDIO)

/* DEVCFG2: PLL from the 24 MHz primary oscillator: 24 MHz / 3 = 8 MHz, x 50 = 400 MHz, / 2 = 200 MHz. */
#define FPLLIDIV_DIV_3    2u
#define FPLLRNG_5_10_MHZ  (1u << 4)
#define FPLLICLK_POSC     (0u << 7)
#define FPLLMULT_50       (49u << 8)
#define FPLLODIV_DIV_2    (1u << 16)
#define DEVCFG2_UNUSED    0xFFF88008u
#define DEVCFG2 (DEVCFG2_UNUSED | FPLLIDIV_DIV_3 | FPLLRNG_5_10_MHZ | FPLLICLK_POSC | FPLLMULT_50 | FPLLODIV_DIV_2)

/* DEVCFG1: start on the PLL, POSC is an external clock, no secondary oscillator, both watchdogs off. */
#define FNOSC_SPLL        1u
#define DMTINTV_127_128   (7u << 3)
#define POSCMOD_EC        (0u << 8)
#define OSCIOFNC_OFF      (1u << 10)
#define FCKSM_SWITCHING   (1u << 14)
#define WDTPS_PS1048576   (20u << 16)
#define WDTSPGM_STOP      (1u << 21)
#define WINDIS_NORMAL     (1u << 22)
#define FWDTWINSZ_25      (3u << 24)
#define DMTCNT_DMT31      (23u << 26)
#define DEVCFG1_UNUSED    0x00003800u
#define DEVCFG1 (DEVCFG1_UNUSED | FNOSC_SPLL | DMTINTV_127_128 | POSCMOD_EC | OSCIOFNC_OFF | FCKSM_SWITCHING | \
                 WDTPS_PS1048576 | WDTSPGM_STOP | WINDIS_NORMAL | FWDTWINSZ_25 | DMTCNT_DMT31)

/* DEVCFG0: boots in MIPS32, ICSP on PGx2 as the starter kit is wired, JTAG and trace off, flash ECC not locked. */
#define DEBUG_OFF         3u
#define ICESEL_PGX2       (2u << 3)
#define BOOTISA_MIPS32    (1u << 6)
#define FECCCON_UNLOCKED  (3u << 8)
#define FSLEEP_OFF        (1u << 10)
#define DBGPER_ALL        (7u << 12)
#define SMCLR_NORMAL      (1u << 15)
#define OSC_GAINS         0x003F0000u
#define EJTAGBEN_NORMAL   (1u << 30)
#define DEVCFG0_UNUSED    0xBFC00080u
#define DEVCFG0 (DEVCFG0_UNUSED | DEBUG_OFF | ICESEL_PGX2 | BOOTISA_MIPS32 | FECCCON_UNLOCKED | FSLEEP_OFF | \
                 DBGPER_ALL | SMCLR_NORMAL | OSC_GAINS | EJTAGBEN_NORMAL)

/* 0x1FC0FFC0, in the order of their addresses. DEVCP0, DEVSIGN0 and the boot panels' sequence words stay erased:
 * no code protection, panel 1 is the lower one. */
const uint32_t configuration_words[4] __attribute__((section(".config"), used)) = { DEVCFG3, DEVCFG2, DEVCFG1, DEVCFG0 };
