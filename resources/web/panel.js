"use strict";
// The listener's page: shows what the server tells, plays sounds sample by sample, and sends each trial whole.

const RATE = 48000;
const AHEAD = 0.02; // seconds: so far ahead everything that sounds is scheduled
const FADE = 0.005; // BS.1534-3: 5 ms out, then 5 ms in, never across
const SHORTEST_LOOP = 0.5 * RATE;
const JOIN = 0.1 * RATE; // what counts as heard without a hole; the server allows a little more
const ASLEEP = 5000; // ms; a page that is only busy, or hidden, looks around more often
const WHOLE = -1;

const page = document.getElementById("page");
const said = document.getElementById("said");
const unsent = document.getElementById("unsent");
let words = {};
let tab = "";

const say = text => { said.textContent = text || ""; };
const tenths = number => number.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => name in values ? values[name] : all);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name === "act") node.addEventListener("click", value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child));
  return node;
}

const button = (text, act, more = {}) => make("button", { type: "button", text, act, ...more });

// --- what was not sent yet is kept in the browser -------------------------------------------------------------

const outbox = {
  memory: new Map(),
  database: null,
  here: location.pathname,
  open() {
    return new Promise(done => {
      let asked;
      try { asked = indexedDB.open("gaplisten", 1); } catch { done(); return; }
      asked.onupgradeneeded = () => asked.result.createObjectStore("unsent");
      asked.onsuccess = () => { this.database = asked.result; done(); };
      asked.onerror = asked.onblocked = () => done();
    });
  },
  change(act) { // resolves with true once the browser has it on its disk
    return new Promise(done => {
      if (!this.database) { done(false); return; }
      try {
        const all = this.database.transaction("unsent", "readwrite", { durability: "strict" });
        act(all.objectStore("unsent"));
        all.oncomplete = () => done(true);
        all.onerror = all.onabort = () => done(false);
      } catch { done(false); }
    });
  },
  async keep(entry) {
    this.memory.set(entry.key, entry);
    entry.kept = await this.change(store => store.put(entry, this.here + entry.key));
  },
  async drop(key) {
    this.memory.delete(key);
    await this.change(store => store.delete(this.here + key));
  },
  async load() {
    const range = IDBKeyRange.bound(this.here, this.here + "\uffff");
    await this.change(store => {
      store.getAll(range).onsuccess = event => {
        for (const entry of event.target.result) this.memory.set(entry.key, { ...entry, kept: true });
      };
    });
  },
  show() {
    const count = this.memory.size, kept = [...this.memory.values()].every(entry => entry.kept);
    unsent.textContent = count ? filled(kept ? words.web_unsent : words.web_unkept, { count }) : "";
  },
};

window.addEventListener("beforeunload", event => { if (outbox.memory.size) event.preventDefault(); });

const wait = seconds => new Promise(done => {
  const over = () => { clearTimeout(timer); window.removeEventListener("online", over); done(); };
  const timer = setTimeout(over, 1000 * seconds);
  window.addEventListener("online", over);
});

async function post(path, body) {
  const text = JSON.stringify(body);
  const answer = await fetch(path, {
    method: "POST", body: text, keepalive: text.length < 60000, cache: "no-store",
    headers: { "Content-Type": "application/json", "X-Tab": tab },
  });
  let told = {};
  try { told = await answer.json(); } catch (error) {
    if (answer.ok) throw error; // cut off on its way: it is asked for again
  }
  return { status: answer.status, told };
}

const fleeting = status => status === 429 || status >= 500;

// Whether the server has what was kept, or says in its own words that it will never take it.
const settles = ({ status, told }) => status === 200 || status === 422 || status === 409 && !told.elsewhere || status === 404 && !!told.text;

// Whether sending it again may help: a desk has the session open, or a proxy or portal answers in the server's stead.
const mayPass = ({ status, told }) => !settles({ status, told }) && !told.elsewhere && ![400, 413, 415].includes(status);

// Asks until there is an answer; what must not be lost is kept first and goes on being sent.
async function ask(path, body, entry = null) {
  for (let pause = 1; ; pause = Math.min(60, 2 * pause)) {
    try {
      if (entry) body.late = Math.max(0, (Date.now() - entry.left) / 1000);
      const answer = await post(path, body);
      if (!(entry ? mayPass(answer) : fleeting(answer.status))) return answer;
      say(answer.told.text || words.web_unreachable || "…");
    } catch {
      say(words.web_unreachable || "…");
    }
    outbox.show();
    await wait(pause);
  }
}

async function send(path, key, body) {
  const entry = { key, path, body, left: Date.now() };
  await outbox.keep(entry);
  const answer = await ask(path, body, entry);
  if (settles(answer)) await outbox.drop(key);
  outbox.show();
  return answer;
}

async function begin() {
  const answer = await ask("open", {});
  if (answer.status !== 200) {
    show(make("p", { text: answer.told.text || "" }), button(words.again || "↻", begin, { class: "on" }));
    return null;
  }
  ({ tab, words } = answer.told);
  for (const entry of [...outbox.memory.values()]) { // what an earlier page could not send any more
    const late = await ask(entry.path, entry.body, entry);
    if (late.told.elsewhere) { showElsewhere(late.told); return null; }
    if (settles(late)) await outbox.drop(entry.key);
    if (late.status === 200) answer.told.screen = late.told.screen;
    else if (late.told.text) say(late.told.text);
  }
  outbox.show();
  return answer.told.screen;
}

// --- sound ------------------------------------------------------------------------------------------------------

let context = null;
let deviceRate = 0;

async function wake() {
  if (!context) {
    const plain = new AudioContext();
    deviceRate = plain.sampleRate;
    plain.close();
    context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    context.addEventListener("statechange", () => player && player.look());
  }
  if (context.state !== "running") await context.resume();
}

// A float WAV file as it is: no decoder comes between.
function parsed(data) {
  const view = new DataView(data);
  let at = 12, channels = 1, rate = 0;
  for (;;) {
    const name = view.getUint32(at, false), size = view.getUint32(at + 4, true);
    if (name === 0x666d7420) { channels = view.getUint16(at + 10, true); rate = view.getUint32(at + 12, true); }
    if (name === 0x64617461) {
      if (rate !== RATE) throw new Error("rate");
      const all = new Float32Array(data.slice(at + 8, at + 8 + size));
      const frames = all.length / channels, buffer = new AudioBuffer({ numberOfChannels: channels, length: frames, sampleRate: RATE });
      for (let channel = 0; channel < channels; channel++)
        buffer.copyToChannel(channels === 1 ? all : all.filter((_, k) => k % channels === channel), channel);
      return buffer;
    }
    at += 8 + size + (size & 1);
  }
}

async function fetched(name) {
  for (let pause = 1; ; pause = Math.min(60, 2 * pause)) {
    try {
      const answer = await fetch("sound/" + name, { cache: "no-store" });
      if (answer.ok) return parsed(await answer.arrayBuffer());
      if (!fleeting(answer.status)) throw new RangeError("gone");
    } catch (error) {
      if (error instanceof RangeError) throw error;
    }
    say(words.web_unreachable);
    await wait(pause);
  }
}

const curve = up => Float32Array.from({ length: 241 }, (_, k) => (1 - Math.cos(Math.PI * (up ? k : 240 - k) / 240)) / 2);
const UP = curve(true), DOWN = curve(false);

// Whole numbers of samples: a start between two would be interpolated.
const onSample = seconds => Math.ceil(seconds * RATE - 1e-6) / RATE;

// Whether the sound thread may have passed a moment while it was told what to do then.
const isLate = when => context.currentTime + 128 / RATE > when;
let slips = 0; // fades that may not be whole for it

// One trial's or step's sounds. Keeps the account of what was heard as events, in the order in which it sounded.
class Player {
  constructor(sounds, buffers, kind, { pause = 0, loop = false, edges = [] } = {}) {
    Object.assign(this, { sounds, buffers, kind, edges });
    this.gap = Math.round(pause * RATE);
    this.slot = 0;
    this.events = [];
    this.plays = sounds.map(() => 0);
    this.spans = sounds.map(() => []);
    this.heardOf = null; // the slot that the last event was about
    this.timeline = []; // {from, until, slot, offset, what}: what sounds when, by the context's clock
    this.nodes = [];
    this.busy = 0; // until then a fade is on its way
    this.playing = false;
    this.interrupted = false;
    this.at = 0; // where it stands in silence
    this.ended = true;
    this.total = kind === "in_turn" ? buffers.reduce((sum, one) => sum + one.length, 0) + this.gap * (buffers.length - 1) : Math.max(...buffers.map(one => one.length));
    this.loop = loop ? [0, this.total] : null;
    this.changed = () => {};
    this.away = ""; // while the page is: what it did before
    this.timer = setInterval(() => { lookAwake(); this.look(); }, 25);
    awake = performance.now();
  }

  get length() { return this.kind === "separate" ? this.buffers[this.slot].length : this.total; }
  get late() { return context.outputLatency || 0; }

  close() {
    clearInterval(this.timer);
    if (this.playing) this.pause();
    this.changed = () => {};
  }

  position() {
    if (!this.playing) return this.at;
    const now = context.currentTime;
    const one = [...this.timeline].reverse().find(part => part.from <= now && part.what !== "gap") || this.timeline[0];
    return one ? Math.min(this.length, Math.max(0, Math.round(one.whole + (now - one.from) * RATE))) : this.at;
  }

  sounding() {
    if (!this.playing) return null;
    const now = context.currentTime, one = this.timeline.find(part => part.from <= now && now < part.until);
    return one ? one.slot : null;
  }

  // --- wishes

  toggle() { if (this.playing) this.pause(); else this.start(this.ended ? 0 : this.at); }

  restart() { if (this.playing) this.silence(); this.ended = true; this.start(0); }

  select(slot) {
    if (this.kind === "separate") { if (this.playing) this.silence(); this.slot = slot; this.ended = true; this.start(0); return; }
    if (!this.playing) { this.slot = slot; this.start(this.ended ? 0 : this.at); return; }
    if (slot === this.slot) return;
    this.account();
    const old = this.gains[this.slot], next = this.gains[slot];
    const when = this.clear(onSample(Math.max(context.currentTime + AHEAD, this.busy)));
    const parts = this.timeline.filter(part => part.until > when + FADE);
    if (!parts.length) { // it ends before the other one could be heard: as if it had ended
      this.silence();
      this.slot = slot;
      this.ended = true;
      this.start(0);
      return;
    }
    old.gain.setValueCurveAtTime(DOWN, when, FADE);
    next.gain.setValueCurveAtTime(UP, when + FADE, FADE);
    if (isLate(when)) slips++;
    this.busy = when + 2 * FADE + 1 / RATE;
    for (const part of parts) {
      const from = Math.max(part.from, when + FADE);
      if (part.from < from) {
        const whole = part.whole + (from - part.from) * RATE;
        this.timeline.push({ ...part, from, slot, whole, what: "switched", entered: false, done: undefined });
        part.until = from;
      } else Object.assign(part, { slot, what: part.what === "again" ? "again" : "switched" });
    }
    this.timeline.sort((a, b) => a.from - b.from);
    this.slot = slot;
    this.changed();
  }

  // Moves a switch on until its fades hide no edge of a gap.
  clear(when) {
    const one = this.timeline.find(part => part.from <= when && when < part.until);
    if (!one) return when;
    for (let tries = 0; tries < 50; tries++) {
      const from = one.whole + (when - one.from) * RATE, until = from + 2 * FADE * RATE;
      const hidden = this.edges.find(edge => edge >= from - 1 && edge <= until + 1);
      if (hidden === undefined) return when;
      const moved = onSample(one.from + (hidden + 2 - one.whole) / RATE);
      if (moved <= when || moved - when > 0.1) return when;
      when = moved;
    }
    return when;
  }

  setLoop(start, stop) {
    if (start === null) { this.loop = null; } else {
      stop = Math.min(this.total, Math.max(stop, start + SHORTEST_LOOP));
      start = Math.max(0, Math.min(start, stop - SHORTEST_LOOP));
      this.loop = [Math.round(start), Math.round(stop)];
    }
    if (this.playing) { const here = this.position(); this.silence(); this.start(here); }
    this.changed();
  }

  // --- sound

  start(from) {
    if (context.state !== "running") { this.interrupted = true; wake(); this.changed(); return; }
    if (this.loop && (from < this.loop[0] || from >= this.loop[1])) from = this.loop[0];
    const fresh = this.ended;
    this.interrupted = false;
    this.ended = false;
    this.playing = true;
    this.master = context.createGain();
    this.gains = this.sounds.map((_, slot) => {
      const node = context.createGain();
      node.gain.value = this.kind === "in_turn" || slot === this.slot ? 1 : 0;
      node.connect(this.master);
      return node;
    });
    // Sources that are told too late begin one after the other, not at one moment: then all begin anew.
    for (let ahead = AHEAD; ; ahead *= 2) {
      this.nodes = [];
      this.timeline = [];
      const when = onSample(Math.max(context.currentTime + ahead, this.busy));
      this.schedule(when, from, fresh ? "started" : "switched");
      if (from > 0) this.fadeIn(when);
      this.master.connect(context.destination);
      if (!isLate(when) || ahead > 1) break;
      this.master.disconnect();
      this.master.gain.cancelScheduledValues(0);
      this.master.gain.value = 1;
      for (const node of this.nodes) node.disconnect();
    }
    this.changed();
  }

  fadeIn(when) { this.master.gain.setValueAtTime(0, 0); this.master.gain.setValueCurveAtTime(UP, when, FADE); }

  play(slot, when, offset, frames) {
    const node = context.createBufferSource();
    node.buffer = this.buffers[slot];
    node.connect(this.gains[slot]);
    node.start(when, offset / RATE, frames / RATE);
    this.nodes.push(node);
  }

  // Puts one pass through the sounds on the clock, from a frame to the end of the loop or of all.
  schedule(when, from, what) {
    const stop = this.loop ? this.loop[1] : this.length;
    if (this.kind === "in_turn") {
      let begins = 0;
      this.buffers.forEach((buffer, slot) => {
        const ends = begins + buffer.length;
        if (ends > from) {
          const skipped = Math.max(0, from - begins), at = onSample(when + (begins + skipped - from) / RATE - 1e-9);
          this.play(slot, at, skipped, buffer.length - skipped);
          this.timeline.push({ from: at, until: at + (buffer.length - skipped) / RATE, slot, offset: begins, whole: begins + skipped, what });
        }
        begins = ends + this.gap;
      });
    } else {
      const slots = this.kind === "separate" || this.kind === "single" ? [this.slot] : this.buffers.keys();
      for (const slot of slots) this.play(slot, when, from, stop - from);
      this.timeline.push({ from: when, until: when + (stop - from) / RATE, slot: this.slot, offset: 0, whole: from, what });
    }
    this.over = when + (stop - from) / RATE;
    if (this.loop) { // out at its end; in again at its beginning, by the next pass
      this.master.gain.setValueCurveAtTime(DOWN, this.over - FADE - 1 / RATE, FADE);
      this.master.gain.setValueCurveAtTime(UP, this.over, FADE);
    }
  }

  look() {
    if (!this.playing) return;
    if (context.state !== "running") { this.interrupt(); return; }
    this.account();
    // The next pass of a loop is put on the clock long before it begins: a busy page makes no hole.
    if (this.loop && this.over - context.currentTime < Math.min(3, (this.loop[1] - this.loop[0]) / RATE + 0.2))
      this.schedule(onSample(this.over - 1e-9), this.loop[0], "again");
    else if (!this.loop && context.currentTime - this.late >= this.over + AHEAD) { this.silence(); this.ended = true; this.at = 0; }
    this.changed();
  }

  pause() { this.silence(); this.changed(); }

  interrupt() {
    if (this.playing) this.silence();
    this.interrupted = true;
    this.changed();
  }

  // Fades out and forgets what was scheduled.
  silence() {
    this.account();
    this.at = this.position();
    const when = onSample(context.currentTime + 0.002), nodes = this.nodes, master = this.master;
    if (context.currentTime < this.over) {
      try {
        const level = master.gain.value;
        master.gain.cancelScheduledValues(0);
        master.gain.setValueAtTime(level, when);
        master.gain.linearRampToValueAtTime(0, when + FADE);
      } catch { /* it falls silent without a fade */ }
      this.busy = when + FADE;
    }
    for (const node of nodes) { try { node.stop(when + FADE); } catch { /* it is over */ } }
    this.nodes = [];
    this.timeline = [];
    this.playing = false;
    this.heardOf = null;
    if (this.events.length && this.events[this.events.length - 1][0] !== "stopped") this.events.push(["stopped"]);
  }

  // Tells as heard what has sounded by now; each stretch begins with what brought it about.
  account() {
    const now = context.currentTime - this.late;
    for (const part of this.timeline) {
      if (part.from > now) break;
      if (part.closed) continue;
      this.enter(part);
      const start = part.done ?? part.whole, stop = Math.round(part.whole + (Math.min(now, part.until) - part.from) * RATE);
      if (stop > start) { this.heard(part.slot, start - part.offset, stop - part.offset); part.done = stop; }
    }
    if (this.kind !== "in_turn") this.timeline = this.timeline.filter(part => part.until > now || part.from > now);
  }

  enter(part) {
    if (part.entered) return;
    part.entered = true;
    if (part.what === "started" && this.kind === "in_turn") { if (this.heardOf === null && part.slot === 0 || this.plays[part.slot] === 0 || part.whole === part.offset) this.note("started", part.slot); }
    else if (part.what === "started") this.note("started", part.slot);
    else if (part.what === "switched" && this.kind !== "in_turn") this.note(this.plays[part.slot] ? "switched" : "started", part.slot);
    this.heardOf = part.slot;
  }

  note(what, slot) {
    if (what === "started") this.plays[slot]++;
    this.events.push([what, slot]);
  }

  heard(slot, start, stop) { // in whole frames: the server takes no others
    start = Math.round(start);
    stop = Math.round(stop);
    const last = this.events[this.events.length - 1];
    if (last && last[0] === "heard" && last[1] === slot && Math.abs(last[3] - start) <= 2) last[3] = stop;
    else this.events.push(["heard", slot, start, stop]);
    const kept = [];
    for (const [from, until] of this.spans[slot]) {
      if (until + JOIN < start || from > stop + JOIN) kept.push([from, until]);
      else { start = Math.min(start, from); stop = Math.max(stop, until); }
    }
    this.spans[slot] = [...kept, [start, stop]];
  }

  // A vote on the recording that was chosen a moment ago, though its fade is still to come.
  hurry() {
    if (!this.playing) return;
    this.account();
    const own = this.timeline.filter(one => one.slot === this.slot);
    const part = own.find(one => !one.entered);
    if (!part || own.some(one => one.entered && one.until > context.currentTime)) return;
    for (const one of this.timeline) if (one.from < part.from) one.closed = true; // what is left of its fade
    this.enter(part);
  }

  heardSome(slot) { return this.spans[slot].length > 0; }

  heardWhole(slot) {
    const spans = this.spans[slot];
    return spans.length === 1 && spans[0][0] <= JOIN && spans[0][1] >= this.buffers[slot].length - JOIN;
  }
}

let player = null;
let view = null; // the trial on the screen

// Put away (another tab, a locked screen): what sounds stops, and the trial's clock stands until it is seen again.
function putAway() {
  if (!player || player.away) return;
  player.away = player.playing || player.interrupted ? "sounding" : "silent";
  player.interrupt();
}

function takeUp() {
  if (!player || !player.away) return;
  if (player.away === "silent") player.interrupted = false; // else it is said, and played again by the listener
  player.away = "";
  player.changed();
}

document.addEventListener("visibilitychange", () => { if (document.hidden) putAway(); else takeUp(); });
document.addEventListener("freeze", putAway);
document.addEventListener("resume", () => { if (!document.hidden) takeUp(); });

let awake = performance.now();

// A machine that slept (a closed lid) tells nobody; what looks around all the time was not run for so long.
function lookAwake() {
  const now = performance.now(), slept = now - awake;
  awake = now;
  if (slept < ASLEEP) return;
  if (view) view.slept(slept);
  if (player && player.playing) player.interrupt();
}

function played() {
  const stats = context && context.playbackStats;
  const ms = seconds => typeof seconds === "number" && isFinite(seconds) ? Math.round(1e4 * seconds) / 10 : null;
  return {
    device_rate: deviceRate,
    base_ms: ms(context && context.baseLatency),
    output_ms: ms(context && context.outputLatency),
    underruns: stats && Number.isInteger(stats.underrunEvents) ? Math.max(0, stats.underrunEvents - underrunsBefore) + slips : null,
    agent: navigator.userAgent.slice(0, 400),
  };
}

let underrunsBefore = 0;
const countUnderruns = () => { slips = 0; underrunsBefore = (context && context.playbackStats && context.playbackStats.underrunEvents) || 0; };

// --- screens ----------------------------------------------------------------------------------------------------

let keys = () => false; // what a key does on this screen; true if it did something

function show(...nodes) {
  if (player) { player.close(); player = null; }
  view = null;
  keys = () => false;
  page.replaceChildren(...nodes.filter(node => node));
  window.scrollTo(0, 0);
  page.focus({ preventScroll: true });
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey && event.key.toLowerCase() !== "z" || event.altKey || event.metaKey) return;
  const inText = event.target.matches("textarea, input[type=text], select");
  if (inText && !(event.key === "Enter" && event.target.matches("input[type=text]")) && !(event.key === " " && event.target.dataset.plays)) return;
  const onButton = event.target.matches("button") && (event.key === " " || event.key === "Enter") && !event.target.dataset.keys;
  if (onButton && event.target.dataset.own) return;
  if (keys(event.key, event)) event.preventDefault();
});

async function next(screen) {
  if (!screen) return;
  const made = { step: showStep, trial: showTrial, break: showBreak, message: showMessage, end: showEnd }[screen.kind];
  await made(screen);
}

async function goOn() {
  const answer = await ask("on", {});
  if (answer.told.elsewhere) return showElsewhere(answer.told);
  if (answer.status === 200) { say(""); return next(answer.told.screen); }
  return next(await begin());
}

function oneButton(text, act) {
  const node = button(text, act, { class: "on ready" });
  keys = key => { if ((key === "Enter" || key === " ") && !node.disabled) { act(); return true; } return false; };
  return node;
}

function once(act) { let done = false; return () => { if (!done) { done = true; act(); } }; }

function showMessage(screen) {
  show(make("p", { text: screen.text }));
  page.append(oneButton(screen.button, once(goOn)));
}

function showBreak(screen) {
  show(make("p", { text: screen.text }));
  const left = make("p", { class: "faint centre" }), node = oneButton(words.continue, once(goOn));
  page.append(left, node);
  const until = performance.now() + 1000 * screen.seconds;
  const tick = () => {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    node.disabled = seconds > 0;
    left.textContent = seconds > 0 ? filled(seconds === 1 ? words.break_left_one : words.break_left, { seconds }) : "";
    if (seconds > 0 && left.isConnected) setTimeout(tick, 250);
  };
  tick();
}

function showEnd(screen) {
  show(make("p", { text: screen.text }));
  if (screen.code) page.append(make("p", { text: words.web_code }), make("p", { text: screen.code, class: "centre code" }));
  if (screen.form) { // the platform in whose frame this page is wants a form
    const hidden = Object.entries(screen.form.fields).map(([name, value]) => make("input", { type: "hidden", name, value }));
    const form = make("form", { method: "post", action: screen.form.action }, ...hidden);
    page.append(form, oneButton(words.web_leave, once(() => form.submit())));
  } else if (screen.url) page.append(oneButton(words.web_leave, () => { location.href = screen.url; }));
}

function showElsewhere(told) {
  show(make("p", { text: told.text || words.web_elsewhere }));
  page.append(oneButton(words.web_here, once(async () => next(await begin()))));
}

let gone = 0;

// Sounds of a screen, or a page that says why there are none.
async function loaded(sounds) {
  say(words.web_loading);
  try {
    const buffers = await Promise.all(sounds.map(sound => fetched(sound.name)));
    say("");
    gone = 0;
    return buffers;
  } catch {
    say("");
    if (gone++ < 3) { await goOn(); return null; } // a server that was started anew calls them otherwise
    show(make("p", { text: words.web_failed }), button(words.again, once(async () => next(await begin())), { class: "on" }));
    return null;
  }
}

// --- steps

async function showStep(screen) {
  show(make("h1", { text: screen.total > 1 ? `${screen.title}  (${screen.number}/${screen.total})` : screen.title }), make("p", { text: screen.text }));
  let pressed = null, turns = [], steps = null;
  if (screen.sounds.length) {
    const buffers = await loaded(screen.sounds);
    if (!buffers) return;
    player = steps = new Player(screen.sounds, buffers, screen.loop ? "single" : "in_turn", { pause: 0.5, loop: screen.loop && buffers[0].length > SHORTEST_LOOP });
    pressed = button(words.play, () => steps.toggle(), { class: "on", id: "play" });
    turns = buffers.length > 1 ? ["first", "second", "third"].slice(0, buffers.length).map(name => make("span", { class: "turn", text: words[name] })) : [];
    page.append(pressed, make("div", { class: "row" }, ...turns));
    steps.changed = () => {
      pressed.textContent = steps.playing ? words.pause : steps.interrupted ? words.again : words.play;
      turns.forEach((turn, at) => turn.classList.toggle("now", steps.sounding() === at));
      if (steps.interrupted) say(words.sound_interrupted);
    };
  }
  const fields = {};
  for (const question of screen.questions) {
    const id = "q" + Object.keys(fields).length;
    const field = question.kind === "choice"
      ? make("select", { id }, make("option", { value: "", text: "" }), ...question.choices.map(one => make("option", { value: one, text: one })))
      : make("input", { id, type: "text", maxlength: 2000, inputmode: question.kind === "number" ? "decimal" : null, autocomplete: "off" });
    page.append(make("label", { for: id, text: question.optional ? `${question.text}  ${words.optional}` : question.text }), field);
    fields[question.name] = field;
  }
  if (screen.typed) {
    const field = make("input", { id: "typed", type: "text", inputmode: "numeric", autocomplete: "off", "aria-label": screen.text, "data-plays": "1" });
    page.append(field);
    fields[screen.step] = field;
  }
  let sending = false;
  const answer = async answers => {
    if (sending) return;
    sending = true;
    if (steps) { if (steps.playing) steps.pause(); }
    const heard = steps ? steps.events.filter(one => one[0] === "heard").map(one => one.slice(1)) : [];
    say(words.web_saving);
    const body = { step: screen.step, number: screen.number, attempt: screen.attempt, heard, answers };
    const told = await send("step", `step ${screen.step} ${screen.number} ${screen.attempt}`, body);
    say("");
    sending = false;
    if (told.status === 200) return next(told.told.screen);
    if (told.told.elsewhere) return showElsewhere(told.told);
    if (told.status === 422) return say(told.told.text);
    if (told.status !== 409) return say(told.told.text || words.web_failed);
    await next(await begin());
    return say(told.told.text);
  };
  const answers = screen.choices.map(([value, text], at) => button(screen.choices.length > 1 ? `${at + 1}   ${text}` : text, () => answer({ [screen.step]: value })));
  const all = () => answer(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value])));
  if (answers.length) page.append(make("div", { class: "answers" }, ...answers));
  else page.append(button(words.continue, all, { class: "on" }));
  if (screen.failed) say(words.failed_check);
  keys = key => {
    if (key === " " && steps) { steps.toggle(); return true; }
    if (key === "Enter" && (!answers.length || answers.length === 1)) { answers.length ? answers[0].click() : all(); return true; }
    const which = answers.length > 1 && /^[1-9]$/.test(key) ? answers[Number(key) - 1] : null;
    if (which && !document.activeElement.matches("input")) { which.click(); return true; }
    return false;
  };
  const first = Object.values(fields)[0];
  if (first) first.focus();
}

// --- trials

async function showTrial(trial) {
  show(make("p", { class: "faint centre", text: filled(words.trial_count, { number: trial.place, total: trial.total }) }));
  const buffers = await loaded(trial.slots);
  if (!buffers) return;
  countUnderruns();
  new TrialView(trial, buffers);
}

class TrialView {
  constructor(trial, buffers) {
    this.trial = trial;
    this.votes = new Map(); // "slot scale" to vote
    this.undone = [];
    this.scale = trial.scales[0];
    this.comment = "";
    this.sending = false;
    this.switched = trial.playing === "switched" || trial.playing === "separate";
    this.slots = trial.slots.map((_, at) => at);
    this.rated = this.slots.filter(at => trial.slots[at].rated);
    player = this.player = new Player(trial.slots, buffers, trial.playing, { pause: trial.pause, loop: trial.loop, edges: trial.edges });
    view = this;
    this.build();
    this.player.changed = () => this.update();
    this.clock = { whole: 0, since: performance.now(), runs: true }; // it runs from here: all sounds are there
    keys = (key, event) => this.key(key, event);
    this.update();
  }

  // --- the trial's clock: it stands while the sound is interrupted

  stand(stands) {
    const now = performance.now();
    if (this.clock.runs) this.clock.whole += now - this.clock.since;
    this.clock.since = now;
    this.clock.runs = !stands;
  }

  slept(ms) { if (this.clock.runs) this.clock.since = Math.min(performance.now(), this.clock.since + ms); }

  seconds() { return (this.clock.whole + (this.clock.runs ? performance.now() - this.clock.since : 0)) / 1000; }

  // --- rules, as in the program's own window; the server has the last word

  wanted() { return (this.rated.length ? this.rated : [WHOLE]).flatMap(slot => this.trial.scales.map(scale => [slot, scale.name])); }
  key_(slot, scale) { return `${slot} ${scale}`; }
  unrated() { return this.wanted().filter(([slot, scale]) => !this.votes.has(this.key_(slot, scale))); }

  unheard(heard = this.trial.heard, slots = this.slots) {
    const many = this.slots.length > 1;
    if (heard !== "nothing" && slots.some(at => !this.player.heardSome(at))) return many ? "refused_all_heard" : "refused_not_heard";
    if (heard === "end" && slots.some(at => !this.player.heardWhole(at))) return many ? "refused_all_to_end" : "refused_not_to_end";
    return null;
  }

  mayRate(slot, scale) {
    if (this.trial.hear_each && this.votes.has(this.key_(slot, scale))) return null;
    if (slot !== WHOLE && this.trial.response !== "places") return this.player.playing && this.player.slot === slot ? null : "refused_not_playing";
    return this.unheard(this.switched && this.trial.heard === "end" ? "once" : this.trial.heard);
  }

  mayGoOn() {
    const unheard = this.unheard();
    if (unheard) return unheard;
    if (this.unrated().length) return this.rated.length > 1 ? "refused_unrated_some" : "refused_unrated";
    if (this.trial.need_hundred && ![...this.votes.values()].includes(100)) return "refused_no_hundred";
    return null;
  }

  mayPlay(slots) {
    const most = this.trial.max_plays;
    if (most === null) return null;
    const may = at => this.player.plays[at] < most || this.unheard(this.trial.heard, [at]) || this.slots.length > 1 && this.unrated().some(([slot]) => slot === at);
    return slots.some(may) ? null : "refused_play_limit";
  }

  mayRestart(slots) { const most = this.trial.max_plays; return most === null || slots.some(at => this.player.plays[at] < most) ? null : "refused_play_limit"; }

  together() { return this.switched ? [this.player.slot] : this.slots; }

  // --- what the listener does

  toggle() {
    if (this.player.interrupted && context.state !== "running") { wake().then(() => this.toggle()); return; }
    const refusal = !this.player.playing && this.player.ended ? this.mayPlay(this.together()) : null;
    if (refusal) return this.refuse(refusal);
    say("");
    this.player.toggle();
  }

  restart() {
    const refusal = (this.player.ended ? this.mayPlay : this.mayRestart).call(this, this.together());
    if (refusal) this.refuse(refusal); else this.player.restart();
  }

  choose(slot) {
    const refusal = this.trial.playing === "separate" || !this.player.plays[slot] ? this.mayPlay([slot]) : null;
    if (refusal) this.refuse(refusal); else { say(""); this.player.select(slot); }
    this.update();
  }

  vote(slot, scale, vote) {
    this.player.hurry();
    const refusal = this.mayRate(slot, scale);
    if (refusal) { this.refuse(refusal); this.update(); return; }
    say("");
    this.undone.push(new Map(this.votes));
    const first = !this.votes.has(this.key_(slot, scale));
    this.votes.set(this.key_(slot, scale), vote);
    this.player.events.push(["rate", vote, slot, scale]);
    if (this.trial.response === "places" && this.unrated().length === 1) {
      const [[left]] = this.unrated();
      this.votes.set(this.key_(left, scale), 1);
    }
    if (this.trial.hear_each && first && this.unrated().length) this.player.spans = this.slots.map(() => []);
    if (this.trial.together) this.scale = this.trial.scales.find(one => !this.votes.has(this.key_(slot, one.name))) || this.scale;
    this.update();
  }

  undo() {
    if (!this.undone.length) return;
    this.votes = this.undone.pop();
    this.player.events.push(["undo"]);
    this.update();
  }

  nudge(steps) {
    const { response } = this.trial;
    if (response === "sliders" || response === "grades") {
      const slot = this.player.slot;
      if (!this.trial.slots[slot].rated) return;
      const [low, high, one] = response === "grades" ? [1, 5, 0.1] : [0, 100, 1];
      const was = this.votes.get(this.key_(slot, ""));
      const value = was === undefined ? (low + high) / 2 : Math.min(high, Math.max(low, was + one * steps));
      this.vote(slot, this.scale.name, Math.round(value * 10) / 10);
    } else if (response === "places") {
      if (steps < 0 && this.trial.slots[this.player.slot].rated) this.out(this.player.slot);
    } else {
      const values = this.scale.labels.map(([value]) => value), was = values.indexOf(this.votes.get(this.key_(WHOLE, this.scale.name)));
      const at = was < 0 ? Math.floor(values.length / 2) : Math.min(values.length - 1, Math.max(0, was - Math.sign(steps)));
      this.vote(WHOLE, this.scale.name, values[at]);
    }
  }

  out(slot) { if (!this.votes.has(this.key_(slot, ""))) this.vote(slot, "", this.unrated().length); }

  stepScale(steps) {
    const { scales } = this.trial, at = scales.indexOf(this.scale) + steps;
    if (this.trial.together) this.scale = scales[(at + scales.length) % scales.length];
    else if (scales[at] && (steps < 0 || this.votes.has(this.key_(WHOLE, this.scale.name)))) this.scale = scales[at];
    this.ask();
    this.update();
  }

  async goOn() {
    if (this.sending) return;
    const left = this.trial.scales.filter(scale => this.unrated().some(([, name]) => name === scale.name));
    if (left.length && this.trial.scales.length > 1 && !left.includes(this.scale)) { this.scale = left[0]; say(""); this.ask(); this.update(); return; }
    const refusal = this.mayGoOn();
    if (refusal) return this.refuse(refusal);
    this.sending = true;
    if (this.player.playing) this.player.pause();
    const { trial } = this;
    const tags = [...page.querySelectorAll("input[name=tag]:checked")].map(one => one.value);
    const seconds = Math.round(1000 * this.seconds()) / 1000;
    const body = { trial: trial.number, ticket: trial.ticket, events: this.player.events, seconds, comment: this.comment, tags, played: played() };
    say(words.web_saving);
    this.update();
    const answer = await send("trial", `trial ${trial.number} ${trial.ticket}`, body);
    say("");
    this.sending = false;
    if (answer.status === 200) return next(answer.told.screen);
    if (answer.told.elsewhere) return showElsewhere(answer.told);
    if (answer.status === 422) {
      this.votes = new Map(answer.told.votes.map(([slot, scale, vote]) => [this.key_(slot, scale), vote]));
      this.update();
      return this.refuse(answer.told.refusal);
    }
    if (answer.status !== 409) { this.update(); say(answer.told.text || words.web_failed); return; } // it stays here
    const screen = await begin();
    await next(screen);
    say(answer.told.text);
  }

  refuse(refusal) {
    let text = words[refusal] || refusal;
    const naming = { refused_all_heard: at => !this.player.heardSome(at), refused_all_to_end: at => !this.player.heardWhole(at), refused_unrated_some: at => this.unrated().some(([slot]) => slot === at) }[refusal];
    if (naming && this.switched) text = `${text.replace(/\.$/, "")}: ${this.slots.filter(naming).map(at => this.name(at)).join(", ")}`;
    say(text);
  }

  key(key, event) {
    const { trial } = this;
    if (event.ctrlKey) { this.undo(); return true; }
    const letter = key.length === 1 ? key.toUpperCase() : "";
    if (key === " ") { this.toggle(); return true; }
    if (key === "Enter") { this.goOn(); return true; }
    if (key === "Backspace") { this.restart(); return true; }
    if (key === "ArrowUp" || key === "ArrowDown") { this.nudge((key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1)); return true; }
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const steps = key === "ArrowRight" ? 1 : -1;
      if (this.switched) this.choose((this.player.slot + steps + this.slots.length) % this.slots.length);
      else if (trial.scales.length > 1) this.stepScale(steps);
      return true;
    }
    if (key === "F4") { const field = document.getElementById("comment"); if (field) field.focus(); return true; }
    if (this.switched) {
      if (trial.may_loop && key === "[") { this.player.setLoop(this.player.position(), this.player.loop ? this.player.loop[1] : this.player.total); return true; }
      if (trial.may_loop && key === "]") { this.player.setLoop(this.player.loop ? this.player.loop[0] : 0, this.player.position()); return true; }
      if (trial.may_loop && letter === "L" && !trial.slots.some(slot => slot.letter === "L")) { this.toggleLoop(); return true; }
      const plain = this.slots.filter(at => !trial.slots[at].reference);
      let slot = trial.slots.findIndex(one => one.letter === letter && letter);
      if (slot < 0 && (key === "0" || letter === "R")) slot = trial.slots.findIndex(one => one.reference);
      if (slot < 0 && /^[1-9]$/.test(key) && plain[key - 1] !== undefined) slot = plain[key - 1];
      if (slot >= 0) { this.choose(slot); return true; }
    } else if (/^[0-9]$/.test(key) && trial.response === "category" && this.scale.labels.some(([value]) => value === Number(key))) {
      this.vote(WHOLE, this.scale.name, Number(key));
      return true;
    }
    return false;
  }

  toggleLoop() { if (this.player.loop) this.player.setLoop(null); else this.player.setLoop(0, this.player.total); }

  // --- how it looks

  name(at) {
    const slot = this.trial.slots[at];
    return slot.reference ? (slot.letter ? `${slot.letter}: ${words.reference}` : words.reference) : slot.letter;
  }

  build() {
    const { trial } = this;
    this.play = button(words.play, () => this.toggle(), { id: "play" });
    this.bar = make("progress", { max: 1000, value: 0, "aria-hidden": "true" });
    this.turns = trial.playing === "in_turn" ? this.slots.map(at => make("span", { class: "turn", text: trial.slots[at].reference ? `${words[at ? "second" : "first"]}: ${words.reference}` : words[at ? "second" : "first"] })) : [];
    this.picks = this.switched ? this.slots.map(at => button(this.name(at), () => this.choose(at), { "data-slot": at })) : [];
    this.loops = trial.may_loop ? [
      button(words.loop_from, () => this.key("[", {})), button(words.loop_to, () => this.key("]", {})), button(words.loop, () => this.toggleLoop(), { id: "loop" }),
    ] : [];
    this.answers = make("div");
    this.next = button(words.next, () => this.goOn(), { class: "on", id: "next" });
    page.append(...[
      trial.practice && make("p", { class: "centre", text: words.training }),
      make("div", { class: "row" }, this.play, ...this.turns), this.bar,
      this.picks.length && make("div", { class: "row", role: "group" }, ...this.picks),
      this.loops.length && make("div", { class: "row" }, ...this.loops),
      this.heading = make("h1", { class: "centre" }), this.instruction = make("p", { class: "faint centre" }),
      this.answers, this.remarks(), this.hint = make("p", { class: "faint centre" }), this.next,
    ].filter(node => node));
    this.ask();
  }

  remarks() {
    const { trial } = this;
    if (!trial.comments && !trial.tags.length) return null;
    const tags = trial.tags.map(tag => make("label", { class: "tag" }, make("input", { type: "checkbox", name: "tag", value: tag }), tag));
    const field = trial.comments && make("textarea", { id: "comment", rows: 1, maxlength: 2000, "aria-label": words.comment, placeholder: words.comment });
    if (field) field.addEventListener("input", () => { this.comment = field.value; });
    return make("div", {}, ...tags, field);
  }

  digits(scale) { const values = scale.labels.map(([value]) => value); return !this.switched && this.trial.response === "category" && values.every(value => Number.isInteger(value) && value >= 0 && value <= 9) ? values : []; }

  ask() {
    const { trial, scale } = this, several = trial.scales.length > 1;
    this.heading.textContent = (trial.together ? scale.heading : (several ? `${trial.scales.indexOf(scale) + 1} / ${trial.scales.length}   ` : "") + scale.question);
    this.instruction.textContent = scale.instruction;
    const digits = this.digits(scale), name = trial.together ? "keys_together" : digits.length ? (several ? "keys_scales" : "keys_digits") : !this.switched ? "keys_arrows" : trial.response === "places" ? "keys_places" : this.rated.length ? "keys_sliders" : "keys_choice";
    this.hint.textContent = filled(words[name], { best: digits[0], worst: digits[digits.length - 1] });
    this.fields = [];
    const category = one => one.labels.map(([value, text]) => {
      const node = button(this.digits(one).length ? `${value}   ${text}` : text, () => { this.scale = one; this.vote(WHOLE, one.name, value); }, { "aria-pressed": "false" });
      this.fields.push({ node, slot: WHOLE, scale: one.name, value });
      return node;
    });
    if (trial.together) {
      this.sets = trial.scales.map(one => make("fieldset", {}, make("legend", { text: one.question }), make("div", { class: "row" }, ...category(one))));
      this.answers.replaceChildren(...this.sets);
    } else if (trial.response === "sliders" || trial.response === "grades") this.answers.replaceChildren(...this.sliders(scale));
    else if (trial.response === "places") {
      this.answers.replaceChildren(...this.rated.map(slot => {
        const place = make("output"), node = button(filled(words.place_worst, { letter: trial.slots[slot].letter }), () => this.out(slot));
        this.fields.push({ node, place, slot, scale: "" });
        return make("div", { class: "row" }, node, place);
      }));
    } else this.answers.replaceChildren(make("div", { class: "answers" }, ...category(scale)));
  }

  sliders(scale) {
    const grades = this.trial.response === "grades", [low, high] = grades ? [1, 5] : [0, 100];
    const marks = make("div", { class: scale.labels.some(([, text]) => text.length > 14) ? "words long" : "words", "aria-hidden": "true" }, ...scale.labels.map(([value, text]) => {
      const node = make("span", { text });
      node.style.left = `${100 * (value - low) / (high - low)}%`;
      return node;
    }));
    return [marks, ...this.rated.map(slot => {
      const input = make("input", { type: "range", min: low, max: high, step: grades ? 0.1 : 1, value: (low + high) / 2, "aria-label": filled(words.rating_of, { letter: this.trial.slots[slot].letter }) });
      const output = make("output", { text: "–" });
      input.addEventListener("input", () => this.vote(slot, scale.name, Number(input.value)));
      this.fields.push({ node: input, output, slot, scale: scale.name });
      return make("div", { class: "slider" }, make("span", { text: this.trial.slots[slot].letter }), input, output);
    })];
  }

  label(vote) {
    const { response } = this.trial, labels = this.scale.labels;
    if (response === "grades") { const whole = labels.find(([value]) => value === vote); return whole ? `${tenths(vote)}, ${whole[1]}` : tenths(vote); }
    const near = labels.reduce((best, one) => Math.abs(one[0] - vote) < Math.abs(best[0] - vote) ? one : best);
    return `${vote}, ${near[1]}`;
  }

  update() {
    const { player: sound, trial } = this;
    if (!this.next.isConnected) return;
    if (sound.interrupted !== !this.clock.runs) { this.stand(sound.interrupted); say(sound.interrupted ? words.sound_interrupted : ""); }
    const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
    set(this.play, sound.interrupted ? words.again : sound.playing ? words.pause : words.play);
    this.bar.value = Math.round(1000 * sound.position() / sound.length);
    this.turns.forEach((turn, at) => turn.classList.toggle("now", sound.sounding() === at));
    this.picks.forEach((pick, at) => pick.setAttribute("aria-pressed", String(sound.slot === at)));
    const loop = document.getElementById("loop");
    if (loop) loop.setAttribute("aria-pressed", String(sound.loop !== null));
    for (const field of this.fields) {
      const vote = this.votes.get(this.key_(field.slot, field.scale));
      const may = this.mayRate(field.slot, field.scale) === null && !this.sending;
      if (field.output) {
        field.node.disabled = !may;
        field.node.classList.toggle("untouched", vote === undefined);
        set(field.output, vote === undefined ? "–" : trial.response === "grades" ? tenths(vote) : String(vote));
        field.node.setAttribute("aria-valuetext", vote === undefined ? words.web_unrated : this.label(vote));
        if (vote !== undefined && Number(field.node.value) !== vote) field.node.value = vote;
      } else if (field.place) {
        field.node.disabled = !may || vote !== undefined;
        set(field.place, vote === undefined ? "" : filled(words.place_of, { place: vote }));
      } else {
        field.node.disabled = !may;
        field.node.setAttribute("aria-pressed", String(vote === field.value));
      }
    }
    if (this.sets) this.sets.forEach((one, at) => one.classList.toggle("now", trial.scales[at] === this.scale));
    this.next.classList.toggle("ready", this.mayGoOn() === null);
    this.next.disabled = this.sending;
  }
}

// --- the beginning ----------------------------------------------------------------------------------------------

async function main() {
  await outbox.open();
  if (outbox.database) await outbox.load();
  const screen = await begin();
  if (!screen) return;
  if (typeof AudioContext === "undefined" || !("copyToChannel" in AudioBuffer.prototype)) {
    show(make("p", { text: words.web_no_sound }));
    return;
  }
  if (screen.kind === "end") { await next(screen); return; }
  show(make("p", { text: words.web_begin_text }), Math.min(window.innerWidth, screen.width || 9999) < 600 && make("p", { class: "faint", text: words.web_small }));
  page.append(oneButton(words.begin, once(async () => {
    try { await wake(); } catch { show(make("p", { text: words.web_no_sound })); return; }
    if (deviceRate !== RATE) document.getElementById("device").textContent = filled(words.web_device, { rate: deviceRate });
    await next(screen);
  })));
}

main();
