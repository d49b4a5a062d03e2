// When a page may poll. A browser opens few connections to a server (six over HTTP/1.1), and each poll holds one, so all
// pages of the browser together poll at most three at a time; more of them take turns. A page that nobody sees polls only
// while it takes part in a meeting.

const SLOTS = ["openucwa-poll-1", "openucwa-poll-2", "openucwa-poll-3"];
const TURN = 2000; // ms after which a poll makes room for one that waits
const REST = 2000; // ms that a hidden page lets pass between two polls where it can't know of others

export class PollTurns {
  // `needed()`: whether the page polls while it is hidden, too.
  constructor(needed) {
    this.needed = needed;
  }

  // Calls poll(signal) when it may run, and returns what that returns; the signal ends it when the turn is over.
  take = async (poll) => {
    await this.#wanted();
    // Locks exist in secure contexts only.
    if (!navigator.locks) return this.#takeAlone(poll);
    const slot = await freest();
    return navigator.locks.request(slot, () => this.#run(poll, () => isWaitedFor(slot)));
  };

  // Visible pages go first: hidden ones poll for a while and rest for a while.
  async #takeAlone(poll) {
    const hidden = () => document.visibilityState !== "visible";
    if (hidden()) await new Promise((resolve) => setTimeout(resolve, REST));
    return this.#run(poll, hidden);
  }

  async #run(poll, othersWait) {
    const turn = new AbortController();
    const hidden = () => !this.#wantedNow && turn.abort();
    const timer = setInterval(async () => (await othersWait()) && turn.abort(), TURN);
    document.addEventListener("visibilitychange", hidden);
    try {
      return this.#wantedNow ? await poll(turn.signal) : null;
    } finally {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", hidden);
    }
  }

  get #wantedNow() {
    return document.visibilityState === "visible" || this.needed();
  }

  #wanted() {
    if (this.#wantedNow) return undefined;
    return new Promise((resolve) => {
      const seen = () => {
        if (!this.#wantedNow) return;
        document.removeEventListener("visibilitychange", seen);
        resolve();
      };
      document.addEventListener("visibilitychange", seen);
    });
  }
}

// The slot for which the fewest pages queue.
async function freest() {
  const { held, pending } = await navigator.locks.query();
  const queue = (slot) => [...held, ...pending].filter(({ name }) => name === slot).length;
  return SLOTS.reduce((best, slot) => (queue(slot) < queue(best) ? slot : best));
}

async function isWaitedFor(slot) {
  return (await navigator.locks.query()).pending.some(({ name }) => name === slot);
}
