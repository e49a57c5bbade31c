"use strict";
// Plays the versions of findings: all of one finding run at the same position, gains choose which is heard.
// Samples are decoded here, not by the browser, whose 16-bit decoder does not divide by 32768.
const FADE = 0.005;       // seconds: out, then in (ITU-R BS.1534-3)
const AHEAD = 0.03;       // what is scheduled nearer than that may come too late
const STALE = 0.25;       // a busy browser tells a page of the time of sound so late at most
const PAUSE = 0.35;       // silence between two turns of the loop

class Finding {
  constructor(section) {
    this.section = section;
    this.data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
    this.buttons = [...section.querySelectorAll("button[data-version]")];
    this.play = section.querySelector("button[data-play]");
    this.loop = section.querySelector("button[data-loop]");
    this.choice = section.querySelector("select[data-sound]");
    this.said = section.querySelector("[data-said]");
    this.playhead = section.querySelector(".playhead");
    this.heard = this.buttons.length > 2 ? 2 : 0;
    this.looping = true;
    this.at = 0;
    this.buttons.forEach((button, number) => button.addEventListener("click", () => this.hear(number)));
    this.play.addEventListener("click", () => this.toggle());
    this.loop.addEventListener("click", () => this.setLoop(!this.looping));
    this.choice.addEventListener("change", () => { const on = this.playing; this.stop(); this.context = null; if (on) this.start(); else this.tell(""); });
    section.querySelector(".picture").addEventListener("click", (event) => this.point(event));
    section.addEventListener("pointerdown", () => takeInHand(this));
    section.addEventListener("focusin", () => takeInHand(this));
    this.show();
  }

  get playing() { return Boolean(this.sources); }
  get sound() { return this.data.sounds[Number(this.choice.value)]; }
  get seconds() { return this.sound.frames / this.sound.rate; }

  async start(from = this.at) {
    const sound = this.sound;
    if (this.starting) return;
    this.starting = true;
    stopAllBut(this);
    try { await this.begin(sound, from); } finally { this.starting = false; }
  }

  async begin(sound, from) {
    if (!this.context) {
      this.context = contextAt(sound.rate);
      this.buffers = sound.versions.map((version) => this.buffer(version, sound));
    }
    const context = this.context;
    await context.resume();
    if (context.state !== "running") { this.tell("The browser lets no sound out yet: press Space once more."); return; }
    if (context.sampleRate !== sound.rate) { this.tell(`This browser cannot play at ${sound.rate} Hz: nothing is played.`); return; }
    this.lead = -Infinity;
    const when = this.now() + AHEAD;
    this.begun = when - from;
    this.gains = []; this.sources = [];
    this.buffers.forEach((buffer, number) => {
      const gain = new GainNode(context, { gain: number === this.heard ? 1 : 0 });
      const source = new AudioBufferSourceNode(context, { buffer, loop: this.looping });
      source.connect(gain).connect(context.destination);
      source.start(when, from);
      this.gains.push(gain); this.sources.push(source);
    });
    this.sources[0].onended = () => { if (!this.looping) { this.stop(); this.at = 0; this.show(); } };
    this.quiet = when;
    this.tell("");
    this.show();
    this.draw();
  }

  stop() {
    if (!this.sources) return;
    this.at = this.position();
    this.sources[0].onended = null;
    this.sources.forEach((source) => source.stop());
    this.sources = null;
    this.tell("");
    this.show();
  }

  toggle() { if (this.playing) this.stop(); else this.start(this.at >= this.seconds - 0.01 ? 0 : this.at); }

  setLoop(on) {
    this.looping = on;
    const playing = this.playing;
    if (playing) { this.stop(); this.start(Math.min(this.at, this.seconds - 0.01)); }
    this.show();
  }

  // Switch at the running position: out, then in, and not across an edge of the gap, which the fade would hide.
  hear(number) {
    if (number >= this.buttons.length || number === this.heard) return;
    if (this.playing) {
      const when = this.clear(Math.max(this.now() + AHEAD, this.quiet));
      const [out, into] = [this.gains[this.heard].gain, this.gains[number].gain];
      out.setValueAtTime(1, when); out.linearRampToValueAtTime(0, when + FADE);
      into.setValueAtTime(0, when + FADE); into.linearRampToValueAtTime(1, when + 2 * FADE);
      this.quiet = when + 2 * FADE + 0.001;
    }
    this.heard = number;
    this.show();
  }

  // What a page sees of the time of sound stands still while the page is busy, and sound goes on: a fade that is
  // set to a time gone by is none. So the clock of the page carries on from the best that was seen.
  now() {
    const seen = this.context.currentTime, clock = performance.now() / 1000;
    this.lead = Math.max(this.lead, seen - clock);
    return Math.min(Math.max(seen, clock + this.lead), seen + STALE);
  }

  clear(when) {
    const whole = this.seconds + PAUSE;
    for (const edge of this.data.edges) {
      const place = (when - this.begun) % whole;
      if (place < edge + 0.001 && place + 2 * FADE > edge - 0.001) when += edge + 0.001 - place;
    }
    return when;
  }

  position() {
    const whole = this.seconds + PAUSE;
    const gone = Math.max(this.context.currentTime - this.begun, 0);
    return Math.min(this.looping ? gone % whole : gone, this.seconds);
  }

  point(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width - this.data.left) / this.data.width;
    const playing = this.playing;
    this.stop();
    this.at = Math.min(Math.max(share, 0), 1) * this.seconds;
    if (playing) this.start(); else this.show();
  }

  draw() {
    if (!this.playing) return;
    this.now();
    this.show(this.position());
    requestAnimationFrame(() => this.draw());
  }

  show(at = this.at) {
    this.buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === this.heard)));
    this.play.setAttribute("aria-pressed", String(this.playing));
    this.play.textContent = this.playing ? "Stop (Space)" : "Play (Space)";
    this.loop.setAttribute("aria-pressed", String(this.looping));
    this.playhead.style.left = `${100 * (this.data.left + this.data.width * at / this.seconds)}%`;
  }

  tell(text) {
    const own = deviceRate();
    const same = own === this.sound.rate ? "passed on unchanged" : `the browser makes ${own} Hz of it`;
    this.said.textContent = text || `${this.playing ? "Playing" : "To be played"}: ${this.sound.said}; ${same}.`;
  }

  // The loop's pause is part of the buffers: all are of one length, so that they stay together for ever.
  buffer(version, sound) {
    const whole = sound.frames + Math.round(PAUSE * sound.rate);
    const buffer = this.context.createBuffer(version.channels, whole, sound.rate);
    const samples = floatsOf(version, sound.versions);
    const fade = Math.min(Math.round(FADE * sound.rate), sound.frames >> 1);
    for (let channel = 0; channel < version.channels; channel++) {
      const row = new Float32Array(whole);
      for (let at = 0; at < sound.frames; at++) row[at] = samples[at * version.channels + channel];
      for (let at = 0; at < fade; at++) {
        const level = 0.5 - 0.5 * Math.cos(Math.PI * at / fade);
        row[at] *= level; row[sound.frames - 1 - at] *= level;
      }
      buffer.copyToChannel(row, channel);
    }
    return buffer;
  }
}

// A version has all its samples, or those in which it is not like one before it.
function floatsOf(version, versions) {
  const own = decoded(version);
  if (!version.changed) return own;
  const whole = floatsOf(versions[version.like], versions);
  let taken = 0;
  for (const [start, stop] of version.changed) {
    const count = (stop - start) * version.channels;
    whole.set(own.subarray(taken, taken + count), start * version.channels);
    taken += count;
  }
  return whole;
}

function decoded(version) {
  const text = atob(version.samples);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const view = new DataView(bytes.buffer);
  if (version.kind === "float32") return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true));
  return Float32Array.from({ length: bytes.length / 2 }, (_, at) => view.getInt16(2 * at, true) / 32768);
}

let known = 0;
function deviceRate() {
  if (!known) { const context = new AudioContext(); known = context.sampleRate; context.close(); }
  return known;
}

const contexts = new Map();
function contextAt(rate) {
  if (!contexts.has(rate)) contexts.set(rate, new AudioContext({ sampleRate: rate, latencyHint: "interactive" }));
  return contexts.get(rate);
}

const findings = [];
let atHand = null;

function takeInHand(finding) {
  atHand = finding;
  findings.forEach((each) => each.section.classList.toggle("at-hand", each === finding && findings.length > 1));
}

function stopAllBut(finding) { findings.forEach((each) => { if (each !== finding) each.stop(); }); }

document.querySelectorAll("section.finding").forEach((section) => findings.push(new Finding(section)));
if (findings.length) {
  takeInHand(findings[0]);
  // Where the sound card has the copy's rate and not the file's own, the copy is what the browser need not touch.
  for (const finding of findings) {
    const rates = finding.data.sounds.map((sound) => sound.rate);
    const fit = rates.indexOf(deviceRate());
    finding.choice.value = String(Math.max(fit, 0));
    finding.tell("");
  }
}

document.addEventListener("keydown", (event) => {
  if (!atHand || event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  if (/^[0-9]$/.test(event.key)) {
    const number = atHand.buttons.findIndex((button) => button.dataset.version === event.key);
    if (number >= 0) atHand.hear(number);
  } else if (event.key === " ") {
    event.preventDefault();
    if (!event.repeat) atHand.toggle();
  } else if (event.key === "l" || event.key === "L") {
    atHand.setLoop(!atHand.looping);
  } else if (event.key === "j" || event.key === "k") {
    const next = findings[findings.indexOf(atHand) + (event.key === "j" ? 1 : -1)];
    if (next) { takeInHand(next); next.section.scrollIntoView({ block: "start" }); }
  }
});
document.addEventListener("keyup", (event) => {
  // A button that has the focus would take Space for a click of its own.
  if (event.key === " " && event.target.tagName === "BUTTON") event.preventDefault();
});
