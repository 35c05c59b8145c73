// Choosing the row that a ref names: type a part of its name, choose from what is found.

import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api";
import { isRef, label, mayName, refValue, titleOf, type Field, type Schema, type Table } from "./schema";
import { useStore } from "./store";
import { isEmpty, say } from "./values";
import { language, w } from "./words";

const ASK_AFTER_MS = 150;
const OFFERED = 8;

interface Offer {
  value: string;
  title: string;
  detail: string;
}

/** What tells rows with the same title apart. */
async function search(field: Field, table: Table, text: string): Promise<Offer[]> {
  const query = { search: text, limit: OFFERED, order: text && table.title ? table.title : "-id" };
  const list = await api.list(table.name, query);
  const columns = (table.form?.columns ?? []).flatMap(
    (name) => table.fields.find((f) => f.name === name && f.name !== table.title) ?? [],
  );
  return list.rows.map((row) => ({
    value: refValue(field, table.name, row.id),
    title: titleOf(table, row, list.titles, language()),
    detail: columns
      .filter((column) => !isRef(column))
      .map((column) => say(column, row[column.name], list.titles))
      .filter((part) => part)
      .slice(0, 3)
      .join(" · "),
  }));
}

/** In the order in which the schema names them: the likeliest first. */
function namedTables(schema: Schema, field: Field): Table[] {
  if (field.refs) return field.refs.flatMap((name) => schema.table(name) ?? []);
  return schema.tables.filter((table) => mayName(field, table.name));
}

export function Pick(props: {
  id: string;
  field: Field;
  chosen: (value: string, title: string) => void;
  described?: string | undefined;
}) {
  const { schema } = useStore();
  const tables = namedTables(schema!, props.field);
  const [table, setTable] = useState(tables[0]);
  const [text, setText] = useState("");
  const [offers, setOffers] = useState<Offer[]>([]);
  const [active, setActive] = useState(-1);
  const [open, setOpen] = useState(false);
  const turn = useRef(0);

  useEffect(() => {
    if (!open || !table) return;
    const mine = ++turn.current;
    const timer = setTimeout(() => {
      search(props.field, table, text.trim()).then(
        (found) => mine === turn.current && (setOffers(found), setActive(-1)),
        () => mine === turn.current && setOffers([]),
      );
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, table, open]);

  const choose = (offer: Offer) => {
    props.chosen(offer.value, offer.title);
    setText("");
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((offers.length + active + (active < 0 && step < 0 ? 0 : step)) % (offers.length || 1));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      const offer = offers[active] ?? (offers.length === 1 ? offers[0] : undefined);
      if (offer) choose(offer);
    } else if (event.key === "Escape") {
      setOpen(false);
    }
  };
  const listId = `${props.id}-offers`;
  return (
    <div class="pick">
      {tables.length > 1 && (
        <div class="choices small" role="radiogroup" aria-label={w("chooseOf", label(props.field, language()))}>
          {tables.map((one) => (
            <label key={one.name}>
              <input
                type="radio"
                name={`${props.id}-table`}
                checked={one === table}
                onChange={() => setTable(one)}
              />
              <span>{label(one, language())}</span>
            </label>
          ))}
        </div>
      )}
      <input
        id={props.id}
        type="text"
        role="combobox"
        autocomplete="off"
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
        aria-describedby={props.described}
        placeholder={w("searchHint")}
        value={text}
        onFocus={() => setOpen(true)}
        onInput={(event) => (setText(event.currentTarget.value), setOpen(true))}
        onKeyDown={onKeyDown}
        onBlur={() => setTimeout(() => setOpen(false), 200)}
      />
      <ul id={listId} role="listbox" class="offers" hidden={!open} aria-label={w("choose")}>
        {offers.map((offer, place) => (
          <li
            key={offer.value}
            id={`${listId}-${place}`}
            role="option"
            aria-selected={place === active}
            class={place === active ? "active" : ""}
            onMouseDown={(event) => (event.preventDefault(), choose(offer))}
          >
            <strong>{offer.title}</strong> <span class="quiet">{offer.detail}</span>
          </li>
        ))}
        {offers.length === 0 && !isEmpty(text) && (
          <li class="quiet" role="option" aria-selected={false} aria-disabled={true}>
            {w("nothingFound")}
          </li>
        )}
      </ul>
    </div>
  );
}
