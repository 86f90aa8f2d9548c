// The tempo ring around the count, and the bands for tilt and rotation.

const AROUND = 2 * Math.PI * 92;
const PARTS = { high: ["eccentric", "bottom", "concentric", "top"], low: ["concentric", "top", "eccentric", "bottom"] };
const BEAT_MS = 250;
const NAMES = { eccentric: "down", bottom: "hold", concentric: "up", top: "hold" };

function arc(circle, from, share) {
  circle.setAttribute("stroke-dasharray", `${(share * AROUND).toFixed(2)} ${AROUND.toFixed(2)}`);
  circle.setAttribute("transform", `rotate(${(360 * from - 90).toFixed(2)} 100 100)`);
}

// With a target tempo: the current position in it. Without: the elevation of the leg.
class Ring {
  constructor(svg) {
    draw(svg, "circle", { class: "track", cx: 100, cy: 100, r: 92 });
    this.done = draw(svg, "circle", { class: "done", cx: 100, cy: 100, r: 92 });
    this.pulse = draw(svg, "circle", { class: "pulse", cx: 100, cy: 100, r: 92 });
    this.marks = draw(svg, "g");
    this.key = "";
  }

  lay(aim) {
    const key = JSON.stringify(aim);
    if (key === this.key) return;
    this.key = key;
    this.marks.replaceChildren();
    const parts = PARTS[aim.start].map((name) => [name, aim[`${name}_s`] ?? 0]).filter(([, length]) => length > 0);
    const whole = parts.reduce((sum, [, length]) => sum + length, 0);
    this.parts = {};
    this.isTimed = whole > 0;
    let from = 0;
    for (const [name, length] of parts) {
      this.parts[name] = { from, share: length / whole, length };
      const angle = 2 * Math.PI * (from + length / whole / 2) - Math.PI / 2;
      draw(this.marks, "line", { class: "mark", x1: 100, y1: 3, x2: 100, y2: 13, transform: `rotate(${360 * from} 100 100)` });
      draw(this.marks, "text", { class: "part-name", x: 100 + 73 * Math.cos(angle), y: 103 + 76 * Math.sin(angle) }, NAMES[name]);
      from += length / whole;
    }
  }

  // The metronome, for those who cannot hear it.
  beat() {
    this.pulse.animate([{ opacity: 1 }, { opacity: 0 }], { duration: BEAT_MS, easing: "ease-out" });
  }

  move(snapshot, now_s) {
    this.lay(snapshot.aim);
    this.done.dataset.late = "no";
    const part = this.parts[snapshot.phase];
    if (snapshot.state === "resting") {
      const left_s = snapshot.remaining_s ?? 0;
      arc(this.done, 0, left_s / Math.max(left_s + snapshot.time_s, 1));
    } else if (snapshot.state === "ended" || (this.isTimed && snapshot.state !== "running")) {
      arc(this.done, 0, 0);
    } else if (!this.isTimed) {
      arc(this.done, 0, Math.max(0, Math.min(1, (snapshot.leg_deg ?? 0) / 90)));
    } else if (part) {
      this.pass(part, snapshot, now_s);
    } // a phase with a target of 0 s: keep what is drawn
  }

  pass(part, snapshot, now_s) {
    const passed = Math.max(0, now_s - snapshot.phase_since_s) / part.length;
    arc(this.done, part.from, part.share * Math.min(1, passed));
    this.done.dataset.late = passed > 1.25 ? "yes" : "no";
  }
}

const SPAN = 15;
const place = (angle) => 150 + (140 * Math.max(-SPAN, Math.min(SPAN, angle))) / SPAN;

class Band {
  // `oneSided`: only the positive side is a fault.
  constructor(parent, name, ends, oneSided) {
    this.svg = draw(parent, "svg", { viewBox: "0 0 300 48", role: "img" });
    this.name = name;
    this.oneSided = oneSided;
    this.said = draw(this.svg, "text", { class: "band-name", x: 150, y: 17 });
    this.zones = draw(this.svg, "g");
    draw(this.svg, "text", { class: "band-end", x: 10, y: 16 }, ends[0]);
    draw(this.svg, "text", { class: "band-end", x: 290, y: 16, "text-anchor": "end" }, ends[1]);
    this.needle = draw(this.svg, "rect", { class: "needle", y: 20, width: 7, height: 26, rx: 3 });
    this.key = "";
  }

  lay(watch, flag) {
    const key = `${watch} ${flag}`;
    if (key === this.key) return;
    this.key = key;
    this.zones.replaceChildren();
    const edges = this.oneSided
      ? [[-SPAN, watch, "good"], [watch, flag, "watch"], [flag, SPAN, "flag"]]
      : [[-SPAN, -flag, "flag"], [-flag, -watch, "watch"], [-watch, watch, "good"], [watch, flag, "watch"], [flag, SPAN, "flag"]];
    for (const [from, to, zone] of edges) {
      draw(this.zones, "rect", { class: `zone-${zone}`, x: place(from), y: 24, width: Math.max(0, place(to) - place(from)), height: 18 });
    }
  }

  move(angle, watch, flag) {
    this.lay(watch, flag);
    this.said.textContent = `${this.name} ${degrees(angle)}`;
    this.needle.setAttribute("x", (place(angle ?? 0) - 3.5).toFixed(1));
    this.needle.setAttribute("visibility", angle === null ? "hidden" : "visible");
    this.svg.setAttribute("aria-label", `${this.name} ${angle === null ? "not measured" : degrees(angle)}`);
  }
}
