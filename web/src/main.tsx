import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/room.css";
import "./styles/talk.css";
import "./styles/desk.css";
import "./styles/sheet.css";

const room = document.getElementById("room");
if (!room) throw new Error("index.html must hold an element with the id 'room'");
createRoot(room).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
