// The wearer, drawn from the side and from the feet, moving with the measured angles.

const SVG = "http://www.w3.org/2000/svg";
// A few degrees of tilt would not be visible from the floor, so they are drawn magnified by this factor.
const PELVIS_GAIN = 3, PELVIS_MOST = 45;
const HIP = { x: 178, y: 214 }, THIGH = 78, SHANK = 84, GROUND = 236;

function draw(parent, name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

const bounded = (angle) => Math.max(-PELVIS_MOST, Math.min(PELVIS_MOST, angle));
const enlarged = (angle) => bounded(PELVIS_GAIN * (angle ?? 0));
const along = (from, length, angle) => ({
  x: from.x + length * Math.cos((angle * Math.PI) / 180),
  y: from.y - length * Math.sin((angle * Math.PI) / 180),
});
const line = (...points) => "M" + points.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("L");

// Head, neck, arm from shoulder over elbow to hand, and where the back begins: lying flat, hanging from a bar
// (the drawing is turned, head up), and held off the floor.
const FLAT = { head: [30, 211], neck: "M48 212L66 212", arm: "M72 218L118 229L164 229", hand: [170, 229], back: "M70 212", bend: [124, 211] };
const HANGING = { ...FLAT, arm: "M72 207L20 203L-40 207", hand: [-46, 207] };
const HELD = { head: [46, 160], neck: "M60 170L76 180", arm: "M82 184L128 184L172 182", hand: [180, 182], back: "M80 184", bend: [112, 214] };

const shapeOf = (aim) => (aim.posture === "hanging" ? HANGING : isHold(aim) ? HELD : FLAT);

// Position drawn for a leg that is not measured (yet).
function restingDegrees(aim) {
  if (aim.exercise === "heel_tap") return 0;
  if (isHold(aim)) return 25;
  return aim.start === "high" ? 90 : 0;
}

const legDegrees = (snapshot) => snapshot.leg_deg ?? restingDegrees(snapshot.aim);

// Height of the feet above the floor: the working one, and the other.
function footHeights(aim, angle) {
  const rise = (degrees) => Math.sin((degrees * Math.PI) / 180);
  if (aim.exercise === "heel_tap") return [THIGH * rise(90 + angle) + SHANK * rise(angle), THIGH];
  return [(THIGH + SHANK) * rise(Math.max(0, Math.min(120, angle))), 0];
}

// Hip, knee, ankle and toes of a leg, for the angles of thigh and shank, 0 when lying flat.
function leg(thigh, shank) {
  const knee = along(HIP, THIGH, thigh), ankle = along(knee, SHANK, shank);
  return line(HIP, knee, ankle, along(ankle, 18, shank + 80));
}

// Position of the ankle sensor: on the front of the shank, just above the ankle.
function onTheShank(thigh, shank) {
  const at = along(along(along(HIP, THIGH, thigh), SHANK - 20, shank), 12, shank + 90);
  return `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)}) rotate(${(-shank).toFixed(1)})`;
}

class Side {
  constructor(svg) {
    this.svg = svg;
    this.key = "";
  }

  // Parts that change only with the exercise.
  lay(aim, limits) {
    const key = JSON.stringify([aim, limits.floor_deg, limits.aimed_deg]);
    if (key === this.key) return;
    this.key = key;
    this.svg.replaceChildren();
    this.aim = aim;
    this.shape = shapeOf(aim);
    const hanging = aim.posture === "hanging";
    // a hanging wearer is drawn smaller, which leaves room for larger words above the leg
    this.svg.setAttribute("viewBox", hanging ? "0 -64 470 444" : "0 0 360 252");
    this.svg.dataset.posture = aim.posture;
    this.words = hanging ? { x: 236, y: -12, line: 40 } : { x: 2, y: 34, line: 22 };
    const body = draw(this.svg, "g", hanging ? { transform: "translate(344 -8) rotate(90)" } : {});
    if (hanging) draw(this.svg, "line", { class: "ground", x1: 84, y1: -56, x2: 190, y2: -56 });
    else draw(body, "line", { class: "ground", x1: 6, y1: GROUND, x2: 354, y2: GROUND });
    for (const angle of [30, 60, 90]) {
      const from = along(HIP, 60, angle), to = along(HIP, 172, angle);
      draw(body, "line", { class: "ray", x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    }
    this.gap = draw(body, "path", { class: "gap" });
    this.other = draw(body, "path", { class: "other", "stroke-width": 17 });
    this.torso = draw(body, "path", { class: "torso", "stroke-width": 30 });
    draw(body, "path", { class: "torso", "stroke-width": 13, d: this.shape.neck });
    draw(body, "circle", { class: "head", cx: this.shape.head[0], cy: this.shape.head[1], r: 20 });
    this.working = draw(body, "path", { class: "working", "stroke-width": 19 });
    this.pelvis = draw(body, "g");
    draw(this.pelvis, "ellipse", { class: "pelvis", cx: HIP.x - 4, cy: HIP.y - 2, rx: 23, ry: 18 });
    draw(this.pelvis, "rect", { class: "sensor", x: HIP.x - 12, y: HIP.y - 24, width: 16, height: 7, rx: 2 });
    this.ankle = draw(body, "rect", { class: "sensor", x: -8, y: -3.5, width: 16, height: 7, rx: 2 });
    draw(body, "path", { class: "edge", "stroke-width": 14, d: this.shape.arm });
    draw(body, "path", { class: "torso", "stroke-width": 10, d: this.shape.arm });
    draw(body, "circle", { class: "hand", cx: this.shape.hand[0], cy: this.shape.hand[1], r: 7.5 });
    this.angle = this.say("angle", 0);
    this.say("note", 1, aim.exercise === "heel_tap" ? "shank" : "leg");
    this.layLine(body, limits.floor_deg, "floor", "floor angle", 2);
    this.layLine(body, limits.aimed_deg, "aimed", "aim", 3);
  }

  say(name, line, words = "") {
    return draw(this.svg, "text", { class: name, x: this.words.x, y: this.words.y + line * this.words.line }, words);
  }

  layLine(body, angle, name, words, line) {
    if (angle === null || angle === undefined) return;
    const to = along(HIP, 174, angle);
    draw(body, "line", { class: name, x1: HIP.x, y1: HIP.y, x2: to.x, y2: to.y });
    this.say(`${name}-name`, line, `${words} ${degrees(angle)}`);
  }

  move(snapshot) {
    this.lay(snapshot.aim, snapshot.limits);
    const tilt = snapshot.tilt_deg > 0 ? enlarged(snapshot.tilt_deg) : bounded(snapshot.tilt_deg ?? 0);
    const arch = Math.max(0, tilt);
    const { back: neck, bend: [x, y] } = this.shape;
    const back = `${neck}Q${x} ${(y - 0.9 * arch).toFixed(1)} ${HIP.x - 14} 212`;
    this.torso.setAttribute("d", back);
    this.gap.setAttribute("d", arch > 1 ? `M84 ${GROUND - 7}Q124 ${(GROUND - 7 - 0.9 * arch).toFixed(1)} 166 ${GROUND - 7}Z` : "");
    this.pelvis.setAttribute("transform", `rotate(${tilt.toFixed(1)} ${HIP.x} ${HIP.y})`);
    const [working, other] = this.legs(legDegrees(snapshot));
    const known = snapshot.leg_deg !== null; // the leg is drawn only if it is measured
    this.working.setAttribute("d", known ? leg(...working) : "");
    this.ankle.setAttribute("transform", onTheShank(...working));
    this.ankle.setAttribute("visibility", known ? "visible" : "hidden");
    this.other.setAttribute("d", other ? leg(...other) : "");
    this.angle.textContent = degrees(snapshot.leg_deg);
  }

  // Angles of thigh and shank: of the working leg, and of the other one where it is visible.
  legs(angle) {
    switch (this.aim.exercise) {
      case "heel_tap": return [[90 + angle, angle], [90, 0]];
      case "single_leg_raise_bent": return [[angle, angle], [55, -62]];
      case "hollow_hold": return [[angle, angle], null];
      default: return [[angle, angle], this.aim.side === "both" ? null : [0, 0]];
    }
  }
}

class Feet {
  constructor(svg) {
    this.svg = svg;
    svg.setAttribute("viewBox", "0 0 200 214");
    this.body = draw(svg, "g");
    draw(this.body, "ellipse", { class: "torso", cx: 100, cy: 158, rx: 66, ry: 20, "stroke-width": 6 });
    this.pelvis = draw(this.body, "g");
    draw(this.pelvis, "rect", { class: "pelvis", x: 38, y: 146, width: 124, height: 24, rx: 12 });
    draw(this.pelvis, "rect", { class: "sensor", x: 84, y: 138, width: 32, height: 9, rx: 3 });
    this.soles = [72, 128].map((x) => draw(svg, "rect", { x: x - 15, y: 130, width: 30, height: 50, rx: 13 }));
    draw(svg, "line", { class: "ground", x1: 6, y1: 184, x2: 194, y2: 184 });
    draw(svg, "text", { class: "note", x: 12, y: 208 }, "right");
    draw(svg, "text", { class: "note", x: 138, y: 208 }, "left");
  }

  move(snapshot) {
    const side = snapshot.aim.side;
    // Seen from the feet, the person's right is on the left; positive means the side opposite the working leg rises.
    const turn = side === "right" ? -enlarged(snapshot.rotation_deg) : enlarged(snapshot.rotation_deg);
    this.pelvis.setAttribute("transform", `rotate(${turn.toFixed(1)} 100 158)`);
    const [working, other] = footHeights(snapshot.aim, legDegrees(snapshot)).map((height) => 0.68 * height);
    for (const [index, name] of ["right", "left"].entries()) {
      const works = side === name || side === "both" || isHold(snapshot.aim) || (side === null && name === "right");
      this.soles[index].setAttribute("class", works ? "working-sole" : "other-sole");
      this.soles[index].setAttribute("visibility", works && snapshot.leg_deg === null ? "hidden" : "visible");
      this.soles[index].setAttribute("y", (130 - (works ? working : other)).toFixed(1));
    }
    this.svg.toggleAttribute("hidden", snapshot.aim.posture === "hanging");
  }
}
