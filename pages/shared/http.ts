// One request to the program that gave the page. Nothing else is asked.

export class Refused extends Error {
  constructor(
    readonly http: number,
    message: string,
    readonly waitMs = 0,
  ) {
    super(message);
  }
}

export function sentence(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** What a refusal says beside its status. */
export interface Said {
  error: string;
  status?: string;
  language?: "zh" | "en";
  wait_ms?: number;
}

export const part = encodeURIComponent;

/** The answer to a request whose body is JSON, a file or nothing. Refusals are told to `refused`
 * before they are thrown. */
export async function request(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  refused: (http: number, said: Said) => void,
): Promise<Response> {
  const init: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
  if (body instanceof Blob) {
    init.body = body;
    headers = { ...headers, "Content-Type": "application/octet-stream" };
  } else if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers = { ...headers, "Content-Type": "application/json" };
  }
  const answer = await fetch(`/api/${path}`, { ...init, headers });
  if (answer.ok) return answer;
  const text = await answer.text();
  let said: Said = { error: text };
  try {
    said = JSON.parse(text) as Said;
  } catch {
    // The door answers in plain text.
  }
  refused(answer.status, said);
  throw new Refused(answer.status, said.error, said.wait_ms);
}
