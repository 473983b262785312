import { type ComponentType, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { onNextFrame } from "../src/generation/drawing-frame";
import { FrameClock } from "./frame-clock";
import { atOnce, GrowingText } from "./growing-text";
import { type Piece, replies } from "./replies";
import { TypingLatency } from "./typing-latency";
import "./bench.css";

type Renderer = ComponentType<{ text: string; isOver: boolean }>;

const renderers = import.meta.glob<{ default: Renderer }>("./beside/*.tsx");

interface Task {
  readonly renderer: string;
  readonly reply: string;
  readonly length: number;
  readonly charactersAFrame: number;
  /** The time limit in milliseconds. */
  readonly patienceMs: number;
}

/** Like the chat: a thread that is pinned to its end, and a text field. */
function Surface({ growing, Renderer }: { growing: GrowingText; Renderer: Renderer }) {
  return (
    <div className="flex h-dvh flex-col">
      <div id="scroller" className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]">
        <div id="content" className="mx-auto w-full max-w-3xl px-6 pt-4 pb-8">
          <Reply growing={growing} Renderer={Renderer} />
        </div>
      </div>
      <textarea id="box" className="mx-auto w-full max-w-3xl border border-line" />
    </div>
  );
}

function Reply({ growing, Renderer }: { growing: GrowingText; Renderer: Renderer }) {
  const { text, isOver } = useSyncExternalStore(growing.subscribe, growing.getSnapshot);
  return <Renderer text={text} isOver={isOver} />;
}

class Run {
  readonly #task: Task;
  readonly #growing: GrowingText;
  readonly #reply: Piece;
  readonly #clock = new FrameClock();
  readonly #typing = new TypingLatency(element("box"));
  readonly #endAt: number;
  #at = 0;
  #text = "";

  constructor(task: Task, growing: GrowingText) {
    const reply = replies[task.reply]?.(task.length);
    if (reply === undefined) throw new Error(`there is no reply ${task.reply}`);
    this.#task = task;
    this.#growing = growing;
    this.#reply = reply;
    this.#endAt = performance.now() + task.patienceMs;
  }

  /** Grows the text frame by frame up to this share of the reply. */
  async stream(share: number): Promise<void> {
    const { source } = this.#reply;
    while (this.#at < source.length * share && performance.now() < this.#endAt) {
      const next = Math.min(source.length, this.#at + this.#task.charactersAFrame);
      const added = source.slice(Math.floor(this.#at), Math.floor(next));
      this.#at = next;
      await this.#clock.next();
      this.#text += added;
      this.#growing.set(this.#text, false);
    }
    this.#clock.pause();
    if (share === 1) this.#growing.set(this.#text, true);
    await idle();
  }

  end() {
    const { source, seen } = this.#reply;
    return {
      characters: this.#text.length,
      isWhole: this.#text === source,
      isSame: letters(shownText()) === letters(seen),
      frames: this.#clock.result(),
      isAtEnd: isAtEnd(),
      typing: this.#typing.result(),
    };
  }
}

/** Renders the empty page, which is not measured. */
async function prepare(task: Task): Promise<void> {
  const growing = new GrowingText(task.renderer === "headwater" ? onNextFrame : atOnce);
  const module = await renderers[`./beside/${task.renderer}.tsx`]?.();
  if (module === undefined) throw new Error(`there is no renderer ${task.renderer}`);
  const root = createRoot(element("root"));
  root.render(<Surface growing={growing} Renderer={module.default} />);
  await idle();
  const scroller = element("scroller");
  const stayAtEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
  };
  new ResizeObserver(stayAtEnd).observe(element("content"));
  element("box").focus();
  // Loads the highlighter, as a page has it from the second code block on.
  growing.set("```python\nx = 1\n```\n", false);
  await idle();
  growing.set("", false);
  await idle();
  const run = new Run(task, growing);
  Object.assign(window, {
    stream: (share: number) => run.stream(share),
    end: () => run.end(),
  });
}

/** Whether the thread is scrolled to its end. */
function isAtEnd(): boolean {
  const { scrollTop, clientHeight, scrollHeight } = element("scroller");
  return clientHeight <= window.innerHeight && scrollTop + clientHeight >= scrollHeight - 1;
}

function shownText(): string {
  return element("content").textContent ?? "";
}

function letters(text: string): string {
  return text.replace(/\s+/g, "");
}

function element(id: string): HTMLElement {
  const match = document.getElementById(id);
  if (match === null) throw new Error(`there is no #${id}`);
  return match;
}

async function idle(): Promise<void> {
  for (let times = 0; times < 3; times += 1) {
    await new Promise(requestAnimationFrame);
    await new Promise<IdleDeadline>((resolve) => requestIdleCallback(resolve));
  }
}

Object.assign(window, { prepare });
