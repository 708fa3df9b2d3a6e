"""The databases of the user: addresses, bounded pools, what they hold, and what their errors mean."""
