"""What resources and events have in common: how things are shown, in the terms of the application that sees them."""
