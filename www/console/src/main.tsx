import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { SessionProvider } from "./session/session.js";
import { Announcer } from "./ui/announcer.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/feedback.css";
import "./styles/overlays.css";
import "./styles/shell.css";
import "./styles/pages.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Announcer>
        <SessionProvider>
          <App />
        </SessionProvider>
      </Announcer>
    </StrictMode>,
  );
}
