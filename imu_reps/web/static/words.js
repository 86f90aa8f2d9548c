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

function stateLine(picture) {
  const words = [STATES[picture.state]];
  if (picture.state === "waiting") words[0] = !picture.started ? "Press Start" : picture.replay ? "Before the set" : "Be still for a moment";
  if (picture.state === "ended" && picture.ended) words.push((ENDED[picture.ended] ?? picture.ended).replace(/\.$/, ""));
  if (picture.replay) words.unshift("Replay");
  const next = picture.state === "resting" ? 1 : 0;
  if (picture.set_of > 1) words.push(`${next ? "then " : ""}set ${picture.set_number + next} of ${picture.set_of}`);
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
function digits(picture) {
  if (picture.state === "resting" && picture.remaining_s !== null) return [clock(picture.remaining_s), "rest"];
  if (isHold(picture.aim)) return heldDigits(picture);
  return [String(picture.count), picture.aim.reps === null ? reps(picture.count) : `of ${picture.aim.reps}`];
}

function phaseWord(picture) {
  if (picture.state !== "running") return "";
  if (isHold(picture.aim)) return picture.held_s === null ? "" : "Hold";
  return PHASES[picture.phase] ?? "";
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
function lasting(picture) {
  const { state, aim } = picture;
  if (picture.replay) return ""; // a replay has nobody to instruct
  if (state === "resting" && picture.move_to !== null) return `Move the ankle sensor to the ${picture.move_to} leg`;
  if (state === "waiting" && picture.started && picture.links.ankle?.state === "streaming") {
    return aim.posture === "hanging" ? "Hang still" : "Lie still";
  }
  if (state === "ready") return isHold(aim) ? "Begin your hold" : "Begin when you like";
  return state === "ended" && picture.ended === "pain" ? "Stop, and rest" : "";
}

function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
