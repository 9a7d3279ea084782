# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       What a normal session needs of the chip's RAM stays within the limits of firmware/footprint.toml.
Library             OperatingSystem
Resource            board.resource
Suite Teardown      Stop Emulation


*** Test Cases ***
A Normal Session Stays Within Its Limits
    Power Up    wire    quantum=0.02
    Neighbour Serves DHCP
    Wait For An Address From DHCP
    Page Should Need No Internet
    Open Stream
    Send Stream Command    StartStream
    Stream Should Be Noise
    Press Switch    SW1
    Stream Should Be Ramp
    Message Should Be Echoed    Hello, board!
    Send Stream Command    StopStream
    Memory Should Fit

Limits Are Those Of The Table
    [Documentation]    The board is as the test before has left it: nothing had to be asked for before it ran.
    ${table}=    Set Variable    ${OUTPUT DIR}${/}too-small.toml
    Create File    ${table}    [[stack]]\nname = "main"\nmax = 64\n
    Run Keyword And Expect Error    *stack main: * over its limit of 64*    Memory Should Fit    budget=${table}
