// How others see the user, in the console: status, note and photo.

import { followSilence, isSilent, setSilent } from "./bell.js";
import { $, busy, button, notify } from "./elements.js";
import { drawFace, makeFace } from "./face.js";
import { CHOICES, choiceOf, presenceKind, presenceWords } from "./presence-words.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

const ME = "#me";
const PICTURE = 648; // px, the largest that the server keeps
const QUALITY = 0.9; // of a JPEG

export class MeSection {
  list = null;
  #own;
  #account;
  #notices;
  #face = makeFace(96);
  #small = makeFace(28);
  #picture = null; // a Blob that is chosen and not saved

  // `own`: OwnPresence; `account`: an AccountCard.
  constructor(own, account, notices) {
    this.#own = own;
    this.#account = account;
    $("me").append(account.element);
    this.#notices = notices;
    $("me-face").replaceChildren(this.#face);
    $("who-face").replaceChildren(this.#small);
    const choices = CHOICES.map(([availability, words]) => {
      const choice = button(["", words], "compact", (it) => this.#do(it, () => own.set(availability), `${words}.`));
      choice.value = availability;
      choice.prepend(dotOf({ availability }));
      return choice;
    });
    $("me-choices").replaceChildren(...choices);
    $("me-reset").onclick = () =>
      this.#do($("me-reset"), () => own.set(undefined), t`Your status follows your activity.`);
    $("me-note-form").onsubmit = (event) => {
      event.preventDefault();
      this.#do($("me-note-save"), () => own.setNote($("me-note").value.trim()), t`The note is saved.`);
    };
    $("me-note-clear").onclick = () =>
      this.#do($("me-note-clear"), async () => {
        await own.setNote("");
        $("me-note").value = "";
      });
    $("photo-choose").onclick = () => $("photo-file").click();
    $("photo-file").onchange = () => this.#preview($("photo-file").files[0]);
    $("photo-save").onclick = () => this.#savePhoto();
    $("photo-cancel").onclick = () => this.#endPreview();
    $("photo-remove").onclick = () => this.#do($("photo-remove"), () => own.setPhoto(null), t`Your photo is removed.`);
    followSilence(() => {
      $("sounds").checked = !isSilent();
    });
    $("sounds").onchange = () => setSilent(!$("sounds").checked);
    this.draw();
  }

  owns(hash) {
    return hash === ME;
  }

  get editing() {
    return this.#picture !== null || $("me-note").value.trim() !== this.#own.note;
  }

  async show() {
    $("me").hidden = false;
    $("me-note").value = this.#own.note;
    notify($("me-error"), null);
    this.draw();
    this.#notices.title = t`Your status`;
    this.#account.show(this.#own.me?.uri ?? "");
    $("me-title").focus({ preventScroll: true });
    return true;
  }

  hide() {
    this.#endPreview();
    $("me").hidden = true;
  }

  draw() {
    const { me, presence, note, photo } = this.#own;
    const name = me?.name ?? withoutScheme(me?.uri ?? "");
    const picture = { name, photo: photo.href, version: photo.version, presence };
    if (!$("me").hidden) drawFace(this.#face, picture);
    drawFace(this.#small, picture);
    $("who").textContent = name;
    $("who-presence").textContent = presenceWords(presence);
    $("me-name").textContent = name;
    $("me-presence").textContent = presenceWords(presence);
    const chosen = choiceOf(presence);
    for (const choice of $("me-choices").children) {
      choice.setAttribute("aria-pressed", String(choice.value === chosen));
    }
    if ($("me").hidden) $("me-note").value = note;
  }

  async #do(control, work, done) {
    notify($("me-error"), null);
    await busy(control, async () => {
      try {
        await work();
        if (done) this.#notices.say(done);
      } catch (error) {
        notify($("me-error"), inWords(error));
      }
    });
  }

  // Shows the middle of a picture as it would be saved.
  async #preview(file) {
    $("photo-file").value = "";
    if (!file) return;
    notify($("me-error"), null);
    try {
      this.#picture = await squareOf(file, $("photo-preview"));
      $("photo-new").hidden = false;
      $("photo-save").focus();
    } catch {
      notify($("me-error"), t`This file is not a picture that this browser can show.`);
    }
  }

  #endPreview() {
    this.#picture = null;
    $("photo-new").hidden = true;
  }

  async #savePhoto() {
    await this.#do(
      $("photo-save"),
      async () => {
        await this.#own.setPhoto(this.#picture);
        this.#endPreview();
        $("photo-choose").focus();
      },
      t`Your photo is saved.`,
    );
  }
}

function dotOf(presence) {
  const dot = document.createElement("span");
  dot.className = `dot ${presenceKind(presence.availability === "Offwork" ? { availability: "Away" } : presence)}`;
  return dot;
}

// Draws the middle of a picture, and resolves with it as a file that the server takes.
async function squareOf(file, canvas) {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  canvas.width = canvas.height = Math.min(side, PICTURE);
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const type = file.type === "image/png" ? "image/png" : "image/jpeg";
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
  if (blob === null) throw new Error("no picture");
  return blob;
}
