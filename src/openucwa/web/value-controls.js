// Controls for the values of programmer-defined properties, one for each type. What nobody touched is given back exactly
// as it was read: a date to the millisecond, a number to the last digit.

import { button, make } from "./elements.js";
import { PagedList } from "./paged-list.js";
import { t } from "./texts.js";
import { asDate, ExactNumber, localText, toWire, typeOf, valueText } from "./values.js";

export const TYPES = {
  text: t`Text`,
  integer: t`Integer`,
  number: t`Number`,
  boolean: t`Yes or no`,
  date: t`Date`,
  list: t`List`,
};
const ITEMS = {
  text: t`of: text`,
  integer: t`of: integer`,
  number: t`of: number`,
  boolean: t`of: yes or no`,
  date: t`of: date`,
};
const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

// Whether this browser gives numbers back as they were written.
export const EXACT = typeof JSON.rawJSON === "function";

// What was typed is not a value of the type. `field`: the control that it was typed into.
export class Wrong extends Error {
  constructor(words, field) {
    super(words);
    this.field = field;
  }
}

// A control for a value: {element, read(), changed}; read throws Wrong; `changed`: whether something else stands there now. `value`: undefined where there is none yet; one of
// another type is turned into this one as far as it goes. `label`: what it is, for those who don't see it.
export function valueControl(type, value, label) {
  if (type === "list") return listControl(value, label);
  const fits = value !== undefined && (typeOf(value) === type || (type === "number" && typeOf(value) === "integer"));
  const field = CONTROLS[type](fits ? value : type === "text" && value !== undefined ? valueText(value) : undefined);
  field.setAttribute("aria-label", label);
  const untouched = field.value;
  return {
    element: field,
    read: () => (fits && field.value === untouched ? value : READERS[type](field)),
    get changed() {
      return field.value !== untouched;
    },
  };
}

const CONTROLS = {
  text(value) {
    const field = make("textarea", { rows: 1 });
    field.value = value ?? "";
    return field;
  },
  integer: (value) =>
    make("input", { inputmode: "numeric", autocomplete: "off", value: value === undefined ? "" : String(value) }),
  number: (value) =>
    make("input", { inputmode: "decimal", autocomplete: "off", value: value === undefined ? "" : String(value) }),
  boolean(value) {
    const field = make(
      "select",
      {},
      make("option", { value: "true" }, "true"),
      make("option", { value: "false" }, "false"),
    );
    field.value = String(value ?? true);
    return field;
  },
  date: (value) =>
    make("input", { type: "datetime-local", step: 1, value: value === undefined ? "" : localText(asDate(value)) }),
};

const READERS = {
  text: (field) => field.value,
  integer(field) {
    const text = field.value.trim();
    if (!INTEGER.test(text)) throw new Wrong(t`Enter a whole number, in digits.`, field);
    return exactly(text, field);
  },
  number(field) {
    const text = field.value.trim();
    if (!NUMBER.test(text)) throw new Wrong(t`Enter a number such as 2.5.`, field);
    // Without a point it would be an integer.
    return exactly(INTEGER.test(text) ? `${text}.0` : text, field);
  },
  boolean: (field) => field.value === "true",
  date(field) {
    const date = new Date(field.value);
    if (Number.isNaN(date.getTime())) throw new Wrong(t`Enter a date and a time.`, field);
    return toWire(date);
  },
};

function exactly(text, field) {
  if (String(Number(text)) === text) return Number(text);
  if (!EXACT) throw new Wrong(t`This browser can't send such a number exactly.`, field);
  return new ExactNumber(text);
}

// The items of a list, all of one type. An item has a control once it was shown; without one it is what it was.
function listControl(value, label) {
  const given = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const kinds = new Set(given.map(typeOf));
  // Integers and numbers may stand beside each other; then the list is one of numbers.
  const first = kinds.has("number") ? "number" : (typeOf(given[0] ?? "") ?? "text");
  const kind = make("select", { "aria-label": t`${label}, type of its items`, class: "item-type" });
  for (const [type, words] of Object.entries(ITEMS)) kind.append(make("option", { value: type }, words));
  kind.value = first;
  let items = given.map((item) => ({ given: item, control: null }));
  let edited = !Array.isArray(value) && value !== undefined;
  const list = new PagedList(make("div", { class: "items" }), label, line);

  function controlOf(item) {
    if (item.control === null) {
      item.control = valueControl(kind.value, item.given, label);
      const { element } = item.control;
      if (item.typed !== undefined && element.tagName !== "SELECT") element.value = item.typed;
    }
    return item.control;
  }

  function line(place) {
    const item = items[place];
    const { element: control } = controlOf(item);
    control.setAttribute("aria-label", t`${label}, item ${place + 1}`);
    const remove = button("×", "quiet remove", () => {
      edited = true;
      items.splice(place, 1);
      list.count = items.length;
      (items.length ? items[Math.min(place, items.length - 1)].control.element : more).focus();
    });
    remove.setAttribute("aria-label", t`Remove item ${place + 1} of ${label}`);
    return make("div", { class: "item" }, control, remove);
  }

  const more = button(t`Add item`, "quiet compact", () => {
    edited = true;
    items.push({ given: undefined, control: null });
    list.count = items.length;
    list.show(items.length - 1);
    items.at(-1).control.element.focus();
  });
  more.setAttribute("aria-label", t`Add item to ${label}`);
  list.count = items.length;
  kind.addEventListener("change", () => {
    edited = true;
    items = items.map(({ given: item, typed, control }) => ({
      given: undefined,
      typed: control?.element.value ?? typed ?? valueText(item ?? ""),
      control: null,
    }));
    list.count = items.length;
  });

  // What was neither typed nor made another type is given back as it was read.
  function read(item, place) {
    if (kind.value === first && item.given !== undefined && !item.control?.changed) return item.given;
    try {
      return controlOf(item).read();
    } catch (error) {
      list.show(place);
      throw error;
    }
  }

  return {
    element: make("div", { class: "list-value" }, kind, list.element, more),
    read: () => items.map(read),
    get changed() {
      return edited || items.some(({ control }) => control?.changed);
    },
  };
}
