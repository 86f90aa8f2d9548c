// The page's words for the server's codes.

const STATES = {
  ready: "Ready", running: "Counting", resting: "Rest", ended: "The set is over",
};
const PHASES = { concentric: "Up", top: "Top", eccentric: "Down", bottom: "Bottom" };
const ENDED = {
  left_posture: "You left the posture.", target: "The target is reached.", user: "Ended by you.",
  pain: "It hurt: stop, and rest.", legs_down: "The legs came down.", duration: "The time is over.", link_lost: "The ankle sensor stayed away.", end_of_recording: "The recording ends.",
  faulty_reps: "Faulty reps came in a row.", range_lost: "The range fell.", speed_lost: "The speed fell.",
  discarded: "Discarded.",
};
const LINKS = {
  awaited: "not heard yet", found: "heard", away: "lost, trying again", connecting: "connecting", connected: "connected", streaming: "sending",
  silent: "silent", gone: "gone",
};

function exerciseName(aim) {
  const name = aim.exercise.replaceAll("_", " ");
  const side = aim.side === "left" || aim.side === "right" ? `, ${aim.side} leg` : "";
  return name[0].toUpperCase() + name.slice(1) + side;
}

// A tempo must not break across lines.
function unbroken(text) {
  return text.replace(/(\d)-(?=\d)/g, "$1\u2011");
}

function stateLine(snapshot) {
  const words = [STATES[snapshot.state]];
  if (snapshot.state === "waiting") words[0] = !snapshot.started ? "Press Start" : snapshot.replay ? "Before the set" : "Be still for a moment";
  if (snapshot.state === "ended" && snapshot.ended) words.push((ENDED[snapshot.ended] ?? snapshot.ended).replace(/\.$/, ""));
  if (snapshot.replay) words.unshift("Replay");
  const next = snapshot.state === "resting" ? 1 : 0;
  if (snapshot.set_of > 1) words.push(`${next ? "then " : ""}set ${snapshot.set_number + next} of ${snapshot.set_of}`);
  return words.join(" · ");
}

function linkWords(place, link) {
  const state = `${place} ${LINKS[link.state] ?? link.state}`;
  if (link.battery_percent === null) return state;
  const battery = `battery ${Math.round(link.battery_percent)} %${link.battery_low ? " (low)" : ""}`;
  return link.state === "streaming" ? `${place} ${battery}` : `${state}, ${battery}`;
}

function linkIsWell(link) {
  return link.state === "streaming" && !link.battery_low;
}

function degrees(angle) {
  if (angle === null) return "–";
  const whole = Math.round(angle);
  return `${whole < 0 ? "−" : ""}${Math.abs(whole)}°`;
}

const reps = (count) => (count === 1 ? "rep" : "reps");

const isHold = (aim) => aim.exercise === "hollow_hold";

function heldDigits({ held_s, state }) {
  const begun = held_s ?? (["waiting", "ready"].includes(state) ? 0 : null);
  if (begun === null) return ["–", "seconds"];
  const whole = Math.floor(begun);
  return whole < 100 ? [String(whole), "seconds"] : [clock(whole), "held"];
}

// The large digits, and what they count.
function digits(snapshot) {
  if (snapshot.state === "resting" && snapshot.remaining_s !== null) return [clock(snapshot.remaining_s), "rest"];
  if (isHold(snapshot.aim)) return heldDigits(snapshot);
  return [String(snapshot.count), snapshot.aim.reps === null ? reps(snapshot.count) : `of ${snapshot.aim.reps}`];
}

function phaseWord(snapshot) {
  if (snapshot.state !== "running") return "";
  if (isHold(snapshot.aim)) return snapshot.held_s === null ? "" : "Hold";
  return PHASES[snapshot.phase] ?? "";
}

// The text of a cue, without the count, which the large digits show.
// A bare number gets a word, as it means seconds and not repetitions.
function toRead(cue, aim) {
  if (cue.code === "count") return cue.words.split(", ").slice(1).join(", ");
  const bare = /^\d+$/.test(cue.words);
  if (cue.code === "hold" && bare) return isHold(aim) ? `${cue.words} seconds` : `hold, ${cue.words}`;
  return cue.code === "count_in" && bare ? `begin in ${cue.words}` : cue.words;
}

// A warning before a fault happens: it looks unlike a fault that has happened.
const isForeseen = (cue) => cue.code === "press_back" && cue.tone === "notice";

// Instructions that hold for longer than a cue is shown.
function lasting(snapshot) {
  const { state, aim } = snapshot;
  if (snapshot.replay) return ""; // a replay has nobody to instruct
  if (state === "resting" && snapshot.move_to !== null) return `Move the ankle sensor to the ${snapshot.move_to} leg`;
  if (state === "waiting" && snapshot.started && snapshot.links.ankle?.state === "streaming") {
    return aim.posture === "hanging" ? "Hang still" : "Lie still";
  }
  if (state === "ready") return isHold(aim) ? "Begin your hold" : "Begin when you like";
  return state === "ended" && snapshot.ended === "pain" ? "Stop, and rest" : "";
}

function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
