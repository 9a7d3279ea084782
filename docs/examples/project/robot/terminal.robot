# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       What a person does at the terminal. Run with --variable IMAGE:build/release/echo.elf
Library             pic32bench.robot.Pic32Bench
Test Setup          Power Up
Test Teardown       Reset Emulation


*** Test Cases ***
A Line Is Said Again
    Wait For Line On Uart    echo: ready
    Write Line To Uart    hello
    Wait For Line On Uart    you said hello

Half A Screen Line Is Not Lost
    ${text}=    Evaluate    "0123456789" * 4
    Wait For Line On Uart    echo: ready
    Write Line To Uart    ${text}
    Wait For Line On Uart    you said ${text}


*** Keywords ***
Power Up
    Start Emulation    image=${IMAGE}    network=none
    Create Terminal Tester    uart2    timeout=0.2
