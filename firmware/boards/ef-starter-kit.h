/* SPDX-License-Identifier: MIT */
/* PIC32MZ EF Starter Kit, DM320007: pins of the board. Facts: its user's guide (DS70005230). */
#ifndef BOARD_H
#define BOARD_H

/* Clocks: 24 MHz oscillator module on OSC1, 200 MHz SYSCLK from the PLL (config_words.c, clock.c). */
#define BOARD_SYSCLK_HZ   200000000u
#define BOARD_PBCLK2_HZ   100000000u
#define BOARD_PBCLK5_HZ   100000000u

/* Console: UART2 to the USB bridge, TX on RB14 and RX on RG6. RB14 is also SW3's pin, so SW3 is given up. */
#define BOARD_CONSOLE_BAUD 115200u

/* Switches: to ground, with the chip's own pull-ups. */
#define BOARD_SWITCHES    { 1u << 12, 1u << 13 }    /* SW1 RB12, SW2 RB13 */
#define BOARD_SWITCH_PINS ((1u << 12) | (1u << 13))

/* LEDs on port H, lit when high. */
#define BOARD_LED1        (1u << 0)                 /* red */
#define BOARD_LED2        (1u << 1)                 /* yellow */
#define BOARD_LED3        (1u << 2)                 /* green */

/* LAN8740A on RMII, MIIM address 0. */
#define BOARD_PHY_ADDRESS 0u

#endif
