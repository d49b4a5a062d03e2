// Ends the application of a page that is gone. A service worker outlives its pages for a while: whether a page went for
// good or is only loaded again shows within seconds.

const GRACE = 8000; // ms in which a page that is loaded again reports back

const leaving = new Map(); // by tab, what keeps its application

self.addEventListener("install", () => self.skipWaiting());

// {tab, ending}: the page in that tab goes; or, where `ending` is null, is back.
self.addEventListener("message", (event) => {
  const { tab, ending } = event.data;
  leaving.get(tab)?.();
  leaving.delete(tab);
  if (ending !== null) event.waitUntil(endLater(tab, ending));
});

async function endLater(tab, { href, authorization }) {
  const stays = await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), GRACE);
    leaving.set(tab, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  if (!stays) await fetch(href, { method: "DELETE", headers: { Authorization: authorization } }).catch(() => {});
}
