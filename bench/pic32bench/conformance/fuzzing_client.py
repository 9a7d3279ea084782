# SPDX-License-Identifier: MIT
"""Autobahn's fuzzing client, one case at a time and in somebody else's time.

A program for Python 2.7, in the environment that `environment.py` makes; nothing of the bench imports it. It is told
what to do in lines of JSON on standard input, and answers so on standard output:

    (at the start)                      {"cases": [ID, ...], "sections": {"1": "Framing", ...}, "version": "0.8.2"}
    {"case": ID, "url": URL}            {"result": {...}}, once the case is over
    {"passed": SECONDS}                 {"taken": true}: so much time has passed, and Autobahn's time-outs with it
    {"report": FOLDER}                  {"written": true}: Autobahn's report, HTML and JSON

Its argument is what the report calls the server. The end of standard input ends it.
"""

import json
import os
import sys

_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Autobahn prints

import autobahntestsuite  # noqa: E402
from autobahn.twisted.websocket import connectWS  # noqa: E402
from autobahntestsuite import fuzzing  # noqa: E402
from twisted.internet import reactor, stdio, task  # noqa: E402
from twisted.protocols.basic import LineReceiver  # noqa: E402

# Autobahn waits half a second and more for the board, and a few microseconds between the pieces of a chopped frame.
_LONG = 0.1
# The most that may pass between two looks at the sockets, however long ago the last was: an answer that is here
# already must not be late because this process was.
_STEP = 0.1
# A case in which nothing moves for so long, either way, is over. Autobahn's own patience is up to 1,000 s.
_STANDSTILL = 10.0

time = task.Clock()
_call_soon = reactor.callLater


def _call_later(delay, function, *args, **kwargs):
    return (_call_soon if delay < _LONG else time.callLater)(delay, function, *args, **kwargs)


class _BoardTime(object):
    """What Autobahn measures durations with."""

    time = staticmethod(time.seconds)


class Client(fuzzing.FuzzingClientFactory):
    """Runs the case that it is told to, and says when that is over."""

    def __init__(self):
        fuzzing.FuzzingClientFactory.__init__(self, {"servers": [], "cases": ["*"]})
        self.setProtocolOptions(failByDrop=False)  # as in Autobahn's own client
        self.agent = sys.argv[1]
        self.running = None
        self.moved = (None, 0.0)

    def start(self, case, url):
        self.currentCaseId = case
        self.currentCaseIndex = self.CaseSet.CasesIndices[case]
        self.cases.pop(case, None)
        self.running, self.moved = None, (None, time.seconds())
        self.setSessionParameters(url=url, useragent="AutobahnTestSuite/%s" % autobahntestsuite.version)
        connectWS(self)

    def buildProtocol(self, address):
        self.running = fuzzing.FuzzingClientFactory.buildProtocol(self, address)
        return self.running

    def look(self):
        """Ends a case in which nothing moves."""
        transport = getattr(self.running, "transport", None)
        if transport is None:
            return
        # How far the transport is with what it has to send, and what has come.
        came = self.running.trafficStats.incomingOctetsWireLevel
        place = (transport.offset, len(transport.dataBuffer), transport._tempDataLen, came)
        if place != self.moved[0]:
            self.moved = (place, time.seconds())
        elif time.seconds() - self.moved[1] >= _STANDSTILL:
            self.running.dropConnection(abort=True)
            transport.abortConnection()  # Autobahn may have ended it before, and waits until all is sent

    def clientConnectionLost(self, connector, reason):
        self._over(reason)

    def clientConnectionFailed(self, connector, reason):
        self._over(reason)

    def _over(self, reason):
        opened = getattr(self.running, "connectionWasOpen", None) is True
        self.running = None
        found = self.cases.get(self.currentCaseId, {}).get(self.agent)
        if found is None:
            why = "no connection: %s" % reason.getErrorMessage()
            found = {"behavior": "FAILED", "behaviorClose": "FAILED", "result": why, "resultClose": why}
        if not opened:
            found["duration"] = 0  # Autobahn counts from the handshake
        keys = ("behavior", "behaviorClose", "remoteCloseCode", "result", "resultClose")
        result = {key: found.get(key) for key in keys}
        result.update(opened=opened, seconds=found["duration"] / 1000.0 if opened else None)
        answer(result=result)


class Orders(LineReceiver):
    """Standard input."""

    delimiter = b"\n"

    def connectionMade(self):
        answer(cases=client.specCases, sections=fuzzing.CaseCategories, version=autobahntestsuite.version)

    def lineReceived(self, line):
        order = json.loads(line)
        if "case" in order:
            client.start(order["case"], order["url"])
        elif "passed" in order:
            time.advance(min(order["passed"], _STEP))
            client.look()
            answer(taken=True)
        else:
            client.outdir = order["report"]
            client.createReports()
            answer(written=True)

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


def answer(**what):
    _answers.write(json.dumps(what) + "\n")
    _answers.flush()


reactor.callLater = _call_later
fuzzing.time = _BoardTime
client = Client()
stdio.StandardIO(Orders())
reactor.run()
