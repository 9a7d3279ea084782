# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original boots, says so, and answers on its terminal. Network `wire`, so every run is the same.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
Test Setup          Power Up Original    wire
Test Teardown       Stop Emulation


*** Test Cases ***
Boot Log Is The Author's
    Wait For Line On Uart    TCP/IP Stack: Initialization Started
    Wait For Line On Uart    TCP/IP Stack: Initialization Ended - success
    Wait For Line On Uart    Waiting for Client Connection on port: 8088
    Wait For Line On Uart    SYS_Initialize: The MPFS2 File System is mounted.
    Wait For Line On Uart    Interface PIC32INT on host MCHPBOARD_E${SPACE * 5}- NBNS enabled
    ${line}=    Wait For Line On Uart    PIC32INT IP Address: 0.0.0.0
    Wait For Prompt On Uart
    Should Be True    $line.time < 0.1

Help Lists Commands And Groups
    Wait For Prompt On Uart    timeout=1
    Write Line To Uart    help    waitForEcho=false
    Wait For Line On Uart    Supported command groups
    Wait For Line On Uart    *** tcpip: stack commands ***
    Wait For Line On Uart    Built in commands
    Wait For Line On Uart    *** reset: Reset host ***
    Wait For Line On Uart    *** q: quit command processor ***
    Wait For Line On Uart    *** help: help ***

Netinfo Shows The Interface
    Wait For Line On Uart    IP Address: ${DEMO.fallback}
    Write Line To Uart    netinfo    waitForEcho=false
    Wait For Line On Uart    Host Name: MCHPBOARD_E${SPACE * 5}- NBNS enabled
    Wait For Line On Uart    IPv4 Address: ${DEMO.fallback}
    Wait For Line On Uart    Mask: 255.255.0.0
    Wait For Line On Uart    MAC Address: ([0-9a-f:]{17})    treatAsRegex=true
    Wait For Line On Uart    default IP address is ON
    Wait For Line On Uart    Link is UP

MAC Address Is The Chip's Or The One Compiled In
    Wait For Line On Uart    IP Address: ${DEMO.fallback}
    Write Line To Uart    netinfo    waitForEcho=false
    ${line}=    Wait For Line On Uart    MAC Address: ([0-9a-f:]{17})    treatAsRegex=true
    Should Be Equal    ${line.groups}[0]    ${MAC}

Reset Typed On The Terminal Restarts The Board
    Wait For Prompt On Uart    timeout=1
    Write Line To Uart    reset    waitForEcho=false
    Wait For Line On Uart    TCP/IP Stack: Initialization Started    timeout=3
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    software

Red LED Blinks Once A Second
    [Documentation]    It toggles when 500 ms are over, looked at by a task that runs every 8 ms: 504 ms.
    Assert Led Is Blinking    testDuration=5    onDuration=0.504    offDuration=0.504    tolerance=0.02    testerId=LED1
