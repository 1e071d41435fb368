import { useId } from "react";
import type { Region } from "../wire";

interface Props {
  label: string;
  hint?: string;
  regions: readonly Region[];
  region: string;
  onRegion: (code: string) => void;
}

export function RegionSelect({ label, hint, regions, region, onRegion }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={region} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onRegion(event.target.value)}>
        {regions.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
      {hint && (
        <p id={`${id}-hint`} className="muted">
          {hint}
        </p>
      )}
    </div>
  );
}
