# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       With no DHCP server the board takes a link-local address: probes, announcement, defence, and another
...                 address when the first is taken (RFC 3927). The bench is the other station on the cable.
Resource            board.resource
Test Setup          Power Up Where Nobody Answers
Test Teardown       Stop Emulation


*** Test Cases ***
Address Is Probed Three Times And Announced Twice
    ${first}=    Wait For ARP Probe    ${FIRST ADDRESS}
    ${second}=    Wait For ARP Probe    ${FIRST ADDRESS}    timeout=2.2
    ${third}=    Wait For ARP Probe    ${FIRST ADDRESS}    timeout=2.2
    ${claim}=    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=2.2
    Should Be True    $second.time - $first.time >= 1    PROBE_MIN is one second
    Should Be True    $third.time - $second.time >= 1    PROBE_MIN is one second
    Should Be True    $claim.time - $third.time >= 1.9    ANNOUNCE_WAIT is two seconds
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=2.2

Address Is Bound Within 15 Seconds Of Boot
    Wait For Line On Uart    IP Address: ${FIRST ADDRESS}    timeout=15
    Address Should Answer    ${FIRST ADDRESS}
    ${now}=    Virtual Time
    Should Be True    ${now} < 15
    Write Line To Uart    netinfo
    Wait For Line On Uart    IP address: .*${FIRST ADDRESS} \\(AutoIP\\)    treatAsRegex=true
    Wait For Line On Uart    Mask: .*255\\.255\\.0\\.0    treatAsRegex=true

Board Does Not Answer For An Address That It Only Probes
    Wait For ARP Probe    ${FIRST ADDRESS}
    Address Should Not Answer    ${FIRST ADDRESS}    timeout=0.5

Board Defends Its Address Once And Keeps It
    [Setup]    Power Up And Take The First Address
    Wait For Both Announcements
    Neighbour Announces Address    ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=1
    Address Should Answer    ${FIRST ADDRESS}

Board Gives Way When The Conflict Goes On
    [Setup]    Power Up And Take The First Address
    Wait For Both Announcements
    Neighbour Announces Address    ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=1
    Neighbour Announces Address    ${FIRST ADDRESS}
    Board Should Take Another Address

Board Takes Another Address When The First Is Taken
    Neighbour Has Address    ${FIRST ADDRESS}
    Wait For ARP Probe    ${FIRST ADDRESS}
    Board Should Take Another Address

Board Takes Another Address When Another Station Probes For The Same
    Wait For ARP Probe    ${FIRST ADDRESS}
    Neighbour Probes For Address    ${FIRST ADDRESS}
    Board Should Take Another Address


*** Keywords ***
Wait For Both Announcements
    Wait For ARP Announcement    ${FIRST ADDRESS}
    Wait For ARP Announcement    ${FIRST ADDRESS}

Board Should Take Another Address
    [Documentation]    It probes for it, binds it, announces it, and answers for it, not for the first.
    ${line}=    Wait For Line On Uart    IP Address: (169\\.254\\.\\d+\\.\\d+)    treatAsRegex=true    timeout=20
    ${other}=    Set Variable    ${line.groups}[0]
    Should Not Be Equal    ${other}    ${FIRST ADDRESS}
    Wait For ARP Probe    ${other}
    Wait For ARP Announcement    ${other}
    Address Should Answer    ${other}
