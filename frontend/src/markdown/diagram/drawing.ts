import { address } from "../../own-server";

/** A message to the page that draws diagrams. Its answer is a `Drawing` or null. */
export interface DrawingRequest {
  /** Mermaid source. */
  readonly code: string;
  readonly isDark: boolean;
}

/** A diagram as SVG, with its size in pixels. */
export interface Drawing {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

const PATIENCE_MS = 15_000;

let frame: Promise<HTMLIFrameElement> | undefined;

/**
 * Draws a diagram in a sandboxed page, which may run scripts but has no origin, no cookies and no network. The
 * page is loaded with the first diagram.
 *
 * @returns null if the diagram cannot be drawn or the page cannot be loaded
 */
export async function draw(request: DrawingRequest): Promise<Drawing | null> {
  const { contentWindow } = await openFrame();
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), PATIENCE_MS);
    port1.onmessage = ({ data }: MessageEvent<Drawing | null>) => {
      clearTimeout(timer);
      port1.close();
      resolve(data);
    };
    contentWindow?.postMessage(request, "*", [port2]);
  });
}

function openFrame(): Promise<HTMLIFrameElement> {
  frame ??= new Promise((resolve) => {
    const element = document.createElement("iframe");
    element.setAttribute("sandbox", "allow-scripts");
    element.className = "diagram-frame";
    element.ariaHidden = "true";
    element.tabIndex = -1;
    element.src = address("/diagram/index.html");
    element.onload = () => resolve(element);
    document.body.append(element);
  });
  return frame;
}
