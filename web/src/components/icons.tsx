import type { ReactNode } from "react";

/** Line icons on a 24 px grid, drawn for this page; always beside a label or inside a labelled button. */
function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const PhoneIcon = () => (
  <Icon>
    <path d="M6.6 4.2h2.3c.5 0 .9.3 1 .8l.7 3c.1.4 0 .8-.4 1.1l-1.5 1.2a12.5 12.5 0 0 0 5 5l1.2-1.5c.3-.4.7-.5 1.1-.4l3 .7c.5.1.8.5.8 1v2.3c0 1-.8 1.8-1.8 1.8A13.8 13.8 0 0 1 4.8 6c0-1 .8-1.8 1.8-1.8Z" />
  </Icon>
);

export const FreshIcon = () => (
  <Icon>
    <path d="M12 5H7a3 3 0 0 0-3 3v9a3 3 0 0 0 3 3h9a3 3 0 0 0 3-3v-5" />
    <path d="m10 14 .5-2.7 7.6-7.6a1.6 1.6 0 0 1 2.2 2.2l-7.6 7.6L10 14Z" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 8h9M19 8h1M4 16h1M11 16h9" />
    <circle cx="16" cy="8" r="2.5" />
    <circle cx="8" cy="16" r="2.5" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V6M6.5 11 12 5.5 17.5 11" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect className="solid" x="7.5" y="7.5" width="9" height="9" rx="2" />
  </Icon>
);

export const DownIcon = () => (
  <Icon>
    <path d="M12 5v13M6.5 12.8 12 18.5l5.5-5.7" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />
  </Icon>
);

export const AgainIcon = () => (
  <Icon>
    <path d="M19 12a7 7 0 1 1-2.2-5.1" />
    <path d="M19.5 3.8v4h-4" />
  </Icon>
);

export const Mark = () => (
  <svg className="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
    <circle className="mark-light" cx="32" cy="24" r="10" />
    <path className="mark-bowl" d="M12 34c3.8 10 11.2 15.2 20 15.2S48.2 44 52 34" />
  </svg>
);
