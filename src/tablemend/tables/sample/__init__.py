"""Tables with known faults, made of no outside data: to try things on, and to measure them by."""
