import { useChangeFeed } from "../data/use-change-feed";

/** Listens to what changes on the server. */
export default function ChangeListener(): null {
  useChangeFeed();
  return null;
}
