import type { Conversation } from "../../api/schema";
import type { ReplySettings } from "../../generation/transport";

/** The settings of a conversation; null: the server's default. */
export type Settings = Pick<Conversation, "model" | "system" | "temperature" | "max_tokens">;

export const NO_SETTINGS: Settings = {
  model: null,
  system: null,
  temperature: null,
  max_tokens: null,
};

/** The settings that are not null, as members of a request. */
export function chosenSettings(settings: Settings): ReplySettings {
  const { model, system, temperature, max_tokens } = settings;
  const named = Object.entries({ model, system, temperature, max_tokens });
  return Object.fromEntries(named.filter(([, value]) => value !== null));
}
