// A QR code on the screen.

const QUIET = 4; // modules around the picture, as the standard asks

/** Rows of 0 and 1 as a picture, dark on white whatever the theme: a camera reads it. */
export function QrPicture(props: { modules: string; label: string }) {
  const lines = props.modules.trim().split("\n");
  const size = lines.length + 2 * QUIET;
  const path = lines.flatMap((line, row) => [...line].flatMap((bit, column) => (bit === "1" ? `M${column + QUIET} ${row + QUIET}h1v1h-1z` : [])));
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path.join("")} fill="#000000" />
    </svg>
  );
}
