// Small pieces that local pages and console share.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sentence } from "./http";
import { routeNow } from "./state";
import { common, speaker } from "./words";

const c = speaker(common);

/** A page's heading; it takes the focus, so that a screen reader says where one is. */
export function Heading(props: { children: ComponentChildren; actions?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [routeNow().split("?")[0]]);
  return (
    <div class="heading">
      <h1 ref={heading} tabIndex={-1}>
        {props.children}
      </h1>
      {props.actions && <div class="actions">{props.actions}</div>}
    </div>
  );
}

/** Until there is an answer, or in place of it. */
export function Loading(props: { failure: unknown }) {
  if (!props.failure) return <p class="quiet">{c("loading")}</p>;
  return (
    <p class="failure" role="alert">
      {c("failed", sentence(props.failure))}
    </p>
  );
}
