# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The Ethernet cable is pulled and put back in: the board finds its address and its peers again.
Resource            board.resource
Test Teardown       Stop Emulation


*** Test Cases ***
Terminal And Green LED Tell Of The Cable
    Power Up Where Nobody Answers
    Assert Led State    true    timeout=5    testerId=LED3
    Unplug Cable
    Wait For Line On Uart    Link: down    timeout=2
    Assert Led State    false    timeout=1    testerId=LED3
    Plug Cable
    Wait For Line On Uart    Link: up    timeout=5
    Assert Led State    true    timeout=1    testerId=LED3

Nothing Is Sent Without A Cable
    Power Up Where Nobody Answers
    Wait For ARP Probe    ${FIRST ADDRESS}
    Unplug Cable
    Wait For Line On Uart    Link: down    timeout=2
    Nothing Should Be Sent    seconds=5

Link-Local Address Is Probed Anew After The Cable Was Out
    [Documentation]    Another station may have taken it meanwhile (RFC 3927 2.2.1).
    Power Up Where Nobody Answers
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=15
    Unplug Cable
    Run For    1
    Plug Cable
    Wait For ARP Probe    ${FIRST ADDRESS}    timeout=15
    Wait For ARP Announcement    ${FIRST ADDRESS}    timeout=15
    Address Should Answer    ${FIRST ADDRESS}

Address From DHCP And Stream Come Back
    Power Up And Open The Stream
    Unplug Cable
    Wait For Line On Uart    Link: down    timeout=2
    Plug Cable
    Wait For Line On Uart    Link: up    timeout=5
    Open Stream    timeout=10
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream
    Stream Should Be Noise

Board Boots Without A Cable And Finds DHCP When It Is Put In
    Power Up    user
    Unplug Cable
    Wait For Prompt On Uart
    Plug Cable
    Wait For An Address From DHCP
