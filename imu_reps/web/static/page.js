// The page: draws the snapshots and sounds the moments that the server sends.

const ALERT_MS = 1800;
const COLOUR_MS = 350; // minimum time between changes of the screen's colour: well under three flashes a second
const TWICE_MS = 700; // a second tap within this time was not meant for the button that replaced the first one's
const LONG = 26; // cues with more letters are written smaller
const LATE_S = 1; // a cue delayed by more than this is shown but not sounded
const GRAVITY = { none: 0, watch: 1, flag: 2 };
const CALM_MS = 250; // minimum time between updates of the drawing with reduced motion

const at = (id) => document.getElementById(id);
const sound = new Sound();
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const side = new Side(at("side")), feet = new Feet(at("feet")), ring = new Ring(at("ring"));
const tilt = new Band(at("tilt"), "Back", ["pressed down", "arched"], true);
const rotation = new Band(at("rotation"), "Hips", ["working side up", "other side up"], false);
let ordered = -TWICE_MS;
const rated = { pain: null, effort: null };
let snapshot = null, chosen = null, received = 0, drawn = 0;
let alerted = { level: "none", until: 0 }, coloured = -COLOUR_MS;

function text(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

// The large text, to be read from afar; `aloud`: also for screen readers.
function write(words, aloud = true, foreseen = false) {
  text("cue", words);
  at("cue").dataset.long = words.length > LONG ? "yes" : "no";
  at("cue").dataset.foreseen = foreseen ? "yes" : "no";
  if (aloud) text("cue-said", words);
}

function onMessage(message, late_s) {
  if (message.role) document.body.dataset.role = message.role;
  if (!message.snapshot) return;
  snapshot = message.snapshot;
  received = performance.now();
  for (const moment of message.moments) happened(moment, late_s);
  settle();
}

function happened(moment, late_s) {
  if (moment.kind === "counted") {
    text("count-said", moment.taken_back ? `Back to ${moment.count}` : `Rep ${moment.count}`);
  } else if (moment.kind === "cued") {
    const { cue } = moment;
    if (toRead(cue, snapshot.aim)) show(cue);
    if (late_s > LATE_S || snapshot.time_s - cue.time_s > LATE_S) return;
    if (["beat", "hold"].includes(cue.tone) && !calm.matches) ring.beat();
    sound.tone(cue.code, cue.tone);
    sound.say(cue.words, cue.tone);
  }
}

// A warning stays for its time; nothing less important replaces it.
function show(cue) {
  const now = performance.now();
  if (now < alerted.until && GRAVITY[cue.alert] < GRAVITY[alerted.level]) return;
  write(toRead(cue, snapshot.aim), !["beat", "hold"].includes(cue.tone), isForeseen(cue));
  alerted = { level: cue.alert, until: now + ALERT_MS };
}

// Parts that change now and then: words, buttons, the part after the set.
function settle() {
  const { state } = snapshot;
  document.body.dataset.state = state;
  text("exercise", exerciseName(snapshot.aim));
  text("state", stateLine(snapshot));
  const [great, what] = digits(snapshot);
  text("count", great);
  document.querySelector(".digits").dataset.long = great.length > 2 ? "yes" : "no";
  at("ring").dataset.full = great.length > 1 ? "yes" : "no";
  text("of", what);
  text("phase", phaseWord(snapshot));
  document.title = `${great} ${what} · ${exerciseName(snapshot.aim)}`;
  links();
  const under_way = snapshot.started && ["waiting", "ready", "running"].includes(state);
  at("start").hidden = !snapshot.may_start;
  at("stop").hidden = !under_way;
  at("discard").hidden = !under_way || snapshot.replay;
  at("keys").hidden = !under_way;
  at("hurt").hidden = snapshot.replay || (!under_way && state !== "resting");
  if (!under_way) at("sure").hidden = true;
  after();
}

function links() {
  const list = at("links");
  const wanted = ["pelvis", "ankle"].filter((place) => snapshot.links[place]);
  while (list.children.length > wanted.length) list.lastChild.remove();
  wanted.forEach((place, index) => {
    const item = list.children[index] ?? list.appendChild(document.createElement("li"));
    const words = linkWords(place, snapshot.links[place]);
    if (item.textContent !== words) item.textContent = words;
    item.dataset.well = linkIsWell(snapshot.links[place]) ? "yes" : "no";
  });
}

function after() {
  const over = snapshot.state === "ended" || snapshot.state === "resting";
  at("after").hidden = !over || (!snapshot.ended && !snapshot.headline);
  if (at("after").hidden) return;
  const counted = isHold(snapshot.aim) ? "" : `${snapshot.count} ${reps(snapshot.count)}. `;
  text("headline", snapshot.headline ?? `${counted}${ENDED[snapshot.ended] ?? ""}`);
  at("ratings").hidden = snapshot.replay || snapshot.ended === "discarded";
  at("trouble").hidden = !snapshot.trouble;
  text("trouble", snapshot.trouble ?? "");
  for (const name of ["pain", "effort"]) {
    const rating = snapshot[name];
    if (rating === rated[name]) continue; // a tapped value stays until the server has stored it
    rated[name] = rating;
    for (const input of at(name).querySelectorAll("input")) input.checked = Number(input.value) === rating && rating !== null;
  }
  reports();
}

// With several sets: a button for each and one for the session; a set without a report says why.
function reports() {
  const whole = snapshot.session ? [{ name: "Session", words: "", report: snapshot.session }] : [];
  const each = snapshot.sets.map(({ number, words, report }) => ({ name: `Set ${number}`, words, report }));
  const all = each.length > 1 ? [...whole, ...each] : [];
  const nav = at("sets");
  nav.hidden = all.length === 0;
  if (all.length !== nav.children.length) chosen = null;
  while (nav.children.length > all.length) nav.lastChild.remove();
  const shown = chosen ?? snapshot.session ?? snapshot.report;
  all.forEach(({ name, words, report }, index) => {
    const button = nav.children[index] ?? nav.appendChild(document.createElement("button"));
    button.type = "button";
    const label = words ? `${name}: ${unbroken(words)}` : name;
    if (button.textContent !== label) button.textContent = label;
    button.disabled = !report;
    button.setAttribute("aria-current", String(Boolean(report) && report === shown));
    button.onclick = () => { chosen = report; reports(); };
  });
  const frame = at("report");
  frame.hidden = !shown;
  const address = shown && HERE + shown;
  if (shown && frame.getAttribute("src") !== address) frame.src = address;
}

// Moving parts: updated at most once per screen frame.
function frame(now) {
  requestAnimationFrame(frame);
  if (snapshot === null || (calm.matches && now - drawn < CALM_MS)) return;
  drawn = now;
  const { limits, state } = snapshot;
  const measured = ["waiting", "ready", "running"].includes(state); // otherwise the last angles are outdated
  const body = measured ? snapshot : { ...snapshot, leg_deg: null, tilt_deg: null, rotation_deg: null };
  side.move(body);
  feet.move(body);
  ring.move(snapshot, snapshot.time_s + (performance.now() - received) / 1000);
  tilt.move(body.tilt_deg, limits.tilt_watch_deg, limits.tilt_flag_deg);
  rotation.move(body.rotation_deg, limits.rotation_watch_deg, limits.rotation_flag_deg);
  const over = performance.now() >= alerted.until;
  if (over) write(lasting(snapshot));
  colour(over ? "none" : alerted.level);
}

function colour(level) {
  if (level === document.body.dataset.alert || performance.now() - coloured < COLOUR_MS) return;
  coloured = performance.now();
  document.body.dataset.alert = level;
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
  at("tap").hidden = !(sound.isLocked && sound.on);
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

// What is pressed without a connection would be lost, so nothing can be.
function lostOrFound(words, code) {
  const lost = words !== "";
  at("lost").hidden = !lost;
  at("lost").dataset.over = code === OVER ? "yes" : "no";
  text("lost", words);
  for (const control of document.querySelectorAll(".steer button, #ratings fieldset")) control.disabled = lost;
  if (code) text("state", "");
}

function steer() {
  for (const name of ["start", "stop", "hurt"]) at(name).addEventListener("click", () => order(name));
  addEventListener("keydown", (event) => event.key === "Escape" && escaped());
  at("discard").addEventListener("click", () => { at("sure").hidden = false; at("discard-no").focus(); });
  at("discard-yes").addEventListener("click", () => { at("sure").hidden = true; order("discard"); });
  at("discard-no").addEventListener("click", () => { at("sure").hidden = true; at("discard").focus(); });
}

function order(name) {
  if (performance.now() - ordered < TWICE_MS) return;
  ordered = performance.now();
  link.ask({ do: name });
}

// Leave an open question, else the set.
function escaped() {
  if (!at("sure").hidden) at("discard-no").click();
  else if (!at("stop").hidden && document.body.dataset.role === "control") order("stop");
}

// The report has no scripts, so its height is set here.
at("report").addEventListener("load", () => {
  at("report").style.height = "0"; // a document is never reported lower than its frame
  const height = at("report").contentDocument?.documentElement.scrollHeight;
  if (height) at("report").style.height = `${height + 24}px`;
});

async function stayAwake() {
  try {
    if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen");
  } catch {
    // Not allowed here: the screen may sleep, and the page catches up on waking.
  }
}

scale("pain");
scale("effort");
toggle("sound", "on");
toggle("voice", "speaks");
at("volume").addEventListener("input", () => { sound.volume = at("volume").valueAsNumber / 100; sound.keep(); });
sound.changed = heardControls;
at("dark").hidden = "wakeLock" in navigator;
heardControls();
steer();
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
const link = new Link(onMessage, lostOrFound);
requestAnimationFrame(frame);
