// The page's words for what the server names by codes.

export const STATES = {
  ready: "Ready: begin when you like", running: "Counting", resting: "Rest", ended: "The set is over",
};
export const PHASES = { concentric: "Up", top: "Top", eccentric: "Down", bottom: "Bottom" };
export const ENDED = {
  left_posture: "You left the posture.", target: "The target is reached.", user: "Ended by you.",
  duration: "The time is over.", link_lost: "The ankle sensor stayed away.", end_of_recording: "The recording ends.",
  discarded: "Discarded.",
};
const LINKS = {
  away: "lost, trying again", connecting: "connecting", connected: "connected", streaming: "sending",
  silent: "silent", gone: "gone",
};
const LOW_BATTERY = 15;

export function exerciseName(aim) {
  const name = aim.exercise.replaceAll("_", " ");
  const side = aim.side === "left" || aim.side === "right" ? `, ${aim.side} leg` : "";
  return name[0].toUpperCase() + name.slice(1) + side;
}

export function stateLine(picture) {
  const words = [STATES[picture.state]];
  if (picture.state === "waiting") words[0] = picture.started ? "Be still for a moment" : "Press Start";
  if (picture.state === "ended" && picture.ended) words.push(ENDED[picture.ended] ?? picture.ended);
  if (picture.set_of > 1) words.push(`set ${picture.set_number} of ${picture.set_of}`);
  return words.join(" · ");
}

export function linkWords(place, link) {
  const state = `${place} ${LINKS[link.state] ?? link.state}`;
  if (link.battery_percent === null) return state;
  const battery = `battery ${Math.round(link.battery_percent)} %${link.battery_percent < LOW_BATTERY ? " (low)" : ""}`;
  return link.state === "streaming" ? `${place} ${battery}` : `${state}, ${battery}`;
}

export function linkIsWell(link) {
  return link.state === "streaming" && !(link.battery_percent !== null && link.battery_percent < LOW_BATTERY);
}

export function degrees(angle) {
  if (angle === null) return "–";
  const whole = Math.round(angle);
  return `${whole < 0 ? "−" : ""}${Math.abs(whole)}°`;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
