// The connection to the server, reopened after sleep, reload and network loss. The recording does not depend on it.
// A page that lost it does not know whether it is still recorded.

const FIRST_MS = 250, LONGEST_MS = 5000, SILENT_MS = 4000, CLOCKS_MS = 15_000;
const OVER = 1001; // the server says goodbye: its command has ended
const FINAL = {
  [OVER]: "It is over: the command on the computer has ended. Nothing is recorded or taken from here any more.",
  404: "This link is not valid (any more). Take the link from the terminal.",
  4400: "The server did not understand this page. Reload it.",
};
const HERE = location.pathname.replace(/\/$/, ""); // the token, with which every path begins

class Link {
  // `onMessage` gets every message and its delay in seconds; `changed(words, code)` gets what is wrong with the connection, "" if nothing is.
  // `code` is of a close that is final, else 0.
  constructor(onMessage, changed) {
    this.onMessage = onMessage;
    this.changed = changed;
    this.pause = FIRST_MS;
    this.ended = false;
    addEventListener("online", () => this.retry());
    addEventListener("pageshow", () => this.retry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retry());
    setInterval(() => this.check(), 1000);
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.heard = performance.now();
    this.quickest_s = this.earlier_s = Infinity;
    this.since = performance.now();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${HERE}/live`);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => { opened = true; };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = performance.now();
      this.pause = FIRST_MS;
      this.changed("", 0);
      const message = JSON.parse(event.data);
      this.onMessage(message, this.late_s(message.sent_s));
    };
    socket.onclose = (event) => {
      if (socket !== this.socket || this.ended) return;
      this.lose(event.code);
      if (!opened) this.verify();
    };
  }

  // Delay of a message relative to the quickest one: a page that slept receives all queued messages at once.
  // Only the latest count, as either clock may be set: else every cue after that would be late.
  late_s(sent_s) {
    if (sent_s === undefined) return 0;
    const way_s = Date.now() / 1000 - sent_s;
    if (performance.now() - this.since > CLOCKS_MS) {
      [this.earlier_s, this.quickest_s] = [this.quickest_s, Infinity];
      this.since = performance.now();
    }
    this.quickest_s = Math.min(this.quickest_s, way_s);
    return way_s - Math.min(this.quickest_s, this.earlier_s);
  }

  // Browsers do not tell pages why a WebSocket was refused, but tell them of a plain request.
  async verify() {
    const answer = await fetch(HERE, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer?.status === 404) this.lose(404);
  }

  lose(code) {
    if (FINAL[code]) {
      this.ended = true;
      clearTimeout(this.timer);
      this.changed(FINAL[code], code);
      return;
    }
    const full = code === 4503 ? "Too many viewers. " : "";
    this.changed(`${full}No connection to the computer: nothing from here arrives. Trying again …`, 0);
    this.timer = setTimeout(() => this.open(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, LONGEST_MS);
  }

  // The server sends every second, so a silent connection is dead even if the browser reports it as open.
  check() {
    if (this.ended || performance.now() - this.heard < SILENT_MS) return;
    if (this.socket.readyState < WebSocket.CLOSING) this.drop();
  }

  retry() {
    if (this.ended || this.socket.readyState < WebSocket.CLOSING) return this.check();
    this.pause = FIRST_MS;
    this.open();
  }

  drop() {
    const socket = this.socket;
    this.socket = { readyState: WebSocket.CLOSED };
    socket.close();
    this.lose(1006);
    this.heard = performance.now();
  }

  ask(command) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(command));
  }
}
