# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The board serves the page with the live scope, and everything that the page needs.
Resource            board.resource
Suite Setup         Power Up And Wait For An Address
Suite Teardown      Stop Emulation


*** Test Cases ***
Front Page Is HTML
    ${page}=    Get Page    /
    Should Be Equal As Integers    ${page.status}    200
    Should Be Equal    ${page.content_type}    text/html
    Should Contain    ${page.text}    <title>

Scope Is At Its Old Address Too
    ${page}=    Get Page    /chart/ws_realtime.html
    Should Be Equal As Integers    ${page.status}    200
    Should Be Equal    ${page.content_type}    text/html

Page Works Without The Internet
    @{parts}=    Page Should Need No Internet    /
    ${scripts}=    Evaluate    [part for part in $parts if part.endswith('.js')]
    ${styles}=    Evaluate    [part for part in $parts if part.endswith('.css')]
    Should Not Be Empty    ${scripts}
    Should Not Be Empty    ${styles}

Scripts And Styles Say What They Are
    @{parts}=    Page Should Need No Internet    /
    FOR    ${part}    IN    @{parts}
        ${answer}=    Get Page    ${part}
        IF    $part.endswith('.js')     Should Contain    ${answer.content_type}    javascript
        IF    $part.endswith('.css')    Should Be Equal    ${answer.content_type}    text/css
    END

What Is Not There Is Not Found
    ${answer}=    Get Page    /no/such/page.html
    Should Be Equal As Integers    ${answer.status}    404
