// Making and keeping elements, for the pages of the server. Whatever is put in as a text stays text.

export const $ = (id) => document.getElementById(id);

// An element. Children are elements or texts.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// A button that does something.
export function button(words, kind, work) {
  const element = make("button", { type: "button", class: kind }, ...[words].flat());
  element.addEventListener("click", () => work(element));
  return element;
}

// Makes the children of `list` those of `items`, in order. What stays keeps its element, so that a focus, or what
// somebody typed, is not lost in it; where the focused one goes, `heading` gets the focus.
export function keep(list, items, keyOf, draw, heading) {
  const there = new Map([...list.children].map((element) => [element.dataset.key, element]));
  const focused = list.contains(document.activeElement);
  const kept = new Set(items.map((item) => String(keyOf(item))));
  for (const [key, element] of there) if (!kept.has(key)) element.remove(); // first, so that the others stay in place
  items.forEach((item, place) => {
    const key = keyOf(item);
    const element = draw(item, there.get(key));
    element.dataset.key = key;
    const before = there.get(key);
    if (before && before !== element) replace(before, element);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
  if (focused && !list.contains(document.activeElement)) heading.focus();
}

// Puts an element in the place of another. The focus goes to the control that is what the focused one was.
function replace(before, element) {
  const controls = (within) => [...within.querySelectorAll("button, input, select, textarea, a[href], [tabindex]")];
  const named = (control) =>
    control && `${control.tagName} ${control.getAttribute("aria-label") ?? control.textContent}`;
  const focused = named(controls(before).find((each) => each === document.activeElement));
  before.replaceWith(element);
  if (focused)
    controls(element)
      .find((each) => named(each) === focused)
      ?.focus();
}

// Shows words in a notice; null hides it.
export function notify(place, words) {
  place.textContent = words ?? "";
  place.hidden = words === null;
}

// Says at a field what is wrong with it, or, with null, that nothing is. `field`: an element within a
// .field, or an .item of one.
export function complain(field, words) {
  const place = field.closest(".item, .field");
  place.querySelector(".wrong")?.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-errormessage");
  if (words === null) return;
  const id = uniqueId("wrong");
  place.append(make("p", { class: "wrong", id, role: "alert" }, words));
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", id);
}

// Whether every field has something in it: [[field, words], ...]. The first that is empty gets the words and the focus.
export function allFilled(fields) {
  for (const [field] of fields) complain(field, null);
  const [field, words] = fields.find(([each]) => each.value.trim() === "") ?? [];
  if (field === undefined) return true;
  complain(field, words);
  field.focus();
  return false;
}

// An id that no other element of the page has.
export const uniqueId = (() => {
  let count = 0;
  return (name) => {
    count += 1;
    return `${name}-${count}`;
  };
})();

// A labelled control within a .field.
export function field(label, control, hint) {
  control.id ||= uniqueId("field");
  const described = hint ? `${control.id}-hint` : null;
  if (described) control.setAttribute("aria-describedby", described);
  return make(
    "div",
    { class: "field" },
    make("label", { for: control.id }, label),
    control,
    ...(hint ? [make("p", { class: "hint", id: described }, hint)] : []),
  );
}

// Does something once at a time. The button keeps the focus meanwhile, which a disabled one would lose.
export async function busy(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
