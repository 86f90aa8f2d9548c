// The page: takes pictures and moments from the server, draws the one and sounds the other.

import { Band, Ring } from "./gauges.js";
import { Link } from "./link.js";
import { Sound } from "./sound.js";
import { Feet, Side } from "./wearer.js";
import { ENDED, PHASES, clock, exerciseName, linkIsWell, linkWords, stateLine } from "./words.js";

const ALERT_MS = 1800;
const LATE_S = 1; // a cue that was held up so long on its way is shown, but heard no more
const CALM_MS = 250; // with reduced motion the drawing moves no more often

const at = (id) => document.getElementById(id);
const sound = new Sound();
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const side = new Side(at("side")), feet = new Feet(at("feet")), ring = new Ring(at("ring"));
const tilt = new Band(at("tilt"), "Back", ["pressed down", "arched"], true);
const rotation = new Band(at("rotation"), "Hips", ["working side up", "other side up"], false);
const rated = { pain: null, effort: null };
let picture = null, received = 0, drawn = 0, alerted = { level: "none", until: 0 };

function text(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

function told(message) {
  if (message.role) document.body.dataset.role = message.role;
  if (!message.picture) return;
  picture = message.picture;
  received = performance.now();
  for (const moment of message.moments) happened(moment);
  settle();
}

function happened(moment) {
  if (moment.kind === "counted") {
    text("count-said", moment.taken_back ? `Back to ${moment.count}` : `Rep ${moment.count}`);
  } else if (moment.kind === "cued") {
    const { cue } = moment;
    if (cue.words && cue.words !== String(picture.count)) show(cue);
    if (picture.time_s - cue.time_s > LATE_S) return;
    sound.tone(cue.code, cue.tone);
    sound.say(cue.words);
  }
}

function show(cue) {
  text("cue", cue.words);
  alerted = { level: cue.alert, until: performance.now() + ALERT_MS };
}

// What changes now and then: words, buttons, the part after the set.
function settle() {
  const { state } = picture;
  document.body.dataset.state = state;
  text("exercise", exerciseName(picture.aim));
  text("state", stateLine(picture));
  const resting = state === "resting" && picture.remaining_s !== null;
  text("count", resting ? clock(picture.remaining_s) : String(picture.count));
  document.querySelector(".digits").dataset.long = at("count").textContent.length > 2 ? "yes" : "no";
  const aimed = picture.aim.reps === null ? "reps" : `of ${picture.aim.reps}`;
  text("of", resting ? "rest" : aimed);
  text("phase", state === "running" ? PHASES[picture.phase] ?? "" : "");
  document.title = `${picture.count} · ${exerciseName(picture.aim)}`;
  links();
  at("start").disabled = !picture.may_start;
  at("stop").disabled = at("discard").disabled = !(picture.started && ["waiting", "ready", "running"].includes(state));
  if (at("stop").disabled) at("sure").hidden = true;
  after();
}

function links() {
  const list = at("links");
  const wanted = ["pelvis", "ankle"].filter((place) => picture.links[place]);
  while (list.children.length > wanted.length) list.lastChild.remove();
  wanted.forEach((place, index) => {
    const item = list.children[index] ?? list.appendChild(document.createElement("li"));
    const words = linkWords(place, picture.links[place]);
    if (item.textContent !== words) item.textContent = words;
    item.dataset.well = linkIsWell(picture.links[place]) ? "yes" : "no";
  });
}

function after() {
  const over = picture.state === "ended" || picture.state === "resting";
  at("after").hidden = !over || (!picture.ended && !picture.headline);
  if (at("after").hidden) return;
  text("headline", picture.headline ?? `${picture.count} reps. ${ENDED[picture.ended] ?? ""}`);
  at("trouble").hidden = !picture.trouble;
  text("trouble", picture.trouble ?? "");
  for (const name of ["pain", "effort"]) {
    const said = picture[name];
    if (said === rated[name]) continue; // what was just tapped stays until the server has heard of it
    rated[name] = said;
    for (const input of at(name).querySelectorAll("input")) input.checked = Number(input.value) === said && said !== null;
  }
  const report = at("report");
  report.hidden = !picture.report;
  if (picture.report && report.getAttribute("src") !== picture.report) report.src = picture.report;
}

// What moves: at most once a screen frame.
function frame(now) {
  requestAnimationFrame(frame);
  if (picture === null || (calm.matches && now - drawn < CALM_MS)) return;
  drawn = now;
  const { limits } = picture;
  side.move(picture);
  feet.move(picture);
  ring.move(picture, picture.time_s + (performance.now() - received) / 1000);
  tilt.move(picture.tilt_deg, limits.tilt_watch_deg, limits.tilt_flag_deg);
  rotation.move(picture.rotation_deg, limits.rotation_watch_deg, limits.rotation_flag_deg);
  const level = performance.now() < alerted.until ? alerted.level : "none";
  if (performance.now() >= alerted.until) text("cue", lasting());
  document.body.dataset.alert = picture.state === "running" ? level : "none";
}

// What has to be done for longer than a cue is shown.
function lasting() {
  if (picture.state !== "resting" || picture.move_to === null) return "";
  return `Move the ankle sensor to the ${picture.move_to} leg`;
}

function scale(name) {
  const row = at(name).appendChild(document.createElement("div"));
  row.className = "scale";
  for (let value = 0; value <= 10; value += 1) {
    const label = row.appendChild(document.createElement("label"));
    const input = label.appendChild(document.createElement("input"));
    Object.assign(input, { type: "radio", name, value: String(value) });
    input.addEventListener("change", () => link.ask({ do: name, value }));
    label.appendChild(document.createElement("span")).textContent = String(value);
  }
}

function pressed(id, is) {
  at(id).setAttribute("aria-pressed", String(is));
}

function heardControls() {
  pressed("sound", sound.on);
  pressed("voice", sound.speaks);
  at("volume").value = String(Math.round(100 * sound.volume));
  at("sound").title = sound.isLocked && sound.on ? "Tap anywhere once, then there is sound" : "";
}

function toggle(id, name) {
  at(id).addEventListener("click", () => {
    sound[name] = !sound[name];
    sound.keep();
    heardControls();
    if (name === "on") sound.tone("notice");
    else sound.say("Voice on");
  });
}

function lostOrFound(words, isFinal) {
  at("lost").hidden = words === "";
  text("lost", words);
  if (isFinal) text("state", "");
}

function steer() {
  at("start").addEventListener("click", () => link.ask({ do: "start" }));
  at("stop").addEventListener("click", () => link.ask({ do: "stop" }));
  at("discard").addEventListener("click", () => { at("sure").hidden = false; at("discard-no").focus(); });
  at("discard-yes").addEventListener("click", () => { at("sure").hidden = true; link.ask({ do: "discard" }); });
  at("discard-no").addEventListener("click", () => { at("sure").hidden = true; at("discard").focus(); });
}

// The report has no scripts: its height is set from here.
at("report").addEventListener("load", () => {
  const height = at("report").contentDocument?.documentElement.scrollHeight;
  if (height) at("report").style.height = `${height + 24}px`;
});

async function stayAwake() {
  try {
    if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen");
  } catch {
    // Not allowed here: the screen may sleep, and the page catches up when it wakes.
  }
}

scale("pain");
scale("effort");
toggle("sound", "on");
toggle("voice", "speaks");
at("volume").addEventListener("input", () => { sound.volume = at("volume").valueAsNumber / 100; sound.keep(); });
sound.changed = heardControls;
heardControls();
steer();
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
const link = new Link(location.hash.slice(1), told, lostOrFound);
addEventListener("hashchange", () => location.reload());
requestAnimationFrame(frame);
