"""Texts for people in German, by their English text. What the pages say, too, is the same there."""

TEXTS = {
    "Join the meeting:": "An der Besprechung teilnehmen:",
    "Online meeting": "Online-Besprechung",
}
