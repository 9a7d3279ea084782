# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       A link that loses, delays, doubles, shuffles and spoils frames, changed while the board streams.
...                 Ten minutes of it, or on another network:
...                 `robot --variable SECONDS:600 --variable NETWORK:user --test "Ramp Survives*" robot/hostile_link.robot`
Resource            board.resource
Test Teardown       Stop Emulation


*** Variables ***
${NETWORK}              wire
${SECONDS}              60
${QUARTER MEGABYTE}     ${{bytes(range(256)) * 1024}}


*** Test Cases ***
Ramp Survives Loss And Delay
    [Documentation]    No frame is missing, none comes twice, nobody connects anew, and there are nearly as many as ever.
    Power Up And Stream A Ramp
    ${clean}=    Stream Should Stay Ramp    seconds=10
    Impair Link    loss=5%    delay=20ms
    ${least}=    Evaluate    int(0.9 * $clean * float($SECONDS) / 10)
    ${frames}=    Stream Should Stay Ramp    seconds=${SECONDS}    frames=${least}
    ${percent}=    Evaluate    round(1000 * $frames / $clean / float($SECONDS), 2)
    Log    ${frames} frames in ${SECONDS} s, ${percent}% of those of a clean link    console=${{$SECONDS != '60'}}
    Should Not Be On Uart    Received a clear text connection    timeout=0.1

Impairments Come And Go While The Board Streams
    Power Up And Stream A Ramp
    Impair Link    delay=100ms    jitter=20ms    reordering=10%
    Stream Should Stay Ramp    seconds=3    frames=200
    Impair Link    duplication=20%    bit_errors=1e-5    corruption=2%
    Stream Should Stay Ramp    seconds=3    frames=200
    Impair Link    loss=100%    direction=from board
    ${before}=    Link Counts    from board
    Run For    1
    ${after}=    Link Counts    from board
    Should Be True    ${after.lost} - ${before.lost} == ${after.frames} - ${before.frames} > 20
    Clear Link
    Stream Should Stay Ramp    seconds=3    frames=300

Page And Echo Arrive Whole Whatever Happens On The Way
    Power Up With An Address
    Impair Link    loss=2%    duplication=5%    reordering=5%    corruption=2%    bit_errors=1e-6    delay=2ms    jitter=1ms
    Page Should Need No Internet
    Open Stream
    Message Should Be Echoed    ${QUARTER MEGABYTE}    timeout=120

Messages Go Through A Window Of Any Size
    [Documentation]    A window of nothing holds them up, and they go on when it opens.
    Power Up With An Address
    Impair Link    window=100
    Open Stream
    Message Should Be Echoed    ${{'w' * 65536}}    timeout=600
    Impair Link    window=1
    Message Should Be Echoed    one byte after the other    timeout=60
    Impair Link    window=0
    ${now}=    Virtual Time
    Impair Link    window=2000    at=${{$now + 5}}
    Message Should Be Echoed    nothing at first    timeout=20
    ${now again}=    Virtual Time
    Should Be True    ${now again} - ${now} > 5

Stream Goes On When The Cable Was Out For Half A Minute
    Power Up And Stream A Ramp
    Unplug Cable
    Run For    30
    Plug Cable
    Wait For Line On Uart    Link: up    timeout=5
    Stream Should Stay Ramp    seconds=5    frames=500
    Should Not Be On Uart    Received a clear text connection    timeout=0.1

Nobody Is Harmed Where Nobody Is
    Power Up    none
    Impair Link    loss=50%    delay=1s    duplication=50%
    Wait For Prompt On Uart
    Run For    5
    ${counts}=    Link Counts    from board
    Should Be True    ${counts.lost} > 0

What Makes No Sense Is Refused In One Line
    Power Up    none
    Run Keyword And Expect Error    loss: expected a share such as 5% or 0.05, 0 to 100%, found '120%'
    ...    Impair Link    loss=120%
    Run Keyword And Expect Error    delay: expected a time such as 20ms or 0.02, 0 to 60 s, found '-1'
    ...    Impair Link    delay=-1
    Run Keyword And Expect Error    no impairment 'los': expected loss, duplication, corruption, *
    ...    Impair Link    los=5%
    Run Keyword And Expect Error    impairment '5%': expected one such as loss=5%    Impair Link    5%


*** Keywords ***
Power Up With An Address
    [Documentation]    The board boots once; after that it begins in a snapshot.
    Power Up    ${NETWORK}    at=Have An Address

Have An Address
    IF    $NETWORK == 'wire'    Neighbour Serves DHCP
    Wait For An Address From DHCP

Power Up And Stream A Ramp
    Power Up With An Address
    Open Stream    timeout=5
    Press Switch    SW1
    Send Stream Command    StartStream
    Stream Should Be Ramp
    Wait For Line On Uart    Received a clear text connection    timeout=0.1
