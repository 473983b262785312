import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import type { Language } from "./language/language";
import { loadLanguage } from "./language/languages";
import { getPreferences } from "./preferences/preferences";
import { allowBrowserTranslation } from "./ui/browser-translation";
import "./styles.css";

function draw(language: Language): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error('the page has no element "root"');
  allowBrowserTranslation(document.body);
  createRoot(root).render(
    <StrictMode>
      <App initialLanguage={language} />
    </StrictMode>,
  );
}

void loadLanguage(getPreferences().language).then(draw);
