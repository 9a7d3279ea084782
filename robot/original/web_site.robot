# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original's web site, as served, against the files that it was made from.
Resource            original.resource
Library             web_site.py
Suite Setup         Power Up Original And Wait For An Address
Suite Teardown      Stop Emulation


*** Test Cases ***
Front Page Is Microchip's
    ${page}=    Get Page    /
    Should Be Equal As Integers    ${page.status}    200
    Should Contain    ${page.text}    Microchip
    Should Not Contain    ${page.text}    ~    every dynamic variable has a value

Scope Page Is There
    ${page}=    Get Page    /chart/ws_realtime.html
    Should Be Equal As Integers    ${page.status}    200
    Should Contain    ${page.text}    8088/echo

Every Page And Picture Is As In Its Source
    [Documentation]    Needs SOURCE. Compressed or not; line ends apart.
    ${folder}=    Find Original Source    ${SOURCE}
    ${counts}=    Site Should Be As In Its Source    ${folder}
    Log    ${counts}    console=True
    Should Be True    $counts['files'] > 40
    Should Be True    $counts['compressed'] > 8
    Should Be True    $counts['dynamic'] > 15

Protected Pages Ask For A Password
    ${answer}=    Get As User    protect/index.htm
    Should Be Equal As Integers    ${answer.status}    401
    ${answer}=    Get As User    protect/index.htm    admin    wrong
    Should Be Equal As Integers    ${answer.status}    401
    ${answer}=    Get As User    protect/index.htm    admin    microchip
    Should Be Equal As Integers    ${answer.status}    200

What Is Not There Is Not Found
    ${page}=    Get Page    /no/such/page.htm
    Should Be Equal As Integers    ${page.status}    404

Page Reads The Board's Uptime And LEDs
    [Documentation]    status.xml is what the front page asks for every second.
    ${page}=    Get Page    /status.xml
    Should Be Equal    ${page.content_type}    text/xml
    Should Match Regexp    ${page.text}    (?s)<response>.*<led0>[01]</led0>.*</response>
