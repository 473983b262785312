import { focus } from "../../ui/focus";

/** Returns the focus to where it was, and what has been typed. */
export type LeaveStandIn = () => string;

/** Has the focus, and takes what is typed, until the search box is there. Ends when the focus goes elsewhere. */
export function standIn(label: string, onEnd: () => void): LeaveStandIn {
  const cameFrom = document.activeElement;
  const input = document.createElement("input");
  input.className = "sr-only";
  input.setAttribute("aria-label", label);
  input.onblur = () => {
    input.remove();
    onEnd();
  };
  document.body.append(input);
  focus(input);
  return () => {
    input.blur();
    focus(cameFrom);
    return input.value;
  };
}
