/**
 * Watches a reply grow on any page. Runs inside the page; `recording.py` is its other half.
 *
 * It looks at every change of the document and at every frame, and keeps what differs from the look
 * before: when, in which drawn frame, the text (as what it keeps of the text before, and what follows),
 * whether the cursor is there, and whether the input takes text.
 *
 * @param {{ text: string, cursor: string | null, input: string | null, send: string | null,
 *           ignore: string | null }} selectors CSS selectors; `recording.py` tells what each means
 */
(selectors) => {
  const skipped = [selectors.cursor, selectors.ignore].filter((one) => one !== null).join(",");
  const earlier = new Map();
  const samples = [];
  const waiters = new Set();
  let last = null;
  let sentAt = null;
  let frame = 0;
  let frameAt = null;
  let longestFreezeMs = 0;
  let longest = 0;
  let sawCursor = false;
  let sawDisabled = false;
  let quietFrames = 0;
  let request = 0;

  const textOf = (element) => {
    if (skipped === "" || element.querySelector(skipped) === null) {
      return element.textContent.trimEnd();
    }
    const nodes = document.createTreeWalker(
      element,
      NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
      (node) => {
        if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
        return node.matches(skipped) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
      },
    );
    let text = "";
    while (nodes.nextNode()) text += nodes.currentNode.data;
    return text.trimEnd();
  };

  // What was there before the recording is not the reply, until it changes.
  const isReply = (element) => {
    if (!earlier.has(element)) return true;
    if (earlier.get(element) === element.textContent) return false;
    earlier.delete(element);
    return true;
  };

  const readText = () => {
    const reply = [...document.querySelectorAll(selectors.text)].filter(isReply).at(-1);
    return reply === undefined ? "" : textOf(reply);
  };

  const readCursor = () => {
    if (selectors.cursor === null) return null;
    return [...document.querySelectorAll(selectors.cursor)].some((one) => one.checkVisibility());
  };

  const readInput = () => {
    if (selectors.input === null) return null;
    const input = document.querySelector(selectors.input);
    if (input === null || !input.checkVisibility()) return "absent";
    const isDisabled =
      input.matches(":disabled") ||
      input.readOnly === true ||
      input.getAttribute("aria-disabled") === "true" ||
      input.getAttribute("contenteditable") === "false" ||
      input.closest("[inert]") !== null;
    return isDisabled ? "disabled" : "enabled";
  };

  const commonLength = (one, other) => {
    if (other.startsWith(one)) return one.length;
    let length = 0;
    while (length < other.length && one[length] === other[length]) length += 1;
    const cutsPair = /[\uD800-\uDBFF]/.test(one[length - 1] ?? "");
    return cutsPair ? length - 1 : length;
  };

  const look = () => {
    const now = { text: readText(), cursor: readCursor(), input: readInput() };
    sawCursor ||= now.cursor === true;
    sawDisabled ||= now.input === "disabled" || now.input === "absent";
    if (
      last !== null &&
      last.text === now.text &&
      last.cursor === now.cursor &&
      last.input === now.input
    ) {
      return;
    }
    const keep = last === null ? 0 : commonLength(last.text, now.text);
    samples.push([performance.now(), frame, keep, now.text.slice(keep), now.cursor, now.input]);
    last = now;
    longest = Math.max(longest, now.text.length);
  };

  const isFinished = () =>
    (selectors.cursor === null || (sawCursor && last.cursor === false)) &&
    (selectors.input === null || (sawDisabled && last.input === "enabled"));

  // A rendering update runs the callbacks, then paints; the message comes after the paint.
  const afterPaint = new MessageChannel();
  afterPaint.port1.onmessage = () => {
    frame += 1;
  };
  const onFrame = (at) => {
    if (frameAt !== null) longestFreezeMs = Math.max(longestFreezeMs, at - frameAt);
    frameAt = at;
    look();
    quietFrames = isFinished() ? quietFrames + 1 : 0;
    for (const waiter of waiters) waiter();
    afterPaint.port2.postMessage(null);
    request = requestAnimationFrame(onFrame);
  };

  const onSend = (event) => {
    if (sentAt !== null) return;
    sentAt = event.timeStamp;
    look();
  };
  const onClick = (event) => {
    const button = "button, [role=button], input[type=submit]";
    if (event.target.closest(selectors.send ?? button) !== null) onSend(event);
  };
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (event.target.matches(selectors.input ?? "input, textarea, [contenteditable]")) onSend(event);
  };

  for (const element of document.querySelectorAll(selectors.text)) {
    if (textOf(element) !== "") earlier.set(element, element.textContent);
  }
  const changes = new MutationObserver(look);
  changes.observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
  addEventListener("click", onClick, true);
  addEventListener("keydown", onKeyDown, true);
  addEventListener("submit", onSend, true);
  look();
  request = requestAnimationFrame(onFrame);

  const conditions = {
    // Two frames: what is gone between two words and then back has not ended.
    finished: () => quietFrames >= 2,
    length: (characters) => longest >= characters,
  };

  return {
    /** Resolves to whether the condition came true within `timeoutMs`. */
    until(condition, value, timeoutMs) {
      return new Promise((resolve) => {
        const settle = (came) => {
          clearTimeout(timer);
          waiters.delete(check);
          resolve(came);
        };
        const check = () => {
          if (conditions[condition](value)) settle(true);
        };
        const timer = setTimeout(() => settle(false), timeoutMs);
        waiters.add(check);
      });
    },
    stop() {
      look();
      changes.disconnect();
      cancelAnimationFrame(request);
      removeEventListener("click", onClick, true);
      removeEventListener("keydown", onKeyDown, true);
      removeEventListener("submit", onSend, true);
    },
    recorded() {
      return { samples, sentAt, longestFreezeMs };
    },
  };
};
