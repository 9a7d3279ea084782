# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The red LED blinks while the firmware runs. Times are those of the pin's edges, in the emulator.
Resource            board.resource
Test Setup          Power Up    none
Test Teardown       Stop Emulation


*** Test Cases ***
Red LED Blinks Once A Second
    ${period}=    LED Blink Period    LED1    cycles=3
    Should Be True    0.99 < ${period} < 1.01

Every Blink Is Half A Second Lit And Half A Second Dark
    Assert Led Is Blinking    testDuration=4    onDuration=0.5    offDuration=0.5    tolerance=0.01    testerId=LED1

Yellow LED Stays Dark Without A Stream
    Wait For Prompt On Uart
    Run Keyword And Expect Error    *LED2*not lit*    Assert Led State    true    timeout=3    testerId=LED2

Red LED Stands Still While The Crystal Does
    Run For    0.2
    Stop Crystal    posc
    Run Keyword And Expect Error    *LED1*did not blink*    LED Blink Period    LED1    cycles=1    timeout=3
    Start Crystal    posc
    ${period}=    LED Blink Period    LED1    cycles=3
    Should Be True    0.99 < ${period} < 1.01
