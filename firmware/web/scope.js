// SPDX-License-Identifier: MIT
// Live scope: the board's stream over a WebSocket, drawn with uPlot.
"use strict";
(() => {
  const RAMP_STEP = 4000, MODULUS = 65536;
  const RECONNECT_FIRST = 500, RECONNECT_LAST = 5000, RATE_WINDOW = 2000, SILENCE = 3000, PATIENCE = 10000; // ms
  const byId = (id) => document.getElementById(id);
  const query = new URLSearchParams(location.search);
  const url = `ws://${location.hostname}:${query.get("ws") || 8088}/echo`;

  let socket = null, heard = 0, asked = false, delay = null, streaming = false, wanted = false, wait = RECONNECT_FIRST;
  let points = Number(byId("points").value), total = 0, frames = 0;
  let values = [], arrivals = [], dirty = true;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function makeScope() {
    const box = byId("scope");
    const axis = { stroke: () => colour("--faint"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot({
      width: 300, height: 200, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false }, y: { range: [0, MODULUS - 1] } },
      padding: [null, 16, null, null], // the rightmost number may stand out half
      axes: [{ ...axis, size: 30 }, { ...axis, size: 58, splits: () => [0, 16384, 32768, 49152, 65535] }],
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
  }

  function signal() {
    const recent = values.slice(-9);
    if (recent.length < 9) return "–";
    return recent.every((v, i) => i === 0 || v === (recent[i - 1] + RAMP_STEP) % MODULUS) ? "ramp (SW1 pressed)" : "noise";
  }

  function draw() {
    const now = performance.now();
    arrivals = arrivals.filter((t) => now - t < RATE_WINDOW);
    const span = arrivals.length > 1 ? arrivals[arrivals.length - 1] - arrivals[0] : Infinity;
    show("rate", `${Math.round((arrivals.length - 1) * 1000 / span)} frames/s`);
    if (dirty) {
      dirty = false;
      const first = total - values.length;
      scope.setData([values.map((_, i) => first + i), values]);
      show("last", values.length ? String(values[values.length - 1]) : "–");
      show("frames", String(frames));
      show("signal", streaming ? signal() : "–");
    }
    requestAnimationFrame(draw);
  }

  function controls() {
    const open = socket !== null && socket.readyState === WebSocket.OPEN;
    byId("toggle").disabled = byId("delay").disabled = !open;
    byId("toggle").textContent = streaming ? "Stop" : "Start";
    show("connection", open ? "connected" : "connecting", open ? "on" : "off");
    show("stream", streaming ? "streaming" : "stopped", streaming ? "on" : "");
    dirty = true;
  }

  function receive(text) {
    if (/^\d+ \d+ \d+ \d+$/.test(text)) {
      const four = text.split(" ").map(Number);
      values = values.concat(four).slice(-points);
      total += four.length;
      frames += 1;
      arrivals.push(performance.now());
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
    hear();
    mine.onopen = () => {
      hear();
      wait = RECONNECT_FIRST;
      if (delay !== null) mine.send(`SetDelay ${delay}`); // the board may have been restarted
      if (wanted) mine.send("StartStream");
      controls();
    };
    mine.onmessage = (event) => { hear(); receive(event.data); };
    mine.onclose = () => lost(mine);
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
    const open = socket !== null && socket.readyState === WebSocket.OPEN;
    if (socket === null || performance.now() - heard < (open ? SILENCE : PATIENCE)) return;
    if (open && !asked) {
      hear();
      asked = true;
      socket.send("still there?");
    } else {
      const gone = socket;
      lost(gone);
      gone.close();
    }
  }

  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("toggle").addEventListener("click", () => {
    wanted = !streaming;
    socket?.send(wanted ? "StartStream" : "StopStream");
  });
  byId("delay").addEventListener("change", (event) => {
    if (!event.target.checkValidity()) return;
    delay = event.target.value;
    socket?.send(`SetDelay ${delay}`);
  });
  byId("points").addEventListener("change", (event) => {
    points = Number(event.target.value);
    values = values.slice(-points);
    dirty = true;
  });

  const scope = makeScope();
  show("server", url);
  wanted = query.get("start") !== "no"; // a scope that shows nothing is no demo
  connect();
  setInterval(watch, 500);
  controls();
  draw();
})();
