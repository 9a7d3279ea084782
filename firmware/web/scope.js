// SPDX-License-Identifier: MIT
// Live scope: the board's stream over a WebSocket, drawn with uPlot.
"use strict";
(() => {
  const RAMP_STEP = 4000, MODULUS = 65536, RAMP_STEPS = 8; // so many steps in a row are no chance
  const RECONNECT_FIRST = 500, RECONNECT_LAST = 3000, SILENCE = 3000, PATIENCE = 5000, PROBE = 3000; // ms
  const TICK = 250, RATE_TICKS = 8; // ms; the rate is that of the last two seconds
  const byId = (id) => document.getElementById(id);
  const query = new URLSearchParams(location.search);
  const named = Number(query.get("ws")), port = named > 0 && named < 65536 ? named : 8088;
  const url = `ws://${location.hostname}:${port}/echo`;

  let socket = null, heard = 0, asked = false, delay = null, streaming = false, wanted = false, wait = RECONNECT_FIRST;
  let frames = 0, dirty = true;

  // The last values, in a ring. What a frame costs does not depend on how many there are.
  const ring = new Uint16Array(1000), xs = new Float64Array(ring.length), ys = new Float64Array(ring.length);
  let points = Number(byId("points").value), total = 0, rampSteps = 0;
  const ticks = []; // [ms, frames] of the last ticks

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isOpen = () => socket !== null && socket.readyState === WebSocket.OPEN;

  function makeScope() {
    const box = byId("scope");
    const axis = { stroke: () => colour("--faint"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot({
      width: 300, height: 200, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: (_, first, last) => [last - points + 1, last] }, y: { range: [0, MODULUS - 1] } },
      padding: [null, 16, null, null], // the rightmost number may stand out half
      axes: [{ ...axis, size: 30, values: (_, places) => places.map((at) => at < 0 ? "" : at) }, { ...axis, size: 58, splits: () => [0, 16384, 32768, 49152, 65535] }],
      series: [{}, { stroke: () => colour("--trace"), width: 1.5, points: { show: false } }],
    }, [[], []], box);
    const fit = () => plot.setSize({ width: box.clientWidth - 16, height: box.clientHeight - 16 });
    new ResizeObserver(fit).observe(box);
    fit();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw(false, true));
    return plot;
  }

  function show(id, text, state) {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
    if (state !== undefined) element.className = `state ${state}`;
    if (element.hidden !== !text) element.hidden = !text;
  }

  function take(value) {
    const expected = total ? (ring[(total - 1) % ring.length] + RAMP_STEP) % MODULUS : -1;
    rampSteps = value === expected ? rampSteps + 1 : 0;
    ring[total++ % ring.length] = value;
  }

  function draw() {
    requestAnimationFrame(draw);
    if (!dirty) return;
    dirty = false;
    const count = Math.min(points, total);
    for (let i = 0, at = total - count; i < count; i++, at++) {
      xs[i] = at;
      ys[i] = ring[at % ring.length];
    }
    scope.setData([xs.subarray(0, count), ys.subarray(0, count)]);
    show("last", total ? String(ring[(total - 1) % ring.length]) : "–");
    show("frames", String(frames));
    const known = streaming && total > RAMP_STEPS, ramp = rampSteps >= RAMP_STEPS;
    show("signal", !known ? "–" : ramp ? "ramp" : "noise");
    show("switch", !known ? "" : ramp ? "SW1 pressed" : "SW1 released", ramp ? "on" : ""); // the board tells by its values
  }

  function controls() {
    byId("toggle").disabled = byId("delay").disabled = !isOpen();
    byId("toggle").textContent = streaming ? "Stop" : "Start";
    show("connection", isOpen() ? "connected" : "connecting", isOpen() ? "on" : "off");
    show("stream", streaming ? "streaming" : "stopped", streaming ? "on" : "");
    dirty = true;
  }

  function receive(text) {
    if (/^\d+ \d+ \d+ \d+$/.test(text)) {
      for (const value of text.split(" ")) take(Number(value));
      frames += 1;
      dirty = true;
    } else if (text === "StartStream" || text === "StopStream") { // the echo confirms it
      streaming = text === "StartStream";
      controls();
    }
  }

  function hear() {
    heard = performance.now();
    asked = false;
  }

  function connect() {
    const mine = socket = new WebSocket(url);
    let opened = false;
    hear();
    mine.onopen = () => {
      opened = true;
      hear();
      wait = RECONNECT_FIRST;
      total = rampSteps = 0; // a new stream
      if (delay !== null) mine.send(`SetDelay ${delay}`); // the board may have been restarted
      if (wanted) mine.send("StartStream");
      show("message", "");
      controls();
    };
    mine.onmessage = (event) => { hear(); receive(event.data); };
    mine.onclose = () => {
      if (!opened && mine === socket) explain(); // was given up before, otherwise
      lost(mine);
    };
  }

  // A browser does not say why there was no connection. If the page is still there, the board refused it.
  async function explain() {
    let answers = false;
    try {
      answers = (await fetch("/", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PROBE) })).ok;
    } catch { /* no answer */ }
    if (isOpen()) return;
    show("message", answers ? `The board takes no more clients at ${url}, or none at all: close other pages. Trying again.`
      : "The board does not answer. Trying again.");
  }

  function lost(which) {
    if (which !== socket) return; // was given up before
    socket = null;
    streaming = false;
    controls();
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, RECONNECT_LAST);
  }

  // A board that lost power says no goodbye. It echoes everything, so a question tells whether it is still there.
  function watch() {
    if (socket === null || performance.now() - heard < (isOpen() ? SILENCE : PATIENCE)) return;
    if (isOpen() && !asked) {
      hear();
      asked = true;
      socket.send("still there?");
    } else {
      const gone = socket;
      show("message", "The board does not answer. Trying again.");
      lost(gone);
      gone.close();
    }
  }

  function tick() {
    ticks.push([performance.now(), frames]);
    if (ticks.length > RATE_TICKS + 1) ticks.shift();
    const [first, last] = [ticks[0], ticks[ticks.length - 1]];
    show("rate", `${Math.round((last[1] - first[1]) * 1000 / (last[0] - first[0]) || 0)} frames/s`);
    watch();
  }

  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("toggle").addEventListener("click", () => {
    wanted = !streaming;
    socket?.send(wanted ? "StartStream" : "StopStream");
  });
  byId("delay").addEventListener("change", (event) => {
    if (!event.target.reportValidity()) return;
    delay = event.target.value;
    socket?.send(`SetDelay ${delay}`);
  });
  byId("points").addEventListener("change", (event) => {
    points = Number(event.target.value);
    dirty = true;
  });

  const scope = makeScope();
  show("server", url);
  wanted = query.get("start") !== "no"; // a scope that shows nothing is no demo
  connect();
  setInterval(tick, TICK);
  controls();
  draw();
})();
