# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The page with the live scope shows what the board does, and works it.
Resource            scope_page.resource
Suite Setup         Power Up And Open The Page
Suite Teardown      Close Page And Stop
Test Setup          Show The Page


*** Test Cases ***
SW1 Turns The Drawing Into A Ramp And Back
    Scope Should Come To Show Noise    scope-noise
    Wait Until Element Contains    switch    SW1 released
    Press Switch    SW1
    Scope Should Come To Show A Ramp    scope-ramp
    Wait Until Element Contains    switch    SW1 pressed
    Release Switch    SW1
    Scope Should Come To Show Noise    scope-noise-again
    Console Should Have No Errors

Judge Tells One Picture From The Other
    ${noise}=    Scope Should Come To Show Noise    judge-noise
    Run Keyword And Expect Error    *judge-noise.png does not show a ramp, but noise*    Picture Should Show A Ramp    ${noise}
    Press Switch    SW1
    ${ramp}=    Scope Should Come To Show A Ramp    judge-ramp
    Run Keyword And Expect Error    *judge-ramp.png does not show noise, but a ramp*    Picture Should Show Noise    ${ramp}
    Release Switch    SW1

Page Tells What Goes On
    Title Should Be    PIC32MZ live scope
    Element Text Should Be    connection    connected
    Element Text Should Be    stream    streaming
    Wait Until Element Contains    signal    noise
    Element Should Contain    rate    frames/s
    Element Should Not Be Visible    message

Button Stops And Starts The Stream
    Click Button    Stop
    Wait For Line On Uart    Stream Stopped
    Wait Until Element Contains    stream    stopped
    ${frames}=    Get Text    frames
    Run For    0.5
    Element Text Should Be    frames    ${frames}
    Element Should Not Be Visible    switch
    Click Button    Start
    Wait For Line On Uart    Stream Started
    Wait Until Element Contains    stream    streaming
    Scope Should Come To Show Noise    started-again

Field Sets The Delay
    Enter Delay    100
    Wait For Line On Uart    Set Streamer Task Delay: 100
    Enter Delay    0
    Should Not Be On Uart    Set Streamer Task Delay: 0    timeout=0.5
    Enter Delay    10
    Wait For Line On Uart    Set Streamer Task Delay: 10

Page That Shall Not Start Waits For The Button
    ${url}=    Board Url
    Go To    ${url}&start=no
    Wait Until Element Contains    connection    connected
    Run For    0.5
    Element Text Should Be    stream    stopped
    Element Text Should Be    frames    0
    Click Button    Start
    Scope Should Come To Show Noise    started-by-hand
    Console Should Have No Errors

Phone Shows All Controls Without Scrolling
    Resize Screen    360    640    scale=2    phone=true
    Scope Should Come To Show Noise    phone
    ${width}=    Execute Javascript    return document.documentElement.scrollWidth
    Should Be Equal As Integers    ${width}    360
    FOR    ${control}    IN    toggle    delay    points
        ${width}    ${height}=    Get Element Size    ${control}
        ${left}=    Get Horizontal Position    ${control}
        ${top}=    Get Vertical Position    ${control}
        Should Be True    ${width} >= 44 and ${height} >= 44    ${control} is too small for a thumb
        Should Be True    ${left} >= 0 and ${left} + ${width} <= 360    ${control} is cut off
        Should Be True    ${top} + ${height} <= 640    ${control} is below the fold
    END
    [Teardown]    Resize Screen    1100    580

Dark Scheme Is Dark And Shows The Same
    Prefer Color Scheme    dark
    Scope Should Come To Show Noise    dark
    ${background}=    Execute Javascript    return getComputedStyle(document.body).backgroundColor
    Should Be Equal    ${background}    rgb(11, 18, 32)
    [Teardown]    Prefer Color Scheme    light
