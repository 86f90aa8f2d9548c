// Tones by Web Audio, words by the browser's voice. Browsers require a first tap before either.

// Tones of each cue, or of its kind where it has none of its own: a sequence of [Hz, seconds].
const TONES = {
  beat: [[1200, 0.03]],
  count: [[660, 0.07], [990, 0.11]],
  uncount: [[990, 0.07], [660, 0.11]],
  hold: [[880, 0.16]],
  ready: [[590, 0.1], [880, 0.14]],
  done: [[660, 0.12], [880, 0.12], [1320, 0.22]],
  press_back: [[300, 0.18], [200, 0.26]],
  hips_level: [[420, 0.12], [420, 0.12]],
  no_swing: [[500, 0.08], [400, 0.08], [500, 0.08]],
  in_range: [[1050, 0.07], [1400, 0.12]],
  too_low: [[350, 0.1], [260, 0.14]],
  slower: [[480, 0.14], [360, 0.2]],
  sensor_lost: [[250, 0.12], [250, 0.12], [250, 0.12]],
  stop: [[220, 0.3], [160, 0.4]],
  fault: [[440, 0.14], [330, 0.18]],
  notice: [[760, 0.08]],
};
const KEPT = "imu-reps-sound";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // storage is disabled, or holds something else
  }
}

function remember(choice) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(choice));
  } catch {
    // Storage is disabled: the choice holds for this visit only.
  }
}

class Sound {
  constructor() {
    const kept = remembered();
    this.on = kept.on ?? true;
    this.speaks = kept.speaks ?? true;
    this.volume = kept.volume ?? 0.7;
    this.context = null;
    this.said = ""; // tone of the last spoken cue
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.unlock(), { capture: true });
    document.addEventListener("visibilitychange", () => this.context && this.unlock());
  }

  keep() {
    remember({ on: this.on, speaks: this.speaks, volume: this.volume });
    if (this.gain) this.gain.gain.value = this.volume;
    if (!this.speaks) globalThis.speechSynthesis?.cancel();
  }

  get isLocked() {
    return this.context === null || this.context.state !== "running";
  }

  unlock() {
    if (this.context === null) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.gain = this.context.createGain();
      this.gain.gain.value = this.volume;
      this.gain.connect(this.context.destination);
      this.context.onstatechange = () => this.changed?.();
      globalThis.speechSynthesis?.speak(new SpeechSynthesisUtterance(""));
    }
    if (this.context.state !== "running") this.context.resume();
  }

  tone(code, kind) {
    if (!this.on || this.isLocked) return;
    const mild = code === "stop" && kind === "notice"; // an end the person asked for: nothing is wrong
    let at = this.context.currentTime;
    for (const [hertz, seconds] of (mild ? null : TONES[code]) ?? TONES[kind] ?? TONES.notice) {
      const source = this.context.createOscillator(), envelope = this.context.createGain();
      source.frequency.value = hertz;
      envelope.gain.setValueAtTime(0, at);
      envelope.gain.linearRampToValueAtTime(0.6, at + 0.005);
      envelope.gain.setValueAtTime(0.6, at + seconds - 0.01);
      envelope.gain.linearRampToValueAtTime(0, at + seconds);
      source.connect(envelope).connect(this.gain);
      source.start(at);
      source.stop(at + seconds);
      at += seconds + 0.03;
    }
  }

  // Speech starts at once and cuts off what is still being spoken; only a count waits for a fault to finish.
  say(words, tone = "") {
    const voice = globalThis.speechSynthesis;
    if (!this.speaks || !voice || !words) return;
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.lang = "en";
    utterance.rate = 1.15;
    utterance.volume = this.volume;
    if (this.said !== "fault" || tone !== "count") voice.cancel();
    this.said = tone;
    voice.speak(utterance);
  }
}
