// Gives the event loop a turn, so that progress shows and an abort is heard.

/** Without the 4 ms that browsers add to nested timers. */
export const pause = typeof setImmediate === 'function' ? () => new Promise((resume) => setImmediate(resume)) : byMessage();

function byMessage() {
  const { port1, port2 } = new MessageChannel();
  const waiting = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resume) => {
      waiting.push(resume);
      port2.postMessage(null);
    });
}
