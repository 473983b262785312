import type { Conversation } from "../../api/schema";
import type { ReplySettings } from "../../generation/transport";

/** How the replies of a conversation are made; null leaves it to the server. */
export type Settings = Pick<Conversation, "model" | "system" | "temperature" | "max_tokens">;

export const NO_SETTINGS: Settings = {
  model: null,
  system: null,
  temperature: null,
  max_tokens: null,
};

/** The settings that a request names: those that somebody chose. */
export function chosenSettings(settings: Settings): ReplySettings {
  const { model, system, temperature, max_tokens } = settings;
  const named = Object.entries({ model, system, temperature, max_tokens });
  return Object.fromEntries(named.filter(([, value]) => value !== null));
}
