# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Defects of the original: its terminal. Network `wire`, so every run is the same.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
Test Setup          Power Up Original And Wait For The Prompt
Test Teardown       Stop Emulation
Test Tags           defect


*** Test Cases ***
Defect: Long Output Overwrites Itself
    [Documentation]    SendCommandPrint puts every line into one ring of 512 bytes and hands on a pointer; nothing holds
    ...                it back while the UART is still sending. `help tcpip` is longer. In revision a27d11b it hits a
    ...                line; in 5ea59dd, whose list is one line shorter, it happens to be sent in time.
    Write Line To Uart    help tcpip    waitForEcho=false
    Wait For Line On Uart    *** macinfo: Check MAC statistics ***
    ${log}=    Console Log
    Should Contain    ${log}    *** dhcps: Turn DHCP server on/off ***
    IF    $DEMO.fallback == '192.168.100.1'
        Should Not Contain    ${log}    *** dhcp: DHCP client commands ***
        Should Contain    ${log}    : DHCP client commands ***    the rest of the line
    ELSE
        Should Contain    ${log}    *** dhcp: DHCP client commands ***
    END

Defect: Echo Of Fast Typing Is Damaged
    [Documentation]    SendCommandCharacter hands on a pointer to its own stack; what is there when the UART comes to it
    ...                is sent. The command itself arrives.
    ${damaged}=    Set Variable    ${0}
    FOR    ${try}    IN RANGE    10
        ${before}=    Console Log
        Write Line To Uart    help coffee    waitForEcho=false
        Run For    ${{0.3 + $try * 0.0037}}
        ${after}=    Console Log
        ${new}=    Evaluate    $after[len($before):]
        Should Contain    ${new}    Unknown command group
        IF    'help coffee' not in $new
            ${damaged}=    Evaluate    $damaged + 1
        END
    END
    Log    ${damaged} of 10 echoes damaged    console=True
    Should Be True    ${damaged} > 0

Defect: Typing Ahead Makes The Terminal Deaf
    [Documentation]    Nobody reads the receiver while a list is printed. It overruns (U2STA.OERR), which only the
    ...                driver's error interrupt would clear, and that is never enabled (IEC4 bit 17, vector 145).
    Write To Uart    help tcpip\rhelp tcpip\rhelp tcpip\r
    Run For    1
    ${status}=    Word At    1F822210
    ${enabled}=    Word At    1F810100
    Should Be Equal As Integers    ${{$status >> 1 & 1}}    1    OERR
    Should Be Equal As Integers    ${{$enabled >> 17 & 1}}    0    UART2's error interrupt
    Write To Uart    help\r
    Should Not Be On Uart    Supported command groups    timeout=3
    Press Reset
    Wait For Line On Uart    Initialization Started
    Wait For Prompt On Uart    timeout=1
    Write To Uart    help\r
    Wait For Line On Uart    Supported command groups


*** Keywords ***
Power Up Original And Wait For The Prompt
    Power Up Original    wire
    Wait For Prompt On Uart    timeout=1

Word At
    [Documentation]    A word of the chip's memory or registers, by physical address; reads it with QEMU's monitor.
    [Arguments]    ${address}
    ${text}=    Execute Command    xp /1wx 0x${address}
    RETURN    ${{int($text.split()[-1], 16)}}
