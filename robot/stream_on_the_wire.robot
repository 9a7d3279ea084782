# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       Page and stream on network `wire`, in the board's own time: the same to the nanosecond in every run.
Resource            board.resource
Test Teardown       Stop Emulation


*** Test Cases ***
Page Comes Over The Wire
    Power Up With DHCP On The Wire
    Address Should Answer Ping    10.0.2.15
    ${page}=    Get Page    /
    Should Be Equal As Integers    ${page.status}    200
    Page Should Need No Internet

Press Of SW1 Is The Same To The Nanosecond Each Time
    ${frames}    ${panel}=    Press SW1 While The Stream Runs
    ${frames again}    ${panel again}=    Press SW1 While The Stream Runs
    Should Be Equal    ${frames}    ${frames again}
    Should Be Equal    ${panel}    ${panel again}

Stream Goes On From A Snapshot
    Power Up With DHCP On The Wire
    Open Stream
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream
    Stream Should Be Noise
    Provides    streaming

Ramp From The Snapshot
    Requires    streaming
    Press Switch    SW1
    Stream Should Be Ramp

Stream Can Be Opened At The Address That The Board Gave Itself
    Power Up    wire    quantum=0.02
    Open Stream    timeout=20
    Send Stream Command    SetDelay 20
    Send Stream Command    StartStream
    ${period}=    Stream Period
    Should Be True    abs(${period} - 0.020) < 0.0002


*** Keywords ***
Power Up With DHCP On The Wire
    Power Up    wire    quantum=0.02
    Neighbour Serves DHCP
    Wait For An Address From DHCP

Press SW1 While The Stream Runs
    Power Up With DHCP On The Wire
    Open Stream
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream
    Stream Should Be Noise
    Press Switch    SW1
    Stream Should Be Ramp
    Release Switch    SW1
    Stream Should Be Noise
    ${frames}=    Frames On The Wire
    ${panel}=    Panel Log
    RETURN    ${frames}    ${panel}
