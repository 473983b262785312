import { ChatInterface } from "headwater-chat";
import "headwater-chat/style.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./shop.css";

function Shop() {
  return (
    <div className="shop">
      <header>
        <h1>Waterworks</h1>
        <button type="button">Orders</button>
      </header>
      <main>
        <section>
          <h2>Pumps and pipes</h2>
          <p>Ask about anything in the shop; the chat beside this text answers as it thinks.</p>
        </section>
        <ChatInterface endpoint="/" />
      </main>
    </div>
  );
}

const root = document.getElementById("root");
if (root === null) throw new Error('the page has no element "root"');
createRoot(root).render(
  <StrictMode>
    <Shop />
  </StrictMode>,
);
