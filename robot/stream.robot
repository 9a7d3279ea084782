# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The stream of the demo: noise, a ramp while SW1 is pressed, noise again; as fast as it is told.
Resource            board.resource
Suite Setup         Power Up And Open The Stream
Suite Teardown      Stop Emulation
Test Setup          Start The Stream With SW1 Up
Test Teardown       Send Stream Command    StopStream


*** Test Cases ***
Stream Is Noise
    Stream Should Be Noise

Pressing SW1 Turns Noise Into A Ramp And Releasing It Back
    Stream Should Be Noise
    Press Switch    SW1
    Stream Should Be Ramp
    Release Switch    SW1
    Stream Should Be Noise

Other Switches Do Not Make A Ramp
    Press Switch    SW2
    Press Switch    SW3
    Stream Should Be Noise
    [Teardown]    Let Go Of All Switches

Frames Come Every 10 Milliseconds Unless Told Otherwise
    [Setup]    Start The Stream With The Delay Of A Fresh Boot
    ${period}=    Stream Period
    Should Be True    abs(${period} - 0.010) < 0.0002

SetDelay Changes The Rate
    Send Stream Command    SetDelay 40
    ${period}=    Stream Period    frames=10
    Should Be True    abs(${period} - 0.040) < 0.0008
    Send Stream Command    SetDelay 5
    ${period}=    Stream Period
    Should Be True    abs(${period} - 0.005) < 0.0001

StopStream Stops It And StartStream Starts It Again
    Send Stream Command    StopStream
    Stream Should Be Silent
    Send Stream Command    StartStream
    Collect Stream    frames=5

Terminal Tells Of Every Command
    Send Stream Command    SetDelay 21
    Wait For Line On Uart    Set Streamer Task Delay: 21
    Send Stream Command    StopStream
    Wait For Line On Uart    Stream Stopped
    Send Stream Command    StartStream
    Wait For Line On Uart    Stream Started

Yellow LED Blinks While It Streams
    Assert Led State    true    timeout=2    testerId=LED2
    Assert Led State    false    timeout=2    testerId=LED2


*** Keywords ***
Start The Stream With SW1 Up
    [Documentation]    Frames come fast, so that a test has enough of them soon.
    Release Switch    SW1
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream

Start The Stream With The Delay Of A Fresh Boot
    Power Up And Open The Stream
    Send Stream Command    StartStream

Let Go Of All Switches
    Release Switch    SW2
    Release Switch    SW3
    Send Stream Command    StopStream
