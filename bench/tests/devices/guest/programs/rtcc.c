/* SPDX-License-Identifier: MIT
 * Real-time clock: set as drivers do (unlock, RTCWREN, clock off, source, time, clock on), read by RTCSYNC and
 * twice; HALFSEC; an alarm every half second by interrupt (DS60001320 chapter 25). Seconds pass in WAIT.
 * Time: 1200 ms
 */
#include "guest.h"

#define RTCCON      SFR(0x1F800C00)
#define RTCCONCLR   SFR(0x1F800C04)
#define RTCCONSET   SFR(0x1F800C08)
#define RTCALRM     SFR(0x1F800C10)
#define RTCALRMCLR  SFR(0x1F800C14)
#define RTCALRMSET  SFR(0x1F800C18)
#define RTCTIME     SFR(0x1F800C20)
#define RTCDATE     SFR(0x1F800C30)
#define ALRMTIME    SFR(0x1F800C40)
#define ALRMDATE    SFR(0x1F800C50)

#define RTCWREN     (1 << 3)
#define RTCSYNC     (1 << 2)
#define RTCCLKON    (1 << 6)
#define ON          (1 << 15)
#define ALRMEN      (1 << 15)
#define ALRMSYNC    (1 << 12)
#define PIV         (1 << 13)
#define CHIME       (1 << 14)
#define AMASK_DAY   (6 << 8)
#define VECTOR_RTCC 166

static volatile uint32_t alarms;

static void __attribute__((interrupt("eic"))) alarm_handler(void)
{
    alarms++;
    IFSCLR(VECTOR_RTCC) = BIT(VECTOR_RTCC);
}

static uint32_t read_twice(volatile uint32_t *reg)
{
    uint32_t value, again = *reg;

    do {
        value = again;
        again = *reg;
    } while (value != again);
    return value;
}

static void wait_for_alarms(uint32_t count)
{
    while (alarms < count) {
        __asm__ volatile("wait");
    }
}

int main(void)
{
    unlock();
    RTCCONSET = RTCWREN;
    SYSKEY = 0;
    CHECK(RTCCON & RTCWREN);
    RTCCONCLR = ON;
    while (RTCCON & RTCCLKON) {
    }
    RTCCONCLR = 3 << 9;                 /* LPRC */
    RTCTIME = 0x23595900;
    RTCDATE = 0x24022804;               /* a leap day comes next */
    RTCCONSET = ON;
    while (!(RTCCON & RTCCLKON)) {
    }
    RTCALRMCLR = ALRMEN;
    while (RTCALRM & ALRMSYNC) {
    }
    RTCALRM = 0;                        /* every half second, no repeat */
    ALRMTIME = 0;
    ALRMDATE = 0;
    INTCON = INTCON_MVEC;
    attach(VECTOR_RTCC, alarm_handler, 3, 0);
    interrupts_on();
    RTCALRMSET = ALRMEN;

    wait_for_alarms(1);
    CHECK(RTCCON & 2);                  /* HALFSEC */
    CHECK(!(RTCALRM & ALRMEN));
    RTCALRM = AMASK_DAY;                /* midnight */
    RTCALRMSET = ALRMEN | CHIME;
    wait_for_alarms(2);
    while (RTCCON & RTCSYNC) {
    }
    CHECK(read_twice(&RTCTIME) == 0);
    CHECK(read_twice(&RTCDATE) == 0x24022905);
    CHECK(RTCALRM == (ALRMEN | CHIME | PIV | AMASK_DAY | 0xFF));
    return 0;
}
