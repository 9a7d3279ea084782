# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The board boots, says so on its terminal, and answers what is typed there.
Resource            board.resource
Test Teardown       Stop Emulation


*** Test Cases ***
Boot Log Tells What Starts
    Power Up    none
    Wait For Line On Uart    TCP/IP Stack: Initialization Started
    Wait For Line On Uart    TCP/IP Stack: Initialization Ended - success    matchNextLine=true
    Wait For Line On Uart    Waiting for Client Connection on port: 8088    matchNextLine=true
    Wait For Line On Uart    Interface PIC32INT on host ${NAME} .*NBNS enabled    treatAsRegex=true    matchNextLine=true
    Wait For Line On Uart    PIC32INT IP Address: 0.0.0.0    matchNextLine=true
    Wait For Prompt On Uart    >

Board Is Ready Within A Second
    Power Up    none
    Wait For Prompt On Uart    >    timeout=1
    Provides    prompt

Help Lists The Commands
    Requires    prompt
    Write Line To Uart    help
    Wait For Line On Uart    ^help .*commands    treatAsRegex=true
    Wait For Line On Uart    ^netinfo .*network    treatAsRegex=true
    Wait For Line On Uart    ^reset .*restarts    treatAsRegex=true
    Wait For Prompt On Uart

Netinfo Shows The Interface
    Requires    prompt
    Write Line To Uart    netinfo
    Wait For Line On Uart    Host name: .*${NAME}    treatAsRegex=true
    Wait For Line On Uart    MAC address: .*00:04:A3:4B:61:B3    treatAsRegex=true
    Wait For Line On Uart    IP address: .*0\\.0\\.0\\.0    treatAsRegex=true
    Wait For Prompt On Uart

Unknown Command Is Named And Refused
    Requires    prompt
    Write Line To Uart    coffee
    Wait For Line On Uart    Unknown command: coffee
    Wait For Prompt On Uart

Typing Errors Can Be Rubbed Out
    Requires    prompt
    Write To Uart    hexx\x08\x08lp\r
    Wait For Line On Uart    ^netinfo    treatAsRegex=true
    Wait For Prompt On Uart

Reset Restarts The Board
    Requires    prompt
    Write Line To Uart    reset
    Wait For Line On Uart    Reset
    Wait For Line On Uart    Initialization Started
    Wait For Prompt On Uart

Nothing Is Said Without A Reason
    Requires    prompt
    Test If Uart Is Idle    1.5
