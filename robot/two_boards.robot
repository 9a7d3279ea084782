# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Two boards with the same firmware on one cable. Network `wire`: they run in turns, the same in every run.
Resource            board.resource
Library             pic32bench.robot.Pic32Bench    AS    Second
Suite Setup         Set Library Search Order    ${FIRST}
Test Teardown       Switch Both Off


*** Variables ***
${FIRST}            pic32bench.robot.Pic32Bench
${SECOND BOARD}     ${CURDIR}${/}second-board.toml


*** Test Cases ***
Two That Want The Same Address Take Two
    [Documentation]    Both would begin with the same address. Whose probe is first keeps it (RFC 3927 2.2.1).
    Power Up Both
    ${one}    ${other}=    Both Have Addresses
    Should Not Be Equal    ${one}    ${other}
    Should Be True    $FIRST_ADDRESS in ($one, $other)
    Both Should Be Reached    ${one}    ${other}

One That Comes Later Takes Another Address
    Power Up    wire    quantum=0.02
    Wait For The First Address
    Second.Start Emulation    board=${SECOND BOARD}    image=${IMAGE}    beside=${FIRST}    quantum=0.02
    Second.Wait For ARP Probe    ${FIRST ADDRESS}
    ${line}=    Second.Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=20
    Should Not Be Equal    ${line.groups}[0]    ${FIRST ADDRESS}
    Should Not Be On Uart    IP Address:    timeout=1
    Both Should Be Reached    ${FIRST ADDRESS}    ${line.groups}[0]

One Server Gives Both An Address
    Power Up Both
    Neighbour Serves DHCP
    Wait For An Address From DHCP
    ${line}=    Second.Wait For Line On Uart    IP Address: (10\\.0\\.2\\.\\d+)    treatAsRegex=true    timeout=20
    Address Should Answer Ping    10.0.2.15
    Address Should Answer Ping    10.0.2.16

Both Answer To The Name They Share
    [Documentation]    The firmware registers no name, so nobody objects: who asks gets two answers, and takes the first.
    Power Up Both
    ${one}    ${other}=    Both Have Addresses
    ${answer}=    Ask For Name    ${NAME}
    Should Be Equal    ${answer}    ${one}
    ${answer}=    Second.Ask For Name    ${NAME}
    Should Be Equal    ${answer}    ${other}

Two Boards Run The Same Each Time
    Power Up Both
    Both Have Addresses
    ${frames}=    Frames On The Wire
    Power Up Both
    Both Have Addresses
    ${frames again}=    Frames On The Wire
    Should Be Equal    ${frames}    ${frames again}


*** Keywords ***
Power Up Both
    Switch Both Off
    Power Up    wire    quantum=0.02
    Second.Start Emulation    board=${SECOND BOARD}    image=${IMAGE}    beside=${FIRST}    quantum=0.02

Switch Both Off
    Second.Stop Emulation
    Stop Emulation

Both Have Addresses
    ${one}=    Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=25
    ${other}=    Second.Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=25
    RETURN    ${one.groups}[0]    ${other.groups}[0]

Both Should Be Reached
    [Arguments]    ${one}    ${other}
    Address Should Answer Ping    ${one}
    Address Should Answer Ping    ${other}
    Address Should Answer    ${one}
    Second.Address Should Answer    ${other}
